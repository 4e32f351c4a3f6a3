"""Draws a card: text in, PNG out, the same bytes for the same card. Pure but for the fonts, which are read once.

Typst sets the text: bidi order, shaping, line breaks of every script. What it looks like is in card.typ.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import regex
import typst

from services.social.cards.fonts import script_for, shelf, writable
from shared.cards import Card
from shared.errors import MastheadError
from shared.text import ELLIPSIS, cut, direction_of, script_of

TEMPLATE = Path(__file__).with_name("card.typ")
# Sizes of letters in pixels, the largest that has room is taken; the smallest can still be read in a timeline.
HEADLINE_SIZES = (92, 84, 76, 68, 60, 54, 48, 44)
LINE_SIZES = (38, 32, 28)
SMALL_SIZES = (28, 24)
# Graphemes that are kept of a text that has no room at the smallest size, the most that have it.
HEADLINE_CUTS = (320, 280, 240, 210, 180, 150, 120, 100, 80, 60, 40, 20)
LINE_CUTS = (80, 60, 50, 40, 30, 20, 10)

_GRAPHEME = regex.compile(r"\X")
_BREAK = "\u200b"
_NO_BREAK = "\u2060"
# Korean has spaces between words and is broken there.
_BETWEEN_SYLLABLES = regex.compile(r"(?<=\p{Hangul})(?=\p{Hangul})")
# A word so long that it may have to be broken anywhere. Scripts without spaces have their own rules for that.
_LONG_WORD = regex.compile(
    r"[^\s\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\u3001-\u303f\uff01-\uff60]{21,}"
)
_LANGUAGE = regex.compile(r"[a-z]{2,3}")
_REGION = regex.compile(r"-([a-z]{2})(?=-|$)", regex.IGNORECASE)


class DrawingFailed(MastheadError):
    """The typesetter gave up on a card; says why."""


def draw(card: Card) -> bytes:
    """The card as a PNG of 1200 × 630 pixels. Raises DrawingFailed."""
    shown = {
        "rtl": card.direction == "rtl",
        "headline": _words(card.headline, card.language, HEADLINE_SIZES, HEADLINE_CUTS, card.direction, serif=True),
        "section": _words(card.section, card.language, SMALL_SIZES, LINE_CUTS) if card.section else None,
        "publication": _words(card.publication, card.publication_language, LINE_SIZES, LINE_CUTS, serif=True),
        "date": _words(card.date, card.date_language, SMALL_SIZES, LINE_CUTS),
    }
    try:
        made = _typesetter().compile(format="png", ppi=72, sys_inputs={"card": json.dumps(shown)})
    except typst.TypstError as error:
        raise DrawingFailed(error.message) from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # how Rust's failures arrive: no Exception, and of no module
            raise DrawingFailed(str(error)) from error
        raise
    assert isinstance(made, bytes)
    return made


@cache
def _typesetter() -> typst.Compiler:
    return typst.Compiler(TEMPLATE, root=TEMPLATE.parent, font_paths=shelf().fonts)


def _words(
    text: str, language: str, sizes: Sequence[int], cuts: Sequence[int], direction: str = "", *, serif: bool = False
) -> dict[str, Any]:
    """A text as card.typ takes it."""
    script = script_for(language, serif=serif)
    # The ellipsis of a text that is cut later needs a font as well.
    text, fonts = writable(f"{ELLIPSIS} {cut(text, max(cuts))}", script.families)
    text = text.removeprefix(ELLIPSIS).lstrip()
    base = language.split("-")[0].lower()
    region = _REGION.search(language)
    return {
        "tries": list(_tries(text, sizes, cuts)),
        "fonts": fonts,
        "line": script.line,
        "lang": base if _LANGUAGE.fullmatch(base) else "en",
        "region": region[1].upper() if region else "TW" if script_of(language) == "Hant" else None,
        "rtl": (direction or direction_of(language)) == "rtl",
    }


def _tries(text: str, sizes: Sequence[int], cuts: Sequence[int]) -> Iterator[tuple[str, int]]:
    """Text and size, the best first: whole in every size, then with long words broken, then cut shorter and shorter."""
    yield from product([_BETWEEN_SYLLABLES.sub(_NO_BREAK, text)], sizes)
    for shorter in dict.fromkeys([text, *(cut(text, most) for most in cuts)]):
        yield _LONG_WORD.sub(_broken, shorter), sizes[-1]


def _broken(word: regex.Match[str]) -> str:
    return _BREAK.join(_GRAPHEME.findall(word[0]))
