"""Slices: the ways in which published articles are gathered. A slice is one feed, one page and one counter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

# kind of slice -> first part of its address; "all" is the publication itself, "day" is written /2018/04/20/.
PLACES = {
    "section": "sections",
    "tag": "tags",
    "publisher": "publishers",
    "byline": "bylines",
    "language": "languages",
}


@dataclass(frozen=True, order=True)
class Slice:
    """`str(slice)` is its key in tables and Redis: "all", "tag:budget", "day:2018-04-20"."""

    kind: str
    value: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}" if self.value else self.kind

    @classmethod
    def parse(cls, key: str) -> Slice:
        kind, _, value = key.partition(":")
        return cls(kind, value)

    @property
    def day(self) -> date:
        return date.fromisoformat(self.value)


ALL = Slice("all")


def day_slice(day: date) -> Slice:
    return Slice("day", day.isoformat())


def slices_of(
    *,
    day: date,
    language: str,
    publisher: str,
    section: str | None,
    tags: Iterable[str],
    bylines: Iterable[str],
) -> list[Slice]:
    """Every slice an article belongs to, by slugs, without repeats and in a stable order."""
    found = {ALL, day_slice(day), Slice("language", language), Slice("publisher", publisher)}
    if section:
        found.add(Slice("section", section))
    found.update(Slice("tag", tag) for tag in tags)
    found.update(Slice("byline", byline) for byline in bylines)
    return sorted(found)
