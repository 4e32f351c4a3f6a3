"""`masthead verify` finds every kind of drift, and its repair ends it; on both databases, a real Valkey."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
import redis
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from services.count import recount as recounting
from services.count.recount import Recount, recount, repair, wait_until_idle
from services.count.tasks import CountTasks
from services.feed.tasks import FeedTasks
from shared.clock import Clock
from shared.counters import SEQ, Counters
from shared.db import Database
from shared.listeners import (
    COUNT_ARTICLE,
    COUNT_WITHDRAWAL,
    ENRICH_ARTICLE,
    FEED_PUBLISH,
    FEED_REMOVE_NOTICE,
    FEED_WITHDRAW,
)
from shared.models import Article, Counter, Event, FeedEntry, Tally
from shared.slices import ALL
from tests.factories import NOW
from tests.newsroom import Handlers, Newsroom, let_pass, work

CLOCK = Clock(NOW)
KEY = "masthead:test:counters"

# In the house below: 1 and 2 stand, 3 is withdrawn and shows its notice, 4 is only accepted.
STANDS, OTHER, WITHDRAWN, ACCEPTED = 1, 2, 3, 4


class House:
    """A record with counters, feeds and Redis all in agreement."""

    def __init__(self, db: Database, client: redis.Redis) -> None:
        self.db, self.client = db, client
        self.counters = Counters(client, db, "test")
        counts, feeds = CountTasks(db, self.counters, CLOCK), FeedTasks(db, lambda: None, CLOCK)
        self.handlers: Handlers = {
            ENRICH_ARTICLE.name: counts.recount,  # has nothing to do, and does it
            COUNT_ARTICLE.name: counts.recount,
            COUNT_WITHDRAWAL.name: counts.recount,
            FEED_PUBLISH.name: feeds.place,
            FEED_WITHDRAW.name: feeds.place,
            FEED_REMOVE_NOTICE.name: feeds.remove_notice,
        }
        newsroom = Newsroom(db)
        newsroom.publish(tags=["harbour", "storm"], section="World")
        newsroom.publish(tags=["harbour"], section="World")
        newsroom.publish(tags=["harbour"])
        newsroom.accept()
        work(db, self.handlers)
        newsroom.withdraw(WITHDRAWN)
        work(db, self.handlers)

    def recount(self) -> Recount:
        return recount(self.db, self.counters)

    def repair(self) -> None:
        repair(self.db, self.counters, self.recount(), CLOCK)
        work(self.db, self.handlers)

    def harm(self, *statements: object) -> None:
        with self.db.write() as session:
            for statement in statements:
                session.execute(statement)  # type: ignore[call-overload]


@pytest.fixture
def house(db: Database, valkey_url: str) -> Iterator[House]:
    with redis.Redis.from_url(valkey_url, retry=None) as client:
        client.flushall()
        yield House(db, client)


def entry(slice: str, seq: int) -> object:
    return insert(FeedEntry).values(slice=slice, article_seq=seq, published_at=NOW)


def at(slice: str, seq: int) -> tuple[object, ...]:
    return FeedEntry.slice == slice, FeedEntry.article_seq == seq


HARMS: dict[str, Callable[[House], object]] = {
    "a value in Redis is wrong": lambda house: house.client.hset(KEY, "tag:harbour", 7),
    "a value in Redis is missing": lambda house: house.client.hdel(KEY, "tag:harbour"),
    "Redis counts a slice that is none": lambda house: house.client.hset(KEY, "tag:ghost", 1),
    "a counter is too high": lambda house: house.harm(update(Counter).where(Counter.slice == "all").values(value=9)),
    "a counter is missing": lambda house: house.harm(delete(Counter).where(Counter.slice == "tag:storm")),
    "every counter is missing": lambda house: house.harm(delete(Counter)),
    "a counter counts a slice that is none": lambda house: house.harm(
        insert(Counter).values(slice="tag:ghost", value=2, seq=1)
    ),
    "a counter is below zero": lambda house: house.harm(
        insert(Counter).values(slice="tag:ghost", value=-1, seq=1)
    ),
    "a tally lacks slices": lambda house: house.harm(
        update(Tally).where(Tally.article_seq == STANDS).values(slices=["all"])
    ),
    "a tally has slices too many": lambda house: house.harm(
        update(Tally).where(Tally.article_seq == WITHDRAWN).values(slices=["all", "tag:harbour"])
    ),
    "a tally is missing": lambda house: house.harm(delete(Tally).where(Tally.article_seq == OTHER)),
    "an article that was never enriched is tallied": lambda house: house.harm(
        insert(Tally).values(article_seq=ACCEPTED, slices=["all"], counted_at=NOW)
    ),
    "an entry is missing": lambda house: house.harm(delete(FeedEntry).where(*at("tag:storm", STANDS))),
    "every entry is missing": lambda house: house.harm(delete(FeedEntry)),
    "an entry is too many": lambda house: house.harm(entry("tag:ghost", STANDS)),
    "an entry shows a notice though its article stands": lambda house: house.harm(
        update(FeedEntry).where(*at("all", STANDS)).values(withdrawn_at=NOW)
    ),
    "an entry stands though its article is withdrawn": lambda house: house.harm(
        update(FeedEntry).where(*at("all", WITHDRAWN)).values(withdrawn_at=None)
    ),
    "a withdrawn article stands in its day": lambda house: house.harm(entry("day:2018-04-20", WITHDRAWN)),
    "an entry of an article that was never enriched": lambda house: house.harm(entry("all", ACCEPTED)),
    "two entries changed places, so that the sums are right": lambda house: house.harm(
        delete(FeedEntry).where(*at("tag:storm", STANDS)), entry("tag:storm", OTHER)
    ),
    "two tallies changed places, so that the sums are right": lambda house: house.harm(
        update(Tally).where(Tally.article_seq == OTHER).values(slices=["all", "tag:storm"]),
        update(Tally).where(Tally.article_seq == STANDS).values(slices=["all", "tag:harbour"]),
    ),
}  # fmt: skip


def test_a_house_in_order_has_no_drift(house: House) -> None:
    found = house.recount()
    assert found.agrees()
    assert found.record["all"] == 2
    assert found.record == found.counted == found.redis == found.feeds


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS.keys())
def test_every_harm_is_found_and_mended(house: House, harm: Callable[[House], object]) -> None:
    before = house.recount()
    harm(house)
    assert not house.recount().agrees()
    house.repair()
    after = house.recount()
    assert after.agrees()
    assert +after.redis == before.redis


def test_all_harms_at_once_are_mended_at_once(house: House) -> None:
    for name, harm in HARMS.items():
        if not name.startswith(("every", "two", "a tally is missing", "a counter is below")):
            harm(house)
    house.repair()
    assert house.recount().agrees()
    assert house.counters.read([ALL]) == [2]


def test_drift_names_the_slice_and_what_each_copy_says(house: House) -> None:
    house.client.hset(KEY, "tag:harbour", 7)
    (row,) = house.recount().drift()
    assert row == {"slice": "tag:harbour", "record": 2, "counted": 2, "redis": 7, "feeds": 2}


def test_a_flushed_redis_is_no_drift(house: House) -> None:
    house.client.flushall()
    assert house.recount().agrees()


def test_repairing_what_is_in_order_changes_nothing(house: House) -> None:
    with house.db.read() as session:
        events = len(session.scalars(select(Event)).all())
    house.repair()
    with house.db.read() as session:
        assert len(session.scalars(select(Event)).all()) == events
    assert house.recount().agrees()


def test_a_mended_notice_leaves_the_feeds_in_the_end(house: House) -> None:
    HARMS["an entry stands though its article is withdrawn"](house)
    house.repair()
    let_pass(house.db, FEED_REMOVE_NOTICE.name)
    work(house.db, house.handlers)
    with house.db.read() as session:
        assert not session.scalars(select(FeedEntry).where(FeedEntry.article_seq == WITHDRAWN)).all()
    assert house.recount().agrees()


def test_repair_sees_what_is_counted_meanwhile(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums and counters are taken under the number that counting waits for, so no new article is added twice."""
    seq = Newsroom(house.db).publish(tags=["harbour"], key="k")
    honest = recounting.take_number
    found = house.recount()

    def take(session: Session) -> int:
        work(house.db, house.handlers) if not house.db.is_sqlite else None
        return honest(session)

    monkeypatch.setattr(recounting, "take_number", take)
    repair(house.db, house.counters, found, CLOCK)
    work(house.db, house.handlers)
    after = house.recount()
    assert after.agrees()
    assert after.record["all"] == 3
    with house.db.read() as session:
        assert session.get_one(Article, seq).withdrawn_at is None


