"""Counters equal the record whatever is repeated, lost, doubled, late or flushed; on both databases, a real Valkey."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from sqlalchemy import select

from services.count.tasks import CountTasks
from shared import counters as mirror
from shared.clock import Clock
from shared.counters import SEQ, Counters
from shared.db import Database
from shared.listeners import COUNT_ARTICLE, COUNT_WITHDRAWAL
from shared.models import Counter, OutboxRow
from shared.slices import ALL, Slice
from tests.factories import NOW
from tests.newsroom import Handlers, Newsroom, claim, work

CLOCK = Clock(NOW)
DAY = Slice("day", "2018-04-20")
KEY = "masthead:test:counters"
NOWHERE = "unix:///nowhere/valkey.sock"


@pytest.fixture
def client(valkey_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(valkey_url, retry=None) as connected:
        connected.flushall()
        yield connected


@pytest.fixture
def counters(client: redis.Redis, db: Database) -> Counters:
    return Counters(client, db, "test")


@pytest.fixture
def counting(db: Database, counters: Counters) -> Handlers:
    tasks = CountTasks(db, counters, CLOCK)
    return {COUNT_ARTICLE.name: tasks.recount, COUNT_WITHDRAWAL.name: tasks.recount}


@pytest.fixture
def newsroom(db: Database) -> Newsroom:
    return Newsroom(db)


def counts(counters: Counters, *names: str) -> list[int]:
    return counters.read([Slice.parse(name) for name in names])


def recorded(db: Database) -> dict[str, int]:
    with db.read() as session:
        return dict(session.execute(select(Counter.slice, Counter.value).where(Counter.value != 0)).all())


# Counting


def test_an_article_counts_once_in_each_of_its_slices(
    db: Database, newsroom: Newsroom, counters: Counters, counting: Handlers
) -> None:
    newsroom.publish(section="World", tags=["harbour", "storm"], bylines=["Ada Price"], language="zh-Hant")
    work(db, counting)
    expected = {
        "all": 1,
        "day:2018-04-20": 1,
        "section:world": 1,
        "tag:harbour": 1,
        "tag:storm": 1,
        "byline:ada-price": 1,
        "language:zh": 1,
        "publisher:test-agency": 1,
    }
    assert counters.mirrored() == expected == recorded(db)


def test_what_is_only_accepted_does_not_count(
    db: Database, newsroom: Newsroom, counters: Counters, counting: Handlers
) -> None:
    newsroom.accept()
    work(db, counting)
    assert counters.read([ALL]) == [0]


def test_the_same_message_again_counts_nothing(
    db: Database, newsroom: Newsroom, counters: Counters, counting: Handlers
) -> None:
    seq = newsroom.publish(tags=["harbour"])
    for _ in range(3):
        counting[COUNT_ARTICLE.name](claim(db, COUNT_ARTICLE.name, seq))
        assert counts(counters, "all", "tag:harbour") == [1, 1]


def test_a_withdrawal_steps_back_everywhere_and_only_once(
    db: Database, newsroom: Newsroom, counters: Counters, counting: Handlers
) -> None:
    stays = newsroom.publish(tags=["harbour"])
    seq = newsroom.publish(tags=["harbour"])
    work(db, counting)
    newsroom.withdraw(seq)
    for _ in range(3):
        counting[COUNT_WITHDRAWAL.name](claim(db, COUNT_WITHDRAWAL.name, seq))
        counting[COUNT_ARTICLE.name](claim(db, COUNT_ARTICLE.name, seq, stays))
        assert counts(counters, "all", "tag:harbour", str(DAY)) == [1, 1, 1]


def test_a_withdrawal_that_is_counted_before_the_publication_leaves_nothing(
    db: Database, newsroom: Newsroom, counters: Counters, counting: Handlers
) -> None:
    seq = newsroom.publish()
    newsroom.withdraw(seq)
    counting[COUNT_WITHDRAWAL.name](claim(db, COUNT_WITHDRAWAL.name, seq))
    counting[COUNT_ARTICLE.name](claim(db, COUNT_ARTICLE.name, seq))
    assert counters.mirrored() == {}


def test_an_edit_moves_the_article_between_section_tags_and_bylines(
    db: Database, newsroom: Newsroom, counters: Counters, counting: Handlers
) -> None:
    seq = newsroom.publish(section="World", tags=["harbour", "storm"], bylines=["Ada Price"])
    work(db, counting)
    newsroom.edit(seq, section="Economy", tags=["storm", "bridge"], bylines=["Ada Price", "Nora Hill"])
    work(db, counting)
    assert counts(counters, "section:world", "section:economy") == [0, 1]
    assert counts(counters, "tag:harbour", "tag:storm", "tag:bridge") == [0, 1, 1]
    assert counts(counters, "byline:ada-price", "byline:nora-hill") == [1, 1]
    assert counts(counters, "all", str(DAY)) == [1, 1]


def test_two_edits_counted_in_the_wrong_order_end_at_the_newer_one(
    db: Database, newsroom: Newsroom, counters: Counters, counting: Handlers
) -> None:
    seq = newsroom.publish(section="World")
    newsroom.edit(seq, section="Economy")
    newsroom.edit(seq, section="Sport")
    held = claim(db, COUNT_ARTICLE.name, seq)
    assert len(held.rows) == 3
    for row in reversed(held.rows):
        counting[COUNT_ARTICLE.name](type(held)(held.listener, held.token, (row,)))
        assert counts(counters, "section:world", "section:economy", "section:sport", "all") == [0, 0, 1, 1]


def test_many_workers_at_once_count_each_article_exactly_once(
    db: Database, newsroom: Newsroom, counters: Counters, counting: Handlers
) -> None:
    seqs = newsroom.publish_many([{"tags": ["harbour", f"tag {number % 7}"]} for number in range(140)])
    every_third_twice = [seqs[start : start + 10] for start in range(0, 140, 10)] + [seqs[::3], seqs[::5]]

    def count(batch: list[int]) -> None:
        work(db, counting)
        counting[COUNT_ARTICLE.name](claim(db, COUNT_ARTICLE.name, *batch))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(count, every_third_twice))
    work(db, counting)
    counters.sync()
    assert counts(counters, "all", "tag:harbour", *(f"tag:tag-{number}" for number in range(7))) == [
        140,
        140,
        *[20] * 7,
    ]
    assert counters.mirrored() == recorded(db)


# The copy in Redis


def test_a_lost_write_is_made_up_for_by_the_next_sync(
    db: Database, newsroom: Newsroom, counters: Counters, client: redis.Redis, counting: Handlers
) -> None:
    newsroom.publish(tags=["harbour"])
    work(db, counting)
    older = {KEY: client.dump(KEY)}
    newsroom.publish(tags=["storm"])
    work(db, counting)
    for name, value in older.items():
        client.restore(name, 0, value, replace=True)  # as if the second write had never arrived
    assert counts(counters, "all", "tag:storm") == [1, 0]
    counters.sync()
    assert counts(counters, "all", "tag:harbour", "tag:storm") == [2, 1, 1]


def test_after_a_flush_readers_are_answered_from_the_record_and_the_copy_comes_back_whole(
    db: Database, newsroom: Newsroom, counters: Counters, client: redis.Redis, counting: Handlers
) -> None:
    newsroom.publish(tags=["harbour"])
    work(db, counting)
    client.flushall()
    assert counters.mirrored() is None
    assert counts(counters, "all", "tag:harbour", "tag:never") == [1, 1, 0]
    newsroom.publish(tags=["storm"])
    work(db, counting)
    assert counters.mirrored() == recorded(db)
    assert counts(counters, "all", "tag:harbour", "tag:storm") == [2, 1, 1]


def test_a_flush_while_the_copy_is_being_made_leaves_no_half_of_it(
    db: Database,
    newsroom: Newsroom,
    counters: Counters,
    client: redis.Redis,
    counting: Handlers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    newsroom.publish(tags=[f"tag {number}" for number in range(20)])
    work(db, counting)
    client.flushall()
    monkeypatch.setattr(mirror, "PAGE", 5)
    copied: list[int] = []
    honest = counters._copy

    def flush_once(name: str, values: dict[Any, Any]) -> None:
        copied.append(len(values))
        if len(copied) == 3:
            client.flushall()
        honest(name, values)

    monkeypatch.setattr(counters, "_copy", flush_once)
    counters.rebuild()
    assert counters.mirrored() is None
    counters.sync()
    assert counters.mirrored() == recorded(db)


def test_a_rebuild_is_seen_whole_or_not_at_all(
    db: Database,
    newsroom: Newsroom,
    counters: Counters,
    client: redis.Redis,
    counting: Handlers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    newsroom.publish_many([{"tags": [f"tag {number}"]} for number in range(30)])
    work(db, counting)
    names = ["all", *(f"tag:tag-{number}" for number in range(30))]
    client.hset(KEY, "all", 77)  # drift: the rebuild is to end it
    monkeypatch.setattr(mirror, "PAGE", 4)
    seen = []
    honest = counters._copy

    def look_between(name: str, values: dict[Any, Any]) -> None:
        seen.append(counts(counters, *names))
        honest(name, values)
        seen.append(counts(counters, *names))

    monkeypatch.setattr(counters, "_copy", look_between)
    counters.rebuild()
    assert len(seen) > 10
    assert all(state == [77, *[1] * 30] for state in seen)
    assert counts(counters, *names) == [30, *[1] * 30]


def test_two_rebuilds_at_once_do_not_mix(
    db: Database, newsroom: Newsroom, counters: Counters, counting: Handlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    newsroom.publish(tags=[f"tag {number}" for number in range(40)])
    work(db, counting)
    monkeypatch.setattr(mirror, "PAGE", 3)
    turns = threading.Barrier(2)
    honest = counters._copy

    def in_step(name: str, values: dict[Any, Any]) -> None:
        turns.wait(10)
        honest(name, values)

    monkeypatch.setattr(counters, "_copy", in_step)
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(counters.rebuild) for _ in range(2)]:
            done.result()
    assert counters.mirrored() == recorded(db)


def test_a_rebuild_that_was_never_finished_does_not_stay_in_redis(
    db: Database, counters: Counters, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters, "_replace", lambda **_: 0)
    counters.rebuild()
    (aside,) = client.keys("*")
    assert 0 < client.ttl(aside) <= mirror.ABANDONED


def test_a_redis_restored_from_an_older_state_catches_up(
    db: Database, newsroom: Newsroom, counters: Counters, client: redis.Redis, counting: Handlers
) -> None:
    seqs = [newsroom.publish(tags=["harbour"]) for _ in range(3)]
    work(db, counting)
    backup = client.dump(KEY)
    for seq in seqs:
        newsroom.withdraw(seq)
        work(db, counting)
    newsroom.publish(tags=["storm"])
    work(db, counting)
    client.restore(KEY, 0, backup, replace=True)
    counters.sync()
    assert counters.mirrored() == recorded(db)
    assert counts(counters, "all", "tag:harbour", "tag:storm") == [1, 0, 1]


def test_a_record_older_than_redis_wins(
    db: Database, newsroom: Newsroom, counters: Counters, client: redis.Redis, counting: Handlers
) -> None:
    newsroom.publish(tags=["harbour"])
    work(db, counting)
    client.hset(KEY, mapping={SEQ: 1000, "all": 50, "tag:lost": 9})  # what the record had before it was restored
    counters.sync()
    assert counters.mirrored() == recorded(db)


def test_a_slow_copier_does_not_undo_a_quicker_one(
    db: Database,
    newsroom: Newsroom,
    client: redis.Redis,
    counters: Counters,
    counting: Handlers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    newsroom.publish()
    work(db, counting)
    slow = Counters(client, db, "test")
    honest = slow._follow

    def overtaken(**call: Any) -> object:
        monkeypatch.setattr(slow, "_follow", honest)
        newsroom.publish()
        work(db, counting)
        assert counters.read([ALL]) == [3]
        return honest(**call)

    newsroom.publish()
    with db.write() as session:  # counted in the record, not yet copied
        CountTasks(db, counters, CLOCK)._count(session, {2})
    monkeypatch.setattr(slow, "_follow", overtaken)
    slow.sync()
    assert counters.read([ALL]) == [3]
    assert counters.mirrored() == recorded(db)


def test_one_change_of_very_many_counters_is_taken_over_whole(
    db: Database, newsroom: Newsroom, counters: Counters, counting: Handlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    newsroom.publish()
    work(db, counting)
    monkeypatch.setattr(mirror, "PAGE", 6)
    newsroom.publish(tags=[f"tag {number}" for number in range(30)])
    newsroom.publish(tags=["last"])
    with db.write() as session:
        CountTasks(db, counters, CLOCK)._count(session, {2})
    with db.write() as session:
        CountTasks(db, counters, CLOCK)._count(session, {3})
    counters.sync()
    assert counters.mirrored() == recorded(db)


def test_while_redis_is_away_work_is_counted_and_readers_are_answered(db: Database, newsroom: Newsroom) -> None:
    away = Counters(redis.Redis.from_url(NOWHERE, retry=None), db, "test")
    tasks = CountTasks(db, away, CLOCK)
    newsroom.publish(tags=["harbour"])
    work(db, {COUNT_ARTICLE.name: tasks.recount})
    assert counts(away, "all", "tag:harbour", "tag:never") == [1, 1, 0]
    with db.read() as session:
        rows = session.scalars(select(OutboxRow.state).where(OutboxRow.listener == COUNT_ARTICLE.name))
        assert set(rows) == {"done"}


def test_a_redis_that_comes_back_empty_is_filled_by_the_next_pulse(
    db: Database, newsroom: Newsroom, counters: Counters, client: redis.Redis
) -> None:
    away = CountTasks(db, Counters(redis.Redis.from_url(NOWHERE, retry=None), db, "test"), CLOCK)
    newsroom.publish(tags=["harbour"])
    work(db, {COUNT_ARTICLE.name: away.recount})
    assert not client.keys("*")
    counters.sync()
    assert counters.mirrored() == recorded(db)


def test_no_slices_cost_no_question(db: Database) -> None:
    assert Counters(redis.Redis.from_url(NOWHERE, retry=None), db, "test").read([]) == []
