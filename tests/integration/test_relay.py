"""Relay with a real Valkey, on both databases: nudged at once, by itself otherwise, and never in another's way."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from sqlalchemy import select

from services.relay.relay import Relay, nudge_or_interval
from shared import bus
from shared.bus import MOST_HINTS, CeleryBus, Nudge, nudge_key
from shared.clock import Clock
from shared.db import Database
from shared.listeners import ENRICH_ARTICLE
from shared.models import OutboxRow
from shared.offers import Offer
from shared.settings import Settings
from shared.worker import celery_app
from tests.factories import NOW
from tests.fakes import FakeBus
from tests.newsroom import Newsroom, let_pass
from tests.system import wait_for
from tests.valkey import socket_folder, valkey_in

# Far longer than any test takes: whoever waits for it has missed a nudge.
LONG = 60.0
NOWHERE = "unix:///nowhere/valkey.sock"


@pytest.fixture
def client(valkey_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(valkey_url, retry=None) as connected:
        connected.flushall()
        yield connected


def celery_bus(valkey_url: str) -> CeleryBus:
    return CeleryBus(celery_app(Settings(redis_url=valkey_url), "test", "relay"))


def messages(valkey_url: str, queue: str) -> list[dict[str, object]]:
    """What lies in a service's queue, oldest first."""
    with redis.Redis.from_url(valkey_url.replace("db=0", "db=1"), retry=None) as broker:
        return [json.loads(each)["headers"] for each in reversed(broker.lrange(f"masthead:test:{queue}", 0, -1))]


