"""A publish costs the same in an archive of any size, a poll costs nothing, and a burst is rendered a few times."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import feedparser
import pytest
from sqlalchemy import Engine, Pool, Table, delete, event, insert

from services.feed import entries
from services.feed.cursors import Since
from services.feed.formats import FORMATS
from services.feed.story import Document
from shared.models import Article, Counter, Enrichment, Feed, FeedEntry, OutboxRow, Placement, Tally
from tests.factories import NOW
from tests.newsroom import work
from tests.paper import BASE, Paper
from tests.system import wait_for

# The smaller archive fills a feed and a page already.
FEW, MANY = range(1_000, 1_100), range(10_000, 18_000)
# In the same feeds as what the tests publish; the feeds hold all of them, as an archive's do.
SLICES = ("all", "day:2016-02-16", "language:en", "publisher:test-agency", "tag:harbour")


def fill(paper: Paper, seqs: range) -> None:
    """An archive of published articles with these numbers, two years old, and as many feeds of other tags."""
    article = {"publisher_id": 1, "version": 1, "fingerprint": "f", "submission": {}, "accepted_at": NOW}
    enrichment = {"version": 1, "published_at": NOW.replace(year=2016), "day": NOW.date(), "slug": "old", "html": ""}
    enrichment |= {"updated_at": NOW, "headline": "Old", "text": "", "summary": "", "language": "en", "notes": []}
    enrichment |= {"direction": "ltr", "bylines": [], "tags": [], "words": 1, "reading_minutes": 1, "keywords": []}
    rows: dict[Any, list[dict[str, Any]]] = {
        Article: [{**article, "seq": seq, "id": f"{seq:036}", "updated_at": NOW} for seq in seqs],
        Enrichment: [
            {**enrichment, "article_seq": seq, "key": f"{seq:010}", "content_hash": f"{seq}", "enriched_at": NOW}
            for seq in seqs
        ],
        FeedEntry: [
            {"slice": name, "article_seq": seq, "published_at": NOW.replace(year=2016)}
            for seq in seqs
            for name in SLICES
        ],
        Placement: [{"article_seq": seq, "version": 1, "placed_at": NOW} for seq in seqs],
        Tally: [{"article_seq": seq, "slices": list(SLICES), "counted_at": NOW} for seq in seqs],
        Counter: [{"slice": f"tag:{number}", "value": 1, "seq": 0} for number in seqs],
        Feed: [
            {"slice": f"tag:{number}", "label": "", "revision": 1, "changed_at": NOW, "second_shared": False, "seq": 0}
            for number in seqs
        ],
    }
    with paper.db.write() as session:
        for table, values in rows.items():
            assert isinstance(table.__table__, Table)
            session.execute(insert(table.__table__), values)
    paper.counters.rebuild()


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every SQL statement of the block, of all engines of this process."""
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def steps(paper: Paper, work: Callable[[Paper], None]) -> int:
    """How many hundreds of steps SQLite's machine takes for the work: what it reads and writes, not how fast."""
    taken = 0

    def step() -> int:
        nonlocal taken
        taken += 1
        return 0  # go on

    def watch(connection: Any, *_: object) -> None:
        connection.set_progress_handler(step, 100)

    event.listen(Pool, "checkout", watch)
    try:
        work(paper)
    finally:
        event.remove(Pool, "checkout", watch)
    paper.db.close()  # its connections count no longer
    return taken


def publish_edit_withdraw(paper: Paper) -> None:
    seq = paper.publish(tags=["harbour"], section="World", bylines=["Ada Price"])
    paper.newsroom.edit(seq, headline="Another headline", tags=["bridge"])
    paper.work()
    paper.newsroom.withdraw(seq)
    paper.work()


def read(paper: Paper) -> None:
    reader = paper.replica()
    paths = ["/feed.rss", "/tags/harbour/feed.json", "/", "/tags/harbour/", "/masthead.json", "/2018/04/20/"]
    paths += ["/sitemap.xml", "/2018/04/20/sitemap.xml", "/news-sitemap.xml", "/robots.txt"]
    for path in paths:
        assert reader.get(path).status_code == 200


def follow_links(paper: Paper) -> None:
    """Combined feeds, older pages, what has changed since, and the newest archive."""
    reader = paper.replica()
    reader.get("/feeds?tag=harbour&language=en&format=json")
    for path in ("/feed.json", "/tags/harbour/feed.json", "/feeds?tag=harbour&language=en&format=json"):
        feed = reader.get(path).json
        assert feed is not None
        page = reader.get(feed["next_url"].removeprefix(BASE)).json
        assert page is not None and len(page["items"]) >= 50
        assert reader.get(feed["_masthead"]["since"].removeprefix(BASE)).status_code == 200
    beginning = f"/feeds?tag=harbour&language=en&format=json&since={Since(0, 0)}"
    assert len(reader.get(beginning).json["items"]) == 100  # type: ignore[index]
    archive = reader.get("/2018/04/20/archive.rss").headers["Location"]
    assert reader.get(archive.removeprefix(BASE)).status_code == 200


