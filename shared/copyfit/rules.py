"""How each network counts, and how much it takes. Preview and send use the same Rule.

Where a network's unit is not documented, UTF-16 code units stand for it: they are never fewer than its characters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

import regex

from shared.copyfit.links import find_links

_GRAPHEME = regex.compile(r"\X")
# Before Unicode 15.1 a virama did not join consonants into one grapheme (UAX 29, rule GB9c), and servers with older
# tables still count each of them.
_CONJUNCT = regex.compile(r"(?<=[\p{InSC=Virama}\p{InSC=Invisible_Stacker}][\p{M}\u200d]{0,8})\p{L}")
# One emoji is what networks have a picture for. What only looks like a sequence (a flag of no country's letters aside)
# counts piece by piece, else a thousand letters could hide in one picture.
_JOINED = "♀♂⚕⚖✈⚧❤☠⬛❄↔↕➡🌈🌫🌾🍳🍼🎄🎓🎤🎨🏫🏭👦👧👨👩💋💥💨💫💻💼🔥🔧🔬🗨🚀🚒🟩🟫🤝🦯🦰🦱🦲🦳🦺🦼🦽🧑🧒🩰🩹"
_PICTURE = r"(?:\p{EBase}\p{EMod}|\p{EPres}|\p{ExtPict}\ufe0f?)"
_EMOJI = regex.compile(
    rf"\p{{RI}}\p{{RI}}|[0-9#*]\ufe0f?\u20e3|🏴\U000e0067\U000e0062[\U000e0061-\U000e007a]{{3}}\U000e007f"
    rf"|{_PICTURE}(?:\u200d(?=[{_JOINED}]){_PICTURE}){{0,3}}"
)
# Configuration 3 of twitter-text. The copyright and registered signs lie among these letters but count as emoji.
_HEAVY_ON_X = regex.compile(r"[^\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")
_MENTION = regex.compile(r"(?<![=/\w])(@[a-z0-9_]+(?:[a-z0-9_.-]*[a-z0-9_])?)@[\w.-]*\w", regex.IGNORECASE)


class Unit(Enum):
    """What a network counts text in. The value is the word people read."""

    GRAPHEMES = "graphemes"
    X_WEIGHT = "weighted characters"
    UTF8_BYTES = "bytes"
    UTF16_UNITS = "UTF-16 code units"
    EMOJI_BYTES = "characters"
    """Code points, but the bytes of an emoji in UTF-8 (Threads)."""

    def measure(self, text: str) -> int:
        """The text in this unit, links not regarded."""
        match self:
            case Unit.GRAPHEMES:
                return len(_GRAPHEME.findall(text)) + len(_CONJUNCT.findall(text))
            case Unit.X_WEIGHT:
                rest, emoji = _EMOJI.subn("", text)
                return 2 * int(emoji) + len(rest) + len(_HEAVY_ON_X.findall(rest))
            case Unit.UTF8_BYTES:
                return len(text.encode("utf-8", "surrogatepass"))
            case Unit.UTF16_UNITS:
                return len(text.encode("utf-16-le", "surrogatepass")) // 2
            case Unit.EMOJI_BYTES:
                return len(text) + sum(len(each.encode()) - len(each) for each in _EMOJI.findall(text))


@dataclass(frozen=True)
class Bound:
    unit: Unit
    limit: int


@dataclass(frozen=True)
class Rule:
    """A post's text has to keep every bound. `link` is what a link weighs whatever its length, None where its letters
    count; `bare_links`: an address without a scheme is a link too; `short_mentions`: `@user@domain` counts as `@user`;
    `isolates`: direction marks (UAX 9) may be added; `joiners`: a hashtag goes on after a zero-width non-joiner;
    `escapes` count as what they are sent as."""

    bounds: tuple[Bound, ...]
    link: int | None = None
    bare_links: bool = False
    short_mentions: bool = False
    isolates: bool = True
    joiners: bool = False
    escapes: tuple[tuple[str, str], ...] = ()

    @property
    def limit(self) -> int:
        """Of the first bound: the figure people know the network for."""
        return self.bounds[0].limit

    def count(self, text: str) -> int:
        """The text in units of the first bound."""
        return self._measure(self.bounds[0].unit, text)

    def fits(self, text: str) -> bool:
        """True when the text keeps every bound."""
        return all(self._measure(bound.unit, text) <= bound.limit for bound in self.bounds)

    def beside(self, text: str) -> Rule:
        """What is left of the rule beside text that is sent with the post and counted with it: a content warning."""
        left = tuple(Bound(each.unit, each.limit - each.unit.measure(text)) for each in self.bounds)
        return replace(self, bounds=left)

    def _measure(self, unit: Unit, text: str) -> int:
        text = unicodedata.normalize("NFC", text.replace("\r\n", "\n")) if unit is Unit.X_WEIGHT else text
        if self.link is None:
            return unit.measure(self._as_counted(text))
        links = find_links(text, self.bare_links)
        return self.link * len(links) + sum(unit.measure(self._as_counted(each)) for each in _between(text, links))

    def _as_counted(self, text: str) -> str:
        if self.short_mentions and "@" in text:
            text = _MENTION.sub(r"\1", text)
        if not self.escapes:
            return text
        return text.translate({ord(letter): sent for letter, sent in self.escapes})


def _between(text: str, links: list[tuple[int, int]]) -> Iterator[str]:
    begun = 0
    for start, end in links:
        yield text[begun:start]
        begun = end
    yield text[begun:]


def mastodon(limit: int = 500, link: int = 23) -> Rule:
    """The figures are the server's own: /api/v2/instance, configuration.statuses."""
    return Rule((Bound(Unit.GRAPHEMES, limit),), link=link, short_mentions=True, joiners=True)


_MARKUP = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
_JSON = (("\\", r"\\"), ('"', r"\""), ("\n", r"\n"), ("\t", r"\t"))
_LITTLE_TEXT = (("#", r"{hashtag|\#|}"), *((each, f"\\{each}") for each in r"\|{}@[]()<>*_~"))

X = Rule((Bound(Unit.X_WEIGHT, 280),), link=23, bare_links=True, isolates=False, joiners=True)
BLUESKY = Rule((Bound(Unit.GRAPHEMES, 300), Bound(Unit.UTF8_BYTES, 3000)))
TELEGRAM = Rule((Bound(Unit.UTF16_UNITS, 4096),), joiners=True)  # after its markup is read, so tags are free
TELEGRAM_CAPTION = Rule((Bound(Unit.UTF16_UNITS, 1024),), joiners=True)
DISCORD = Rule((Bound(Unit.UTF16_UNITS, 2000),))
SLACK = Rule((Bound(Unit.UTF16_UNITS, 4000),), escapes=_MARKUP)
# An event has 65,536 bytes of JSON, and the text of a message stands twice in its edit.
MATRIX = Rule((Bound(Unit.UTF8_BYTES, 20_000),), escapes=_JSON)
FACEBOOK = Rule((Bound(Unit.UTF16_UNITS, 63_206),))
THREADS = Rule((Bound(Unit.EMOJI_BYTES, 500),))
LINKEDIN = Rule((Bound(Unit.UTF16_UNITS, 3000),), escapes=_LITTLE_TEXT)
