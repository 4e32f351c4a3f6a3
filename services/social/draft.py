"""What is sent and what came of it: a draft, its pictures, and the posts made of its parts. JSON-serialisable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Media:
    """A picture, fetched from `url` when it is sent."""

    url: str
    alt: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Posted:
    """One post as the network knows it; JSON-serialisable.

    `url` is where people see it, empty when the network has no such address. `state` is what edits, deletions and
    replies need beside the id. `remarks` tell what went otherwise than planned, for the receipt. `pause`: seconds for
    which the network asks this account not to post.
    """

    id: str
    url: str = ""
    part: int = 0
    state: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    pause: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Posted:
        return cls(**{**value, "remarks": tuple(value["remarks"])})


@dataclass(frozen=True)
class Draft:
    """A post as it will be sent, in `texts` one or more parts; JSON-serialisable, stored before the first attempt.

    `key` is the idempotency key: another text needs another key. `at` is the instant of composing (RFC 3339, UTC).
    `link` is ASCII. `image` is the picture of the link's card; `media` are pictures of the post itself, which take the
    card's place. `reply_to` makes it an answer to a post of the same account. `extra` is the network's own.
    """

    network: str
    key: str
    at: str
    texts: tuple[str, ...]
    language: str
    link: str = ""
    title: str = ""
    description: str = ""
    image: Media | None = None
    media: tuple[Media, ...] = ()
    warning: str = ""
    reply_to: Posted | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def part_key(self, part: int) -> str:
        """The idempotency key of one part."""
        return self.key if part == 0 else f"{self.key}.{part}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Draft:
        known = {each.name for each in fields(cls)}
        values = {name: each for name, each in value.items() if name in known}
        return cls(
            **values
            | {
                "texts": tuple(value["texts"]),
                "image": Media(**value["image"]) if value["image"] else None,
                "media": tuple(Media(**each) for each in value["media"]),
                "reply_to": Posted.from_json(value["reply_to"]) if value["reply_to"] else None,
            }
        )