def test_publishing_takes_the_same_statements_in_an_archive_of_any_size(paper: Paper) -> None:
    def count() -> int:
        with paper.db.write() as session:  # nobody is there to take what is for others: it would be offered anew
            session.execute(delete(OutboxRow).where(OutboxRow.listener.not_in(paper.handlers)))
        with statements() as seen:
            publish_edit_withdraw(paper)
        return len(seen)

    publish_edit_withdraw(paper)
    fill(paper, FEW)
    publish_edit_withdraw(paper)
    few = count()
    fill(paper, MANY)
    assert count() == few > 10


@pytest.mark.databases("sqlite")  # which counts its steps
@pytest.mark.parametrize("work", [publish_edit_withdraw, read, follow_links])
def test_the_database_does_no_more_work_in_a_large_archive(
    paper: Paper, work: Callable[[Paper], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "SCAN", len(FEW))  # so that the smaller archive is larger than that, too
    publish_edit_withdraw(paper)
    paper.publish(tags=["harbour"])
    fill(paper, FEW)
    few = steps(paper, work)
    fill(paper, MANY)
    assert 0 < steps(paper, work) < 2 * few


def test_one_poll_of_a_hot_feed_asks_neither_the_record_nor_redis(paper: Paper) -> None:
    paper.publish()
    reader = paper.replica()
    tag = reader.get("/feed.rss", accept_encoding="br").headers["ETag"]
    paper.redis.config_resetstat()
    with statements() as seen:
        for headers in ({}, {"if_none_match": tag}, {"accept_encoding": "br"}, {"accept_encoding": "gzip"}):
            assert reader.get("/feed.rss", **headers).status_code in (200, 304)
            assert reader.head("/feed.rss", **headers).status_code in (200, 304)
    assert seen == []
    asked = {
        name for name in paper.redis.info("commandstats") if not name.startswith(("cmdstat_config", "cmdstat_info"))
    }
    assert asked == set()


def test_looking_for_what_moved_costs_one_question_while_nothing_moves(paper: Paper) -> None:
    paper.publish()
    reader = paper.replica()
    with statements() as seen:
        for _ in range(5):
            reader.follower.look()
    assert len([each for each in seen if each.startswith("SELECT")]) == 5


def newest(document: str) -> int:
    """The number of the newest article in a feed, 0 when it is empty."""
    entries = feedparser.parse(document).entries
    return int(entries[0].title.removeprefix("Number ")) if entries else 0


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[Document]:
    """The documents that are rendered as RSS from here on."""
    seen: list[Document] = []
    honest = FORMATS["rss"].render

    def render(document: Document) -> bytes:
        seen.append(document)
        return honest(document)

    monkeypatch.setitem(FORMATS, "rss", replace(FORMATS["rss"], render=render))
    return seen


def test_readers_who_come_at_once_wait_for_one_rendering(paper: Paper, rendered: list[Document]) -> None:
    paper.publish()
    reader, together = paper.replica(), threading.Barrier(8)

    def ask(_: int) -> bytes:
        together.wait(10)
        return reader.get("/feed.rss").data

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert len(rendered) == 1


@pytest.mark.databases("sqlite")
def test_a_burst_is_rendered_a_few_times_and_readers_see_it_grow(paper: Paper, rendered: list[Document]) -> None:
    """500 articles while four readers poll."""
    reader = paper.replica(follows=True)
    done = threading.Event()

    def poll(_: int) -> list[tuple[str, datetime, int]]:
        """Every new state that one reader sees."""
        seen: list[tuple[str, datetime, int]] = []
        while not done.wait(0.01):
            answer = reader.get("/feed.rss", if_none_match=seen[-1][0] if seen else "")
            if answer.status_code != 304:
                assert answer.status_code == 200 and answer.last_modified is not None
                seen.append((answer.headers["ETag"], answer.last_modified, newest(answer.text)))
        return seen

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(poll, number) for number in range(4)]
        paper.newsroom.publish_many([{"headline": f"Number {number}"} for number in range(1, 501)])
        work(paper.db, paper.handlers)
        wait_for(lambda: newest(reader.get("/feed.rss").text) == 500, seconds=30)
        done.set()
        for each in readers:
            tags, times, numbers = zip(*each.result(), strict=True)
            assert len(set(tags)) == len(tags), "a revision came back"
            assert list(times) == sorted(times)
            assert list(numbers) == sorted(set(numbers))
    assert len(rendered) < 50
