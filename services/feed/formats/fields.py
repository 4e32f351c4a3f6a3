"""Values that every format writes the same way, so that a story is the same item in RSS, Atom and JSON Feed."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from services.feed.story import Document, Story, Term
from shared.slices import PLACES, Slice
from shared.text import clean_xml
from shared.urls import slice_path

GENERATOR = "Masthead"
ABOUT_PATH = "/about/feeds"
MEDIA_TYPES = {"rss": "application/rss+xml", "atom": "application/atom+xml", "json": "application/feed+json"}

# A withdrawn story is marked in the terms of the trade: the IPTC's publishing status, as in ninjs and NewsML-G2.
STATUS_SCHEME = "http://cv.iptc.org/newscodes/pubstatusg2/"
WITHDRAWN = "canceled"

Value = TypeVar("Value")


@dataclass(frozen=True)
class Category:
    """`scheme` says which vocabulary `term` belongs to; `label` is what people read."""

    term: str
    scheme: str
    label: str


def instant(at: datetime) -> datetime:
    """`at` in UTC and whole seconds: RSS cannot say less than a second, and all formats are to agree."""
    return at.astimezone(UTC).replace(microsecond=0)


def changed_at(story: Story) -> datetime:
    """When the item last changed for a reader; a withdrawal is such a change."""
    return instant(story.withdrawn_at or story.updated_at)


def categories(document: Document, story: Story) -> list[Category]:
    """Section, then tags, each in a scheme that is the address of the publication's own terms; a withdrawal last."""
    section = [("section", story.section)] if story.section else []
    terms = [*section, *(("tag", tag) for tag in story.tags)]
    found = [Category(term.slug, f"{document.base_url}/{PLACES[kind]}/", term.label) for kind, term in terms]
    return [*found, Category(WITHDRAWN, STATUS_SCHEME, WITHDRAWN)] if story.withdrawn_at else found


def byline_url(document: Document, byline: Term) -> str:
    return document.base_url + slice_path(Slice("byline", byline.slug))


def alternates(document: Document, own_format: str) -> list[tuple[str, str]]:
    """Media type and address of the page and of the other formats of this feed; the page comes first."""
    others = [(MEDIA_TYPES[name], document.feed_urls[name]) for name in MEDIA_TYPES if name != own_format]
    return [("text/html", document.home_url), *others]


def relations(document: Document, format: str) -> list[tuple[str, str]]:
    """Relation and address of what a document leads to, beside itself and its other forms (docs/feeds.md)."""
    current = [("current", document.current_urls[format])] if document.current_urls else []
    hub = [("hub", document.hub_url)] if document.hub_url else []
    # A relation of our own is named by an address (RFC 8288, section 2.1.2).
    own = {"since": f"{document.base_url}{ABOUT_PATH}#since"}
    return [*hub, *current, *((own.get(name, name), urls[format]) for name, urls in document.links.items())]


def legal(value: Value) -> Value:
    """The same value, of strings, tuples and dataclasses, without what XML 1.0 and UTF-8 cannot carry."""
    return cast(Value, _legal(value))


def _legal(value: Any) -> Any:
    if isinstance(value, str):
        return clean_xml(value)
    if isinstance(value, tuple):
        return tuple(_legal(each) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _legal(getattr(value, each.name)) for each in fields(value)})
    return value
