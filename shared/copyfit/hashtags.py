"""Hashtags from tags, in every script."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import regex

from shared.text import fits

# What networks take in a hashtag alike: letters with their marks, decimal digits, the underscore.
_WORD = regex.compile(r"[\p{L}\p{Nd}][\p{L}\p{M}\p{Nd}_\u200c]*")
# Written inside a word without parting it: apostrophes, and in Hebrew the marks of abbreviations.
_INSIDE = regex.compile(r"(?<=\p{L}\p{M}*)['’ʼ׳״](?=\p{L})|(?<=\p{Hebrew})\"(?=\p{Hebrew})")
# Shape letters without being any. After a virama the non-joiner only chooses between two shapes of one syllable.
_SHAPING = regex.compile(r"(?<=\p{InSC=Virama})\u200c|[\p{Cf}--\u200c]|[\ufe00-\ufe0f]", regex.V1)
_CASED = regex.compile(r"\p{Cased}")
_LETTER = regex.compile(r"\p{L}")
_NON_JOINER = "\u200c"
_DOTTED_I = ("tr", "az")


@dataclass(frozen=True)
class Hashtags:
    """How many hashtags go with a post, and how many graphemes each may have."""

    most: int = 3
    longest: int = 64


USUAL = Hashtags()


def hashtag(tag: str, style: Hashtags = USUAL, language: str = "", joiners: bool = True) -> str:
    """The tag as one word without the #, or "" where none can be made: no letter in it, or too long.

    Words are joined LikeThis in scripts with capitals, like_this in others. Without `joiners` an underscore stands for
    the zero-width non-joiner of Persian, at which some networks end a hashtag.
    """
    plain = _SHAPING.sub("", _INSIDE.sub("", unicodedata.normalize("NFC", tag)))
    words = [each for each in (word.strip(f"_{_NON_JOINER}") for word in _WORD.findall(plain)) if each]
    if len(words) > 1 and all(_CASED.search(word) or word.isdecimal() for word in words):
        made = "".join(_capitalised(word, language) for word in words)
    else:
        made = "_".join(words)
    made = made if joiners else made.replace(_NON_JOINER, "_")
    return made if _LETTER.search(made) and fits(made, style.longest) else ""


def hashtags(tags: Iterable[str], style: Hashtags = USUAL, language: str = "", joiners: bool = True) -> tuple[str, ...]:
    """The first usable tags, each once whatever its case, in their order."""
    made = (hashtag(tag, style, language, joiners) for tag in tags)
    once = {word.casefold(): word for word in reversed([word for word in made if word])}
    return tuple(reversed(once.values()))[: style.most]


def _capitalised(word: str, language: str) -> str:
    if word.startswith("i") and language.partition("-")[0] in _DOTTED_I:
        return "İ" + word[1:]
    return word[0].title() + word[1:]
