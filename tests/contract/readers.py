"""How two readers know an item again: the rules of Miniflux and FreshRSS, in small.

Miniflux v2: reader/rss/adapter.go, reader/atom/atom_10_adapter.go, storage/entry.go (updateEntry).
FreshRSS: app/Models/Feed.php, app/Models/Entry.php (hash), app/Controllers/feedController.php.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace

from lxml import etree

NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
}


@dataclass(frozen=True)
class Found:
    """An item as it stands in a feed."""

    guid: str
    link: str
    title: str
    date: str
    authors: tuple[str, ...]
    content: str
    tags: tuple[str, ...]


@dataclass
class Entry:
    """An item as a reader keeps it."""

    shown: Found
    published: str
    read: bool = False


def items(feed: bytes) -> list[Found]:
    root = etree.fromstring(feed)
    entries = root.findall("channel/item")
    return [_of_rss(each) for each in entries] or [_of_atom(each) for each in root.iterfind("{*}entry")]


@dataclass
class Miniflux:
    entries: dict[str, Entry] = field(default_factory=dict)

    def refresh(self, feed: bytes) -> None:
        seen: set[str] = set()
        for found in items(feed):
            name = found.guid or found.link or found.title + found.content
            identity = _sha256(name if name not in seen else name + found.link)
            seen.add(name)
            known = self.entries.get(identity)
            if known is None:
                self.entries[identity] = Entry(found, found.date)
            else:  # everything is overwritten but the date and whether it was read
                known.shown = found


@dataclass
class FreshRss:
    entries: dict[str, Entry] = field(default_factory=dict)
    degraded: bool = False  # for good, once more than 5 % of a feed's guids were empty or repeated

    def refresh(self, feed: bytes) -> None:
        found = items(feed)
        repeats = sum(count - 1 for count in Counter(each.guid for each in found if each.guid).values())
        invalid = repeats + sum(not each.guid for each in found)
        self.degraded |= invalid > 0.05 * len(found)
        for each in found:
            identity = _sha1(each.link + each.date) if self.degraded else each.guid
            known = self.entries.get(identity)
            if known is None:
                self.entries[identity] = Entry(each, each.date)
            elif _without_date(known.shown) != _without_date(each):
                known.shown = each


def _of_rss(item: etree._Element) -> Found:
    def text(*names: str) -> str:
        return next((value for name in names if (value := item.findtext(name, namespaces=NAMESPACES))), "")

    return Found(
        text("guid"),
        text("link"),
        text("dc:title", "title"),  # as Miniflux prefers them
        text("dc:date", "pubDate"),
        tuple(each.text or "" for each in item.findall("dc:creator", NAMESPACES)),
        text("content:encoded", "description"),
        tuple(each.text or "" for each in item.findall("category")),
    )


def _of_atom(entry: etree._Element) -> Found:
    def text(name: str) -> str:
        return entry.findtext(f"atom:{name}", "", NAMESPACES)

    link = entry.find("atom:link[@rel='alternate']", NAMESPACES)
    return Found(
        text("id"),
        "" if link is None else link.get("href", ""),
        text("title"),
        text("published"),
        tuple(each.text or "" for each in entry.findall("atom:author/atom:name", NAMESPACES)),
        text("content"),
        tuple(each.get("label", "") for each in entry.findall("atom:category", NAMESPACES)),
    )


def _without_date(found: Found) -> Found:
    return replace(found, date="")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