@contextmanager
def running(
    db: Database, hints: FakeBus, wait: Callable[[], None], wake: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """A relay at work in a thread of its own; `wake` ends its waiting once it is to stop."""
    stop = threading.Event()
    relay = Relay(db, hints, Clock(NOW), wait, sweep_every=0.1, pulse_every=LONG)
    thread = threading.Thread(target=relay.run, args=(stop.is_set,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        wake()
        thread.join(10)
        assert not thread.is_alive()


# Nudges


def test_a_nudge_wakes_relay_at_once(db: Database, client: redis.Redis, valkey_url: str) -> None:
    with redis.Redis.from_url(valkey_url, retry=None, socket_timeout=LONG + 5) as waiting:
        hints, nudge = FakeBus(), Nudge(client, "test")
        with running(db, hints, nudge_or_interval(waiting, nudge_key("test"), LONG), wake=nudge):
            wait_for(lambda: client.info("clients")["blocked_clients"], what="relay waits")
            Newsroom(db).accept()
            nudge()
            wait_for(lambda: hints.hints, seconds=10, what="the nudge is heard")


def test_many_nudges_wait_as_few(client: redis.Redis) -> None:
    nudge = Nudge(client, "test")
    for _ in range(1000):
        nudge()
    assert client.llen(nudge_key("test")) <= 4


def test_a_nudge_given_while_relay_was_busy_is_not_missed(client: redis.Redis) -> None:
    Nudge(client, "test")()
    started = time.monotonic()
    nudge_or_interval(client, nudge_key("test"), 4.0)()
    assert time.monotonic() - started < 3.0


def test_a_lost_nudge_costs_at_most_the_interval(db: Database, client: redis.Redis) -> None:
    hints = FakeBus()
    with running(db, hints, nudge_or_interval(client, nudge_key("test"), 0.2)):
        Newsroom(db).accept()
        wait_for(lambda: hints.hints, seconds=5, what="relay looks by itself")


def test_without_redis_relay_looks_by_itself(db: Database) -> None:
    hints = FakeBus()
    away = redis.Redis.from_url(NOWHERE, retry=None)
    with running(db, hints, nudge_or_interval(away, nudge_key("test"), 0.1)):
        Newsroom(db).accept()
        wait_for(lambda: hints.hints, seconds=5, what="relay looks by itself")


def test_a_nudge_to_a_redis_that_is_away_costs_next_to_nothing() -> None:
    nudge = Nudge(redis.Redis.from_url(NOWHERE, retry=None), "test")
    started = time.monotonic()
    for _ in range(1000):
        nudge()
    assert time.monotonic() - started < 1.0


def test_nudges_are_given_again_once_redis_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus, "PAUSE", 0.0)
    with socket_folder() as folder, redis.Redis.from_url(f"unix://{folder}/valkey.sock", retry=None) as connected:
        nudge = Nudge(connected, "test")
        nudge()
        with valkey_in(folder):
            nudge()
            assert connected.llen(nudge_key("test")) == 1


# Hints


def test_a_hint_is_a_message_with_one_number_in_its_services_queue(client: redis.Redis, valkey_url: str) -> None:
    celery_bus(valkey_url).send([Offer("feed.publish", 17), Offer("count.article", 4)])
    (feed,), (count,) = messages(valkey_url, "feed"), messages(valkey_url, "count")
    assert (feed["task"], feed["argsrepr"]) == ("feed.publish", "[17]")
    assert (count["task"], count["argsrepr"]) == ("count.article", "[4]")


def test_a_pulse_is_worth_nothing_when_it_comes_late(client: redis.Redis, valkey_url: str) -> None:
    celery_bus(valkey_url).pulse("enrich")
    (pulse,) = messages(valkey_url, "enrich")
    assert pulse["task"] == "enrich.pulse"
    assert pulse["expires"] is not None


def test_a_worker_that_is_away_for_days_fills_no_broker(client: redis.Redis, valkey_url: str) -> None:
    hints = celery_bus(valkey_url)
    for number in range(MOST_HINTS * 2):
        hints.send([Offer("feed.publish", number)])
        hints.pulse("feed")
    assert len(messages(valkey_url, "feed")) == MOST_HINTS
    hints.send([Offer("count.article", 1)])
    assert len(messages(valkey_url, "count")) == 1


def test_hints_to_a_broker_that_is_away_cost_little_and_are_given_again(
    db: Database, client: redis.Redis, valkey_url: str
) -> None:
    Newsroom(db).publish()
    started = time.monotonic()
    cut_off = Relay(db, celery_bus(NOWHERE), Clock(NOW), lambda: None, sweep_every=0.0, pulse_every=0.0)
    cut_off.hand_on()
    cut_off.pulse()
    assert time.monotonic() - started < 3.0
    for listener in ("enrich.article", "count.article", "feed.publish"):
        let_pass(db, listener)
    Relay(db, celery_bus(valkey_url), Clock(NOW), lambda: None, sweep_every=0.0, pulse_every=0.0).hand_on()
    assert [len(messages(valkey_url, queue)) for queue in ("enrich", "count", "feed")] == [1, 1, 1]


def test_a_broker_that_was_killed_gets_hints_again_as_soon_as_it_is_back() -> None:
    with socket_folder() as folder:
        hints = celery_bus(f"unix://{folder}/valkey.sock?db=0")
        with valkey_in(folder) as url:
            hints.send([Offer("feed.publish", 1)])
            assert len(messages(url, "feed")) == 1
        hints.send([Offer("feed.publish", 2)])
        remove_socket(folder)
        with valkey_in(folder) as url:
            hints.send([Offer("feed.publish", 3)])
            hints.send([Offer("feed.publish", 4)])
            assert "feed.publish" in {str(each["task"]) for each in messages(url, "feed")}


def remove_socket(folder: Path) -> None:
    (folder / "valkey.sock").unlink(missing_ok=True)


# Several relays


def test_several_relays_at_once_hand_each_row_on_exactly_once(db: Database, database_url: str) -> None:
    Newsroom(db).publish_many([{} for _ in range(300)])
    buses = [FakeBus() for _ in range(4)]
    databases = [Database(database_url) for _ in buses]

    def look_until_idle(place: int) -> None:
        relay = Relay(databases[place], buses[place], Clock(NOW), lambda: None, sweep_every=LONG, pulse_every=LONG)
        while relay.hand_on():
            pass

    with ThreadPoolExecutor(len(buses)) as pool:
        list(pool.map(look_until_idle, range(len(buses))))
    hints = [each for one in buses for each in one.hints]
    assert len(hints) == len(set(hints))
    assert len([each for each in hints if each.listener == ENRICH_ARTICLE.name]) >= 300 / ENRICH_ARTICLE.batch
    with db.read() as session:
        assert set(session.scalars(select(OutboxRow.state))) == {"offered"}
    for each in databases:
        each.close()
