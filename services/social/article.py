"""An article as social sees it: what a post can be made of, apart from the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Image:
    """`alt` is what a reader who cannot see it is told; empty when the publisher wrote none."""

    url: str
    alt: str = ""
    credit: str = ""


@dataclass(frozen=True)
class Article:
    """Plain text, absolute addresses. `language` is a BCP 47 tag, `direction` is `ltr` or `rtl`, `published_at` is in
    the publication's zone: its date is the article's day. `card` is the address of the picture that is drawn for an
    article without an image."""

    id: str
    url: str
    headline: str
    summary: str
    language: str
    direction: str
    section: str
    tags: tuple[str, ...]
    bylines: tuple[str, ...]
    dateline: str
    published_at: datetime
    image: Image | None = None
    card: str = ""
