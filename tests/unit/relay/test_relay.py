"""Relay looks, hands on, waits; nothing it meets makes it stop, and nobody sleeps in these tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import redis
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from services.relay import relay as relay_module
from services.relay.relay import BREATH, BUSY, LONG_BREATH, TIDY_EVERY, Relay, nudge_or_interval
from shared import outbox
from shared.db import Database
from shared.events import FeedRevised
from shared.health import silence
from shared.listeners import COUNT_ARTICLE, ENRICH_ARTICLE, FEED_PUBLISH
from shared.models import Event, OutboxRow
from tests.factories import NOW
from tests.fakes import FakeBus, FakeClock
from tests.newsroom import Newsroom, let_pass

SWEEP, PULSE = 0.5, 2.0


class FakeTime:
    """Stands still until somebody sleeps or a test lets it pass."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    fake = FakeTime()
    monkeypatch.setattr(relay_module, "time", fake)
    return fake


@pytest.fixture
def bus() -> FakeBus:
    return FakeBus()


def make(db: Database, bus: FakeBus, wait: Callable[[], None] = lambda: None) -> Relay:
    return Relay(db, bus, FakeClock(NOW), wait, sweep_every=SWEEP, pulse_every=PULSE)


def turns(count: int) -> Callable[[], bool]:
    """For `run`: stops after so many turns."""
    left = iter([False] * count + [True])
    return lambda: next(left)


class Interrupted:
    """A record that does not answer the first few times."""

    def __init__(self, db: Database, times: int) -> None:
        self._db = db
        self.times = times

    @contextmanager
    def write(self) -> Iterator[Session]:
        if self.times > 0:
            self.times -= 1
            raise OperationalError("BEGIN", None, Exception("the record is away"))
        with self._db.write() as session:
            yield session


def test_what_is_due_is_handed_on_once(db: Database, bus: FakeBus) -> None:
    Newsroom(db).accept()
    relay = make(db, bus)
    assert relay.hand_on() == 1
    assert relay.hand_on() == 0
    assert [each.listener for each in bus.hints] == [ENRICH_ARTICLE.name]


