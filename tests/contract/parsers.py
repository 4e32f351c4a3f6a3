"""Items as programs in use find them in a feed: feedparser, reader, atoma and fastfeedparser."""

from __future__ import annotations

import calendar
import html
import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import atoma
import fastfeedparser
import feedparser

# Its own copy of feedparser asks for a module that Python no longer has.
os.environ["READER_NO_VENDORED_FEEDPARSER"] = "1"
from reader import Reader, make_reader


@dataclass(frozen=True)
class Item:
    """What a program knows of one item; None where its parser has no such field."""

    id: str
    link: str | None
    title: str
    summary: str | None
    body: str | None
    language: str | None
    authors: tuple[str, ...] | None
    published: datetime | None
    updated: datetime | None


# A reader shows an RSS title and description as HTML; in Atom and JSON Feed both say that they are text.
SHOWN: dict[str, Callable[[str], str]] = {"rss": html.unescape, "atom": str, "json": str}


def by_feedparser(format: str, feed: bytes) -> list[Item]:
    parsed = feedparser.parse(feed, sanitize_html=False, resolve_relative_uris=False)
    assert not parsed.bozo
    return [
        Item(
            entry.id,
            entry.link,
            SHOWN[format](entry.title),
            SHOWN[format](entry.get("summary", "")),
            entry.content[0].value if "content" in entry else entry.summary,
            entry.title_detail.language or entry.get("language") or parsed.feed.language,
            tuple(each.name for each in entry.get("authors", []) if each.get("name")),
            _moment(entry.published_parsed),
            _moment(entry.updated_parsed),
        )
        for entry in parsed.entries
    ]


def by_reader(format: str, url: str) -> list[Item]:
    """The whole of it: it fetches the feed, keeps it, and sanitises what it shows."""
    with closing(make_reader(":memory:")) as reader:
        reader.add_feed(url)
        reader.update_feed(url)
        return items_of(reader, format)


def items_of(reader: Reader, format: str) -> list[Item]:
    return [
        Item(
            each.id,
            each.link,
            SHOWN[format](each.title or ""),
            SHOWN[format](each.summary or ""),
            each.content[0].value if each.content else each.summary,
            each.content[0].language if each.content else None,
            tuple(author.name or "" for author in each.authors),
            each.published,
            each.updated,
        )
        for each in reader.get_entries()
    ]


def by_atoma(format: str, feed: bytes) -> list[Item]:
    match format:
        case "rss":
            return [_rss_item(each) for each in atoma.parse_rss_bytes(feed).items]
        case "atom":
            return [_atom_item(each) for each in atoma.parse_atom_bytes(feed).entries]
        case _:
            return [_json_item(each) for each in atoma.parse_json_feed_bytes(feed).items]


def by_fastfeedparser(format: str, feed: bytes) -> list[Item]:
    return [
        Item(
            each["id"],
            each["link"],
            SHOWN[format](each["title"]),
            SHOWN[format](each.get("description", "")),
            each["content"][0]["value"] if "content" in each else each["description"],
            each.get("language"),
            tuple(author["name"] for author in each.get("authors", [])),
            datetime.fromisoformat(each["published"]),
            datetime.fromisoformat(each["updated"]),
        )
        for each in fastfeedparser.parse(feed).entries
    ]


def _rss_item(item: Any) -> Item:
    title, summary = html.unescape(item.title), html.unescape(item.description)
    body = item.content_encoded or item.description
    return Item(item.guid, item.link, title, summary, body, None, None, item.pub_date, None)


def _atom_item(entry: Any) -> Item:
    return Item(
        entry.id_,
        next(link.href for link in entry.links if link.rel == "alternate"),
        entry.title.value,
        entry.summary.value if entry.summary else "",
        entry.content.value,
        None,
        tuple(author.name for author in entry.authors),
        entry.published,
        entry.updated,
    )


def _json_item(item: Any) -> Item:
    summary, body = item.summary or "", item.content_html
    return Item(item.id_, item.url, item.title, summary, body, None, None, item.date_published, item.date_modified)


def _moment(parsed: Any) -> datetime:
    return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
