"""Prose made shorter: at a word, never inside a grapheme, a link or an HTML entity."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cache

import budoux
import regex

from shared.copyfit.links import find_links
from shared.text import ELLIPSIS, LOOSE_ENDS, drop_unpaired_isolates

_GRAPHEME = regex.compile(r"\X")
_WHOLE = regex.compile(r"https?://\S+|&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", regex.IGNORECASE)
_SPACE = regex.compile(r"[\s\u200b]+")
_BREAK = "\u200b"
# A model knows the words of these; of the others, written without spaces too, any letter may be the last.
_MODELLED = regex.compile(
    r"(?P<th>\p{Thai}+)|(?P<east>[\p{Han}\p{Hiragana}\p{Katakana}\u3001-\u303f\u30fc\uff01-\uff60]+)"
)
_KANA = regex.compile(r"[\p{Hiragana}\p{Katakana}]")
_UNMODELLED = regex.compile(r"[\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]")
_TRADITIONAL = regex.compile(r"zh-(?:\w+-)*?(?:hant|tw|hk|mo)\b", regex.IGNORECASE)
_WINDOW = 200  # code points before the cut in which its word is looked for
_LONG_WORD = 40  # a longer one is cut inside, lest half of the text be lost
_STEPS = 20
_FIRST = 64  # letters tried first; looking from the beginning on costs as much as what fits, not as the whole text


def shorten(text: str, language: str, fits: Callable[[str], bool]) -> tuple[str, str]:
    """The longest beginning of the text, with an ellipsis, that `fits`, and the rest that was cut off.

    The whole text and "" when it fits as it is; "" and the whole text when not even a beginning does. Inside a word
    only where the word is very long. `fits` should say no to a text longer than one it said no to;
    where it does not, what is kept still fits, but may not be the longest.
    """
    if fits(text):
        return text, ""
    prose = _Prose(text)
    places = prose.places()
    begun, end = 0, _FIRST
    while end < len(places) and fits(prose.ended(places[end])):
        begun, end = end, end * 2
    most = bisect_right(places, False, begun, min(end, len(places)), key=lambda at: not fits(prose.ended(at))) - 1
    for step in range(_STEPS):
        if most < 0:
            break
        for place in (_word_end(text, places, most, language), places[most]):
            kept = prose.ended(place)
            if kept and fits(kept):
                return kept, text[place:].strip()
        most -= 1 << step
    return "", text


class _Prose:
    """Text with what stays whole in it: links and entities."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._inside: set[int] = set()
        for start, end in (*find_links(text, bare=True), *(match.span() for match in _WHOLE.finditer(text))):
            self._inside.update(range(start + 1, end))

    def places(self) -> list[int]:
        """Where the text may be cut at all, its two ends left out."""
        places = (match.start() for match in _GRAPHEME.finditer(self._text))
        return [place for place in places if place and place not in self._inside]

    def ended(self, place: int) -> str:
        """The text up to a place, with its ellipsis; empty where nothing stands before it."""
        end = place
        while end and _is_loose(self._text[end - 1]) and end - 1 not in self._inside:
            end -= 1
        kept = drop_unpaired_isolates(self._text[:end])
        return kept + ELLIPSIS if kept else ""


def _is_loose(letter: str) -> bool:
    return letter.isspace() or letter in LOOSE_ENDS or letter == _BREAK


def _word_end(text: str, places: list[int], most: int, language: str) -> int:
    """The last end of a word up to the place numbered `most`, or that place where too much would be lost."""
    place = places[most]
    if _SPACE.match(text, place):
        return place
    begun = places[max(most - _WINDOW, 0)] if most > _WINDOW else 0
    window = text[begun : place + _WINDOW // 4]
    ends = [begun + end for end in _word_ends(window, language) if begun + end <= place]
    allowed = [end for end in ends if places[bisect_right(places, end) - 1] == end]
    return allowed[-1] if allowed and place - allowed[-1] <= max(place // 2, _LONG_WORD) else place


def _word_ends(window: str, language: str) -> list[int]:
    """Ends of words in order; at its own beginning none."""
    ends = {match.start() for match in _SPACE.finditer(window)}
    ends.update(match.end() for match in _UNMODELLED.finditer(window))
    for match in _MODELLED.finditer(window):
        ends.update(_phrase_ends(match, language))
    return sorted(ends - {0})


def _phrase_ends(run: regex.Match[str], language: str) -> Iterator[int]:
    end = run.start()
    for phrase in _model("th" if run["th"] else _east_asian(run[0], language)).parse(run[0]):
        end += len(phrase)
        yield end


def _east_asian(run: str, language: str) -> str:
    if language.partition("-")[0] == "ja" or _KANA.search(run):
        return "ja"
    return "zh-hant" if _TRADITIONAL.match(language) else "zh-hans"


@cache
def _model(name: str) -> budoux.Parser:
    load = {
        "th": budoux.load_default_thai_parser,
        "ja": budoux.load_default_japanese_parser,
        "zh-hant": budoux.load_default_traditional_chinese_parser,
        "zh-hans": budoux.load_default_simplified_chinese_parser,
    }
    return load[name]()
