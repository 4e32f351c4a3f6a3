"""The feed of an outside poster: ready texts and nothing else, in RSS 2.0, Atom 1.0 and JSON Feed 1.1.

Field rules: docs/posters.md. Equal feeds give equal bytes, as with every other document.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml.etree import SubElement, _Element

from services.feed.formats.extension import XML_LANG, rfc822
from services.feed.formats.fields import GENERATOR, instant, legal
from services.feed.formats.jsonfeed import VERSION
from services.feed.formats.rss import text_for_html_readers


@dataclass(frozen=True)
class PosterItem:
    """`text` is ready to be posted, with its link and hashtags; `released_at` is when it came on top of the feed."""

    urn: str
    url: str
    text: str
    language: str
    released_at: datetime


@dataclass(frozen=True)
class PosterFeed:
    """`items` are newest first, and no two have the same second: a poller may go by their dates."""

    urn: str
    title: str
    home_url: str
    language: str
    changed_at: datetime
    items: tuple[PosterItem, ...]


class _ItemExtension(BaseEntryExtension):  # type: ignore[misc]  # feedgen has no types
    """The date of an RSS item, which feedgen would write by way of the process's locale; the language of an entry."""

    item: PosterItem

    def extend_rss(self, element: _Element) -> _Element:
        SubElement(element, "pubDate").text = rfc822(self.item.released_at)
        return element

    def extend_atom(self, entry: _Element) -> _Element:
        entry.set(XML_LANG, self.item.language)
        return entry


def rss(feed: PosterFeed) -> bytes:
    """A title is plain text, as RSS has it: pollers post it as it stands. A description is HTML where it has to be."""
    made, feed = _new_feed(feed)
    made.link(href=feed.home_url)
    made.title(text_for_html_readers(feed.title))
    made.description(text_for_html_readers(feed.title))
    for each in feed.items:
        item = _add(made, each)
        item.guid(each.urn, permalink=False)
        item.title(each.text)
        item.description(text_for_html_readers(each.text), isSummary=True)
    return bytes(made.rss_str())


def atom(feed: PosterFeed) -> bytes:
    made, feed = _new_feed(feed)
    made.id(feed.urn)
    made.title(feed.title)
    made.updated(instant(feed.changed_at))
    made.author(name=feed.title)
    for each in feed.items:
        entry = _add(made, each)
        entry.id(each.urn)
        entry.title(each.text)
        entry.summary(each.text)
        entry.updated(instant(each.released_at))
        entry.published(instant(each.released_at))
    return bytes(made.atom_str())


def json_feed(feed: PosterFeed) -> bytes:
    feed = legal(feed)
    items = [
        {
            "id": each.urn,
            "url": each.url,
            "title": each.text,
            "content_text": each.text,
            "date_published": instant(each.released_at).isoformat(),
            "language": each.language,
        }
        for each in feed.items
    ]
    head = {"version": VERSION, "title": feed.title, "home_page_url": feed.home_url, "language": feed.language}
    return json.dumps({**head, "items": items}, ensure_ascii=False, separators=(",", ":")).encode()


def _new_feed(feed: PosterFeed) -> tuple[FeedGenerator, PosterFeed]:
    """A feedgen feed with what RSS and Atom have in common, and the feed without what XML cannot carry."""
    feed = legal(feed)
    made = FeedGenerator()
    made._FeedGenerator__rss_lastBuildDate = None  # it would be now
    made.register_extension("posters", BaseExtension, _ItemExtension)
    made.generator(GENERATOR)
    made.language(feed.language)
    return made, feed


def _add(made: FeedGenerator, item: PosterItem) -> FeedEntry:
    entry = made.add_entry(order="append")
    entry.link(href=item.url)
    entry.posters.item = item
    return entry


RENDER: dict[str, Callable[[PosterFeed], bytes]] = {"rss": rss, "atom": atom, "json": json_feed}
