"""How long the article is: words, and minutes of silent reading."""

from __future__ import annotations

import re

from services.enrich.draft import Context, Draft

# Silent reading of non-fiction in English, mean of 190 studies (Brysbaert 2019); near enough for other alphabets.
WORDS_A_MINUTE = 238
# What reading services take for Chinese and Japanese.
CJK_CHARACTERS_A_MINUTE = 500
# The same 238 words at four letters each, vowel signs above and below not counted.
UNSPACED_LETTERS_A_MINUTE = 950

_CJK = re.compile(r"[\u3041-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
# Letters of Thai, Lao, Myanmar and Khmer, without the signs that sit on them.
_UNSPACED = re.compile(
    r"[\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e45\u0e81-\u0eb0\u0eb2\u0eb3\u0ec0-\u0ec4\u1000-\u102a\u1780-\u17b3]"
)
_WORD_CHARACTER = re.compile(r"\w")


def measure_length(draft: Draft, context: Context) -> Draft:
    """Counts words between spaces; in scripts without spaces each character (Chinese, Japanese) or letter (Thai,
    Lao, Khmer, Myanmar) counts as one. Reading takes at least one minute."""
    words, cjk, unspaced = count(draft.text)
    minutes = words / WORDS_A_MINUTE + cjk / CJK_CHARACTERS_A_MINUTE + unspaced / UNSPACED_LETTERS_A_MINUTE
    return draft.having(words=words + cjk + unspaced, reading_minutes=max(1, round(minutes)))


def count(text: str) -> tuple[int, int, int]:
    """Words between spaces, CJK characters, letters of other scripts without spaces."""
    rest, cjk = _CJK.subn(" ", text)
    rest, unspaced = _UNSPACED.subn(" ", rest)
    return sum(1 for word in rest.split() if _WORD_CHARACTER.search(word)), cjk, unspaced
