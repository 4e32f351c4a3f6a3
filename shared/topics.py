"""Topics: the feeds one can subscribe to, each known by one canonical address.

A topic is a slice, or the articles that stand in several slices at once, in one format. Filters are the same wherever
articles can be chosen: in feeds (`/feeds?section=economy&language=ar`), in the live stream and in webhooks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qsl, unquote, urlencode

from shared.errors import Fault, Refused
from shared.slices import ALL, PLACES, Slice, day_slice
from shared.urls import FEEDS_PATH, FORMATS, feed_path

# The order of filters in a canonical address.
FILTERS = tuple(PLACES)
LONGEST_VALUE = 200

_KINDS = {place: kind for kind, place in PLACES.items()}
_FILES = {file: format for format, file in FORMATS.items()}
_DAY = re.compile(r"^/(\d{4})/(\d{2})/(\d{2})/([^/]+)$")
_SLICE = re.compile(r"^/([a-z]+)/([^/]+)/([^/]+)$")


@dataclass(frozen=True)
class Selection:
    """Articles that stand in every one of these slices; of all articles when there is none. In canonical order."""

    slices: tuple[Slice, ...] = ()

    @property
    def query(self) -> str:
        """`section=economy&language=ar`"""
        return urlencode([(each.kind, each.value) for each in self.slices])

    def holds(self, standing: Iterable[Slice]) -> bool:
        """Whether an article that stands in these slices is meant."""
        return set(self.slices) <= set(standing)


@dataclass(frozen=True)
class Topic:
    """A feed in one format; its path is its identity, and with the publication's address its `rel=self`."""

    selection: Selection
    format: str

    @property
    def slices(self) -> tuple[Slice, ...]:
        """What the feed's revision hangs on; never empty."""
        return self.selection.slices or (ALL,)

    @property
    def path(self) -> str:
        """`/feed.rss`, `/tags/budget/feed.atom`, `/feeds?section=economy&language=ar&format=json`."""
        if len(self.slices) == 1:
            return feed_path(self.slices[0], self.format)
        format = "" if self.format == "rss" else f"&format={self.format}"
        return f"{FEEDS_PATH}?{self.selection.query}{format}"


def select(filters: Iterable[tuple[str, str]]) -> Selection:
    """The selection of these filters, names and values as in a query. Raises Refused (400) for what is none."""
    found: dict[str, Slice] = {}
    for name, value in filters:
        if name not in FILTERS:
            raise _refused(name, "There is no such filter.", name, f"one of {', '.join(FILTERS)}")
        if name in found:
            raise _refused(name, "A filter may be given once.", value, "one value")
        if not value or len(value) > LONGEST_VALUE or "\0" in value:
            raise _refused(name, "This is no slug.", value[:LONGEST_VALUE], f"1 to {LONGEST_VALUE} characters")
        found[name] = Slice(name, value)
    return Selection(tuple(found[name] for name in FILTERS if name in found))


def topic_from(query: Iterable[tuple[str, str]]) -> Topic:
    """The topic of these filters and, among them, a format. Raises Refused (400) for what is none."""
    pairs = list(query)
    formats = [value for name, value in pairs if name == "format"] or ["rss"]
    if len(formats) > 1 or formats[0] not in FORMATS:
        raise _refused("format", "There is no such format.", " ".join(formats)[:LONGEST_VALUE], ", ".join(FORMATS))
    return Topic(select(each for each in pairs if each[0] != "format"), formats[0])


def topic_of(address: str) -> Topic | None:
    """The topic with this path and query; None for any other address, and for one that is not canonical."""
    try:
        topic = _topic(address)
    except Refused:
        return None
    return topic if topic is not None and topic.path == address else None


def _topic(address: str) -> Topic | None:
    path, _, query = address.partition("?")
    if path == FEEDS_PATH:
        return topic_from(parse_qsl(query, keep_blank_values=True))
    if path.removeprefix("/") in _FILES:
        return Topic(Selection(), _FILES[path.removeprefix("/")])
    if (found := _DAY.match(path)) and found[4] in _FILES:
        try:
            return Topic(Selection((day_slice(date(int(found[1]), int(found[2]), int(found[3]))),)), _FILES[found[4]])
        except ValueError:
            return None
    if (found := _SLICE.match(path)) and found[1] in _KINDS and found[3] in _FILES:
        return Topic(Selection((Slice(_KINDS[found[1]], unquote(found[2])),)), _FILES[found[3]])
    return None


def _refused(name: str, detail: str, found: str, accepted: str) -> Refused:
    fault = Fault("", detail, found=found, accepted=accepted, parameter=name)
    return Refused("The filters cannot be used.", faults=[fault])
