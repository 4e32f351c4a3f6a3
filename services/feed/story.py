"""What feeds and pages are made of: plain values, already normalised and safe, without a trace of the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True)
class Term:
    """A tag, section or byline: its address part and the name people read."""

    slug: str
    label: str


@dataclass(frozen=True)
class Image:
    url: str
    alt: str = ""
    credit: str = ""


@dataclass(frozen=True)
class Source:
    """Where syndicated copy comes from (RSS 2.0 `source`, Atom `source`)."""

    name: str
    url: str = ""


@dataclass(frozen=True)
class Story:
    """One article as outputs show it.

    `html` is sanitised. A withdrawn story carries the notice in place of headline, summary, html and text, and
    nothing else of what was withdrawn (no image, bylines, tags, dateline or urgency).
    """

    id: str  # UUID
    urn: str  # id of the item in every output
    url: str  # absolute address of its page
    headline: str
    html: str
    text: str
    summary: str
    language: str
    direction: str  # ltr or rtl
    published_at: datetime  # first publication, never moves
    updated_at: datetime
    day: date
    publisher: Term
    bylines: tuple[Term, ...] = ()
    section: Term | None = None
    tags: tuple[Term, ...] = ()
    dateline: str = ""
    urgency: int | None = None  # 1 to 9 (shared.urgency)
    source: Source | None = None
    canonical_url: str = ""  # the original's address when the copy is syndicated
    image: Image | None = None
    card: str = ""  # name of the picture drawn for it (shared.cards); empty for one with a picture of its own
    words: int = 0
    reading_minutes: int = 0
    withdrawn_at: datetime | None = None
    withdrawal_reason: str = ""


@dataclass(frozen=True)
class Document:
    """One feed document at one revision: a feed as it is now, or a page or archive of it that `current` is not.

    Every format is a pure function of this.
    """

    title: str
    description: str
    language: str
    direction: str
    home_url: str  # absolute address of the page that shows the same
    feed_urls: dict[str, str]  # rss, atom, json -> absolute address of this document
    changed_at: datetime  # last visible change; the feed's `updated` and `lastBuildDate`
    publication_name: str
    base_url: str
    stories: tuple[Story, ...] = field(default=())
    hub_url: str = ""  # only of what can be subscribed to
    cloud_url: str = ""  # the same, for rssCloud
    # rss, atom, json -> absolute address of the feed itself, which is its identity; empty when this is it
    current_urls: dict[str, str] = field(default_factory=dict)
    # What a document leads to (next, prev-archive, next-archive, since): relation -> format -> absolute address
    links: dict[str, dict[str, str]] = field(default_factory=dict)
    is_archive: bool = False

    @property
    def identity(self) -> dict[str, str]:
        """The feed's own addresses, whichever of its documents this is."""
        return self.current_urls or self.feed_urls
