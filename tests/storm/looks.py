"""Looks at an installation after the storm: over HTTP and the command line, as anybody could, and once inside."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from lxml import etree, html
from sqlalchemy import func, select, text

from shared.db import Database, db_now
from shared.models import Article, Counter, Event, OutboxRow, SocialPost
from shared.outbox import BACK_OFF
from shared.slices import Slice
from shared.urls import FORMATS, feed_path, slice_path
from tests.storm.moves import illegal_moves
from tests.system import Installation

ATOM = {"a": "http://www.w3.org/2005/Atom"}
DAY = re.compile(r"^/(\d{4})/(\d{2})/(\d{2})/")
OPEN = ("waiting", "offered", "claimed")


@dataclass(frozen=True)
class Item:
    """An item of a feed: its id without `urn:uuid:`, and its title."""

    id: str
    title: str


@dataclass
class Seen:
    """What there was to see."""

    feeds: dict[tuple[str, str], list[Item]] = field(default_factory=dict)  # (slice, format) -> items in order
    pages: dict[str, list[str]] = field(default_factory=dict)  # slice -> headlines on its page
    days: dict[str, str] = field(default_factory=dict)  # article id -> the day in its address
    receipts: dict[str, dict[str, Any]] = field(default_factory=dict)  # article id -> its receipt
    articles: dict[str, tuple[int, str]] = field(default_factory=dict)  # article id -> status and headline of its page
    masthead: dict[str, Any] = field(default_factory=dict)
    stats: dict[str, Any] = field(default_factory=dict)
    verify: dict[str, Any] = field(default_factory=dict)
    dead: list[dict[str, Any]] = field(default_factory=list)
    # Inside: what the record holds that nobody outside can see, yet others will act upon.
    events: dict[str, dict[tuple[str, int], int]] = field(
        default_factory=dict
    )  # article id -> (event, version) -> rows
    open_rows: list[str] = field(default_factory=list)
    illegal_moves: list[str] = field(default_factory=list)
    integrity: str = "ok"


def look(
    installation: Installation, keys: dict[str, str], ids: dict[str, str], slices: Iterable[str], pages: set[str]
) -> Seen:
    """`keys`: agency -> API key; `ids`: acknowledged article -> agency; `slices`: what to look at beside the days;
    `pages`: articles whose own pages to look at."""
    seen = Seen()
    # The masthead first: `masthead verify` brings the counters in Redis up to date before it compares.
    seen.masthead = requests.get(f"{installation.feed}/masthead.json", timeout=30).json()
    any_key = {"Authorization": f"Bearer {next(iter(keys.values()))}"}
    seen.stats = requests.get(f"{installation.api}/v1/stats?days=10&top=100", headers=any_key, timeout=30).json()
    seen.verify = json.loads(installation.masthead("verify", "--json", check=False).stdout)
    seen.dead = json.loads(installation.masthead("dead", "list", "--json", check=False).stdout)
    with ThreadPoolExecutor(4) as pool:
        _receipts(seen, pool, installation, keys, ids)
        _feeds(seen, pool, installation, sorted(slices))
        _articles(seen, pool, installation, pages)
    _inside(seen, installation)
    return seen


def _receipts(
    seen: Seen, pool: ThreadPoolExecutor, installation: Installation, keys: dict[str, str], ids: dict[str, str]
) -> None:
    def receipt(article_id: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {keys[ids[article_id]]}"}
        answer = requests.get(f"{installation.api}/v1/articles/{article_id}", headers=headers, timeout=30)
        return dict(answer.json()) if answer.ok else {"state": f"answered {answer.status_code}"}

    seen.receipts = dict(zip(ids, pool.map(receipt, ids), strict=True))
    seen.days = {article_id: _day(page) for article_id, page in _addresses(seen).items()}


def _addresses(seen: Seen) -> dict[str, str]:
    """The pages that the receipts name."""
    return {
        article_id: receipt["stages"]["published"]["page"]
        for article_id, receipt in seen.receipts.items()
        if "published" in receipt.get("stages", {})
    }


def _day(url: str) -> str:
    found = DAY.match(urlsplit(url).path)
    assert found, url
    return "day:" + "-".join(found.groups())


def _feeds(seen: Seen, pool: ThreadPoolExecutor, installation: Installation, slices: list[str]) -> None:
    def get(path: str) -> requests.Response:
        return requests.get(installation.feed + path, timeout=60)

    for item in get(feed_path(Slice("all"), "json")).json()["items"]:
        seen.days.setdefault(_bare(item["id"]), _day(item["url"]))
    wanted = [*slices, *sorted(set(seen.days.values()))]
    # Every feed in one format, those of the days and of the publication in all.
    documents = [(name, format) for place, name in enumerate(wanted) for format in _formats(name, place)]
    answers = pool.map(lambda which: get(feed_path(Slice.parse(which[0]), which[1])), documents)
    for (name, format), answer in zip(documents, answers, strict=True):
        seen.feeds[name, format] = _items(format, answer) if answer.ok else []
    for name, answer in zip(wanted, pool.map(lambda each: get(slice_path(Slice.parse(each))), wanted), strict=True):
        seen.pages[name] = _headlines(answer) if answer.ok else []


def _formats(name: str, place: int) -> list[str]:
    if name == "all" or name.startswith("day:"):
        return list(FORMATS)
    return [list(FORMATS)[place % len(FORMATS)]]


def _items(format: str, answer: requests.Response) -> list[Item]:
    if format == "json":
        return [Item(_bare(item["id"]), item["title"]) for item in answer.json()["items"]]
    root = etree.fromstring(answer.content)
    if format == "rss":
        return [Item(_bare(_text(item, "guid")), _text(item, "title")) for item in root.iterfind("channel/item")]
    return [Item(_bare(_text(item, "a:id")), _text(item, "a:title")) for item in root.iterfind("a:entry", ATOM)]


def _text(item: Any, name: str) -> str:
    return str(item.findtext(name, namespaces=ATOM))


def _bare(urn: str) -> str:
    return urn.removeprefix("urn:uuid:")


def _headlines(answer: requests.Response) -> list[str]:
    page = html.fromstring(answer.content)
    return [str(link.text_content()) for link in page.cssselect("article.story .headline a")]


def _articles(seen: Seen, pool: ThreadPoolExecutor, installation: Installation, wanted: set[str]) -> None:
    addresses = {article_id: url for article_id, url in _addresses(seen).items() if article_id in wanted}

    def page(url: str) -> tuple[int, str]:
        answer = requests.get(installation.feed + urlsplit(url).path, timeout=30, allow_redirects=False)
        title = html.fromstring(answer.content).findtext(".//h1")
        return answer.status_code, title or ""

    seen.articles = dict(zip(addresses, pool.map(page, addresses.values()), strict=True))


def _inside(seen: Seen, installation: Installation) -> None:
    db = Database(installation.settings.sql_url)
    with db.read() as session:
        rows = session.execute(
            select(Article.id, Event.name, Event.version, func.count())
            .outerjoin(Event, Event.article_seq == Article.seq)
            .group_by(Article.id, Event.name, Event.version)
        )
        for article_id, name, version, count in rows:
            seen.events.setdefault(article_id, {})[name, version] = count
        seen.open_rows = [*open_rows(session), *open_posts(session)]
        seen.illegal_moves = illegal_moves(session)
        if db.is_sqlite:
            seen.integrity = str(session.execute(text("PRAGMA integrity_check")).scalar())
    db.close()


def open_rows(session: Any) -> list[str]:
    """Work that is still to be done, but for what has its time, such as notices that leave the feeds in a week. What
    failed is tried again within a minute."""
    later = (OutboxRow.state == "waiting") & (OutboxRow.due_at > db_now() + BACK_OFF[-1])
    rows = session.execute(
        select(OutboxRow.id, OutboxRow.listener, OutboxRow.state, OutboxRow.attempt, OutboxRow.reason).where(
            OutboxRow.state.in_(OPEN), ~later
        )
    )
    return [f"row {row.id} {row.listener} {row.state}, attempt {row.attempt}: {row.reason}" for row in rows]


def open_posts(session: Any) -> list[str]:
    """Social posts for which something is to be done."""
    rows = session.execute(
        select(SocialPost.id, SocialPost.state, SocialPost.wanted, SocialPost.reason).where(
            SocialPost.due_at.is_not(None)
        )
    )
    return [f"post {row.id} {row.state}, wanted is {row.wanted}: {row.reason}" for row in rows]


def counted(session: Any) -> int:
    """How many articles the record says are published."""
    return int(session.scalar(select(Counter.value).where(Counter.slice == "all")) or 0)
