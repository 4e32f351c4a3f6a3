"""How each network counts, and how much it takes. Preview and send use the same Rule."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Unit(Enum):
    """What a network counts text in. The value is the word people read."""

    GRAPHEMES = "graphemes"
    X_WEIGHT = "weighted characters"
    UTF8_BYTES = "bytes"
    UTF16_UNITS = "UTF-16 code units"
    EMOJI_BYTES = "characters"
    """Code points, but the bytes of an emoji in UTF-8 (Threads)."""


@dataclass(frozen=True)
class Bound:
    unit: Unit
    limit: int


@dataclass(frozen=True)
class Rule:
    """A post's text has to keep every bound. `link` is what a link weighs whatever its length, None where its letters
    count; `bare_links`: an address without a scheme is a link too; `short_mentions`: `@user@domain` counts as `@user`;
    `isolates`: direction marks (UAX 9) may be added; `escapes` count as what they are sent as."""

    bounds: tuple[Bound, ...]
    link: int | None = None
    bare_links: bool = False
    short_mentions: bool = False
    isolates: bool = True
    escapes: tuple[tuple[str, str], ...] = ()

    @property
    def limit(self) -> int:
        """Of the first bound: the figure people know the network for."""
        raise NotImplementedError

    def count(self, text: str) -> int:
        """The text in units of the first bound."""
        raise NotImplementedError

    def fits(self, text: str) -> bool:
        """True when the text keeps every bound."""
        raise NotImplementedError

    def beside(self, text: str) -> Rule:
        """What is left of the rule beside text that is sent with the post and counted with it: a content warning."""
        raise NotImplementedError


def mastodon(limit: int = 500, link: int = 23) -> Rule:
    """The figures are the server's own: /api/v2/instance, configuration.statuses."""
    raise NotImplementedError


X = Rule((Bound(Unit.X_WEIGHT, 280),), link=23, bare_links=True, isolates=False)
BLUESKY = Rule((Bound(Unit.GRAPHEMES, 300), Bound(Unit.UTF8_BYTES, 3000)))
TELEGRAM = Rule((Bound(Unit.UTF16_UNITS, 4096),))
TELEGRAM_CAPTION = Rule((Bound(Unit.UTF16_UNITS, 1024),))
DISCORD = Rule((Bound(Unit.UTF16_UNITS, 2000),))
SLACK = Rule((Bound(Unit.UTF16_UNITS, 4000),))
MATRIX = Rule((Bound(Unit.UTF8_BYTES, 20_000),))
FACEBOOK = Rule((Bound(Unit.UTF16_UNITS, 63_206),))
THREADS = Rule((Bound(Unit.EMOJI_BYTES, 500),))
LINKEDIN = Rule((Bound(Unit.UTF16_UNITS, 3000),))