def test_work_that_is_under_way_is_waited_for(house: House) -> None:
    Newsroom(house.db).publish(key="k")
    assert wait_until_idle(house.db, 0.0) == 3  # to be enriched, counted and placed
    work(house.db, house.handlers)
    assert wait_until_idle(house.db, 0.0) == 0  # though a notice waits for its seventh day


def test_run_as_a_program_it_prints_its_findings_and_repairs_on_demand(
    house: House,
    database_url: str,
    valkey_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    real = recounting.installation_id(house.db)
    house.counters = Counters(house.client, house.db, real)
    house.counters.sync()
    house.client.hset(f"masthead:{real}:counters", "all", 12)
    monkeypatch.setenv("MASTHEAD_DATABASE_URL", database_url)
    monkeypatch.setenv("MASTHEAD_REDIS_URL", valkey_url)

    def run(*arguments: str) -> dict[str, object]:
        monkeypatch.setattr("sys.argv", ["recount", "--wait", "0", *arguments])
        recounting.main()
        return dict(json.loads(capsys.readouterr().out))

    (row,) = run()["drift"]  # type: ignore[misc]
    assert (row["slice"], row["redis"]) == ("all", 12)
    repaired = run("--repair")
    assert (repaired["articles"], repaired["drift"], repaired["wrong_articles"]) == (2, [], 0)
    assert house.client.hget(f"masthead:{real}:counters", SEQ) is not None
    monkeypatch.setenv("MASTHEAD_REDIS_URL", "unix:///nowhere/valkey.sock")
    with pytest.raises(SystemExit, match="Redis does not answer: "):
        run()
