"""Following what feeds lead to, as a subscriber does."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from lxml import etree

from tests.factories import NOW
from tests.paper import BASE, Paper, Replica

ATOM = "{http://www.w3.org/2005/Atom}"
SINCE = f"{BASE}/about/feeds#since"
KINDS = ("/feed.json", "/tags/harbour/feed.json", "/feeds?tag=harbour&language=en&format=json")


def ids(feed: dict[str, Any]) -> list[str]:
    return [item["id"] for item in feed["items"]]


def read(replica: Replica, url: str) -> dict[str, Any]:
    """A JSON Feed, also behind redirects."""
    answer = replica.get(url.removeprefix(BASE))
    while answer.status_code in (301, 302):
        answer = replica.get(answer.headers["Location"].removeprefix(BASE))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = json.loads(answer.data)
    return found


def all_pages(replica: Replica, url: str) -> list[dict[str, Any]]:
    """The document at the address and all that `next_url` leads to."""
    pages = [read(replica, url)]
    while "next_url" in pages[-1]:
        pages.append(read(replica, pages[-1]["next_url"]))
    return pages


def links(replica: Replica, path: str) -> dict[str, str]:
    """Relation -> address of the links in an RSS or Atom document's head, but alternates."""
    root = etree.fromstring(replica.get(path).data)
    head = root if root.tag == f"{ATOM}feed" else root[0]
    found = [(each.get("rel", ""), each.get("href", "")) for each in head.iterfind(f"{ATOM}link")]
    return {relation: href for relation, href in found if relation != "alternate"}


def fill(paper: Paper, count: int, *, every: timedelta, **fields: object) -> list[int]:
    """Articles at equal distances, the last of them now."""
    made = [
        {"headline": f"Number {number}", "published_at": NOW - every * (count - number), **fields}
        for number in range(1, count + 1)
    ]
    seqs = paper.newsroom.publish_many(made)
    paper.work()
    return seqs


def location(replica: Replica, path: str) -> str:
    return replica.get(path).headers["Location"].removeprefix(BASE)