def test_one_hint_stands_for_a_batch_of_each_listener(db: Database, bus: FakeBus) -> None:
    Newsroom(db).publish_many([{} for _ in range(COUNT_ARTICLE.batch + 1)])
    make(db, bus).hand_on()
    listeners = [each.listener for each in bus.hints]
    assert listeners.count(COUNT_ARTICLE.name) == 2
    assert listeners.count(FEED_PUBLISH.name) == -(-(COUNT_ARTICLE.batch + 1) // FEED_PUBLISH.batch)


def test_when_nothing_is_due_the_bus_is_left_alone(db: Database, bus: FakeBus) -> None:
    assert make(db, bus).hand_on() == 0
    assert bus.hints == []


def test_a_lost_hint_is_given_again_when_its_lease_is_over(db: Database, bus: FakeBus, time: FakeTime) -> None:
    Newsroom(db).accept()
    relay = make(db, bus)
    bus.away = True
    relay.hand_on()
    bus.away = False
    let_pass(db, ENRICH_ARTICLE.name)
    time.now += SWEEP
    assert relay.hand_on() == 1
    assert len(bus.hints) == 1


def test_a_row_that_nobody_finishes_is_given_again_and_again(db: Database, bus: FakeBus, time: FakeTime) -> None:
    Newsroom(db).accept()
    relay = make(db, bus)
    for round in range(1, 4):
        relay.hand_on()
        assert len(bus.hints) == round
        let_pass(db, ENRICH_ARTICLE.name)
        time.now += SWEEP
    assert len({each.row_id for each in bus.hints}) == 1


def test_each_service_is_asked_for_a_sign_of_life_when_it_is_time(db: Database, bus: FakeBus, time: FakeTime) -> None:
    relay = make(db, bus)
    relay.pulse()
    relay.pulse()
    assert bus.pulses == ["count", "enrich", "feed", "push", "social"]
    time.now += PULSE
    relay.pulse()
    assert bus.pulses == ["count", "enrich", "feed", "push", "social"] * 2
    with db.read() as session:
        assert (silence(session, "relay") or 0) < 60


def test_a_record_that_is_away_is_asked_again_until_it_answers(db: Database, bus: FakeBus, time: FakeTime) -> None:
    Newsroom(db).accept()
    waited = []
    relay = Relay(
        Interrupted(db, 3),  # type: ignore[arg-type]
        bus,
        FakeClock(NOW),
        lambda: waited.append(time.now),
        sweep_every=SWEEP,
        pulse_every=PULSE,
    )
    relay.run(turns(4))
    assert len(waited) == 4
    assert len(bus.hints) == 1


def test_under_load_relay_looks_at_most_once_in_a_breath(db: Database, bus: FakeBus, time: FakeTime) -> None:
    make(db, bus).run(turns(5))
    assert time.slept == pytest.approx([BREATH] * 5)


def test_after_many_hints_within_a_second_looks_keep_a_longer_distance(
    db: Database, bus: FakeBus, time: FakeTime
) -> None:
    newsroom = Newsroom(db)

    def somebody_submits() -> None:
        newsroom.accept()

    make(db, bus, somebody_submits).run(turns(BUSY + 10))
    assert len(bus.hints) > BUSY
    assert time.slept[: BUSY - 1] == pytest.approx([BREATH] * (BUSY - 1))
    assert time.slept[-3:] == pytest.approx([LONG_BREATH] * 3)


def test_after_a_quiet_moment_nobody_waits(db: Database, bus: FakeBus, time: FakeTime) -> None:
    def nudged_late() -> None:
        time.now += 0.3

    make(db, bus, nudged_late).run(turns(3))
    assert time.slept == [0.0, 0.0, 0.0]


def test_what_was_done_long_ago_is_removed_little_by_little(db: Database, bus: FakeBus, time: FakeTime) -> None:
    Newsroom(db).accept()
    with db.write() as session:
        outbox.record(session, [FeedRevised(1, NOW)])
        session.execute(update(OutboxRow).values(state="done", due_at=None))
    clock = FakeClock(NOW)
    relay = Relay(db, bus, clock, lambda: None, sweep_every=SWEEP, pulse_every=PULSE)

    def left() -> tuple[int, list[str]]:
        relay.tidy()
        time.now += TIDY_EVERY
        with db.read() as session:
            return len(session.scalars(select(OutboxRow)).all()), list(session.scalars(select(Event.name)))

    clock.move(days=6)
    assert left() == (2, ["ArticleAccepted", "FeedRevised"])
    clock.move(days=2)
    assert left() == (0, ["ArticleAccepted"]), "events about articles stay"


def test_what_is_not_done_is_never_removed(db: Database, bus: FakeBus, time: FakeTime) -> None:
    Newsroom(db).accept()
    clock = FakeClock(NOW)
    clock.move(days=100)
    relay = Relay(db, bus, clock, lambda: None, sweep_every=SWEEP, pulse_every=PULSE)
    for _ in range(3):
        relay.tidy()
        time.now += TIDY_EVERY
    relay.hand_on()
    assert len(bus.hints) == 1


def test_relay_stops_when_it_is_told_to(db: Database, bus: FakeBus) -> None:
    Newsroom(db).accept()
    make(db, bus).run(lambda: True)
    assert bus.hints == []
    with db.read() as session:
        assert session.scalars(select(OutboxRow.state)).one() == "waiting"


class FakeList:
    """The one list in Redis that relay waits on."""

    def __init__(self, *nudges: bytes, away: bool = False) -> None:
        self.nudges = list(nudges)
        self.away = away
        self.waited: list[float] = []

    def blpop(self, keys: list[str], timeout: float) -> tuple[bytes, bytes] | None:
        if self.away:
            raise redis.ConnectionError("away")
        self.waited.append(timeout)
        return (keys[0].encode(), self.nudges.pop()) if self.nudges else None

    def delete(self, key: str) -> None:
        self.nudges.clear()


def waiting(client: FakeList) -> Callable[[], None]:
    return nudge_or_interval(client, "nudge", 0.5)  # type: ignore[arg-type]


def test_many_nudges_are_one_reason_to_look(time: FakeTime) -> None:
    client = FakeList(b"1", b"1", b"1")
    waiting(client)()
    assert client.nudges == []
    assert time.slept == []


def test_without_a_nudge_relay_waits_for_the_interval(time: FakeTime) -> None:
    client = FakeList()
    waiting(client)()
    assert client.waited == [0.5]
    assert time.slept == []


def test_while_redis_is_away_relay_looks_by_itself_after_the_interval(time: FakeTime) -> None:
    waiting(FakeList(away=True))()
    assert time.slept == [0.5]
