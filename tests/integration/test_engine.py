"""The delivery engine: who gets a place, what is committed together, and what becomes of what was lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from services.push import delivering
from services.push.retrying import judge
from shared import engine, outbox
from shared.db import Database
from shared.engine import Engine, Job, Outcome
from shared.http import Door
from shared.listeners import PUSH_DELIVER
from shared.models import OutboxRow
from tests.hub import HubOffice, hub_office
from tests.paper import Paper
from tests.subscribers import Subscribers, only_verified
from tests.system import wait_for

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def subscribers() -> Iterator[Subscribers]:
    with Subscribers() as made:
        yield made


@pytest.fixture
def held(subscribers: Subscribers) -> Iterator[threading.Event]:
    """Callbacks that wait for it answer once it is set, at the latest when the test is over."""
    event = threading.Event()
    yield event
    event.set()


def hosts(count: int, port: int) -> dict[str, str]:
    return {f"127.0.5.{number}": f"127.0.5.{number}:{port}" for number in range(1, count + 1)}


def holding(hub: HubOffice, path: str, held: threading.Event) -> None:
    hub.subscribers.behaviours[path] = only_verified(lambda received: held)


def test_callbacks_that_failed_lately_do_not_take_the_places_of_others(
    paper: Paper, subscribers: Subscribers, held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "TROUBLED_PLACES", 1)
    monkeypatch.setattr(engine, "PLACES", 2)
    names = hosts(6, subscribers.port)
    with hub_office(paper, subscribers, monkeypatch, PUSH_ALLOW=",".join(names.values())) as hub:
        for host in names:
            made = hub.subscribe(f"/{host}", host=host)
            hub.change(made, failures=1)
            holding(hub, f"/{host}", held)
        hub.subscribe("/well")
        hub.publish()
        hub.told(path="/well")
        assert sum(len(hub.subscribers.deliveries(f"/{host}")) for host in names) == 1
        held.set()
        hub.until(lambda: all(hub.subscribers.deliveries(f"/{host}") for host in names))


def test_what_waits_for_one_host_is_put_off_beyond_a_limit_and_blamed_on_nobody(
    paper: Paper, subscribers: Subscribers, held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "WAITING_PER_PLACE", 2)
    with hub_office(paper, subscribers, monkeypatch) as hub:
        for number in range(8):
            hub.subscribe(f"/{number}")
            holding(hub, f"/{number}", held)
        hub.publish()
        hub.until(hub.put_off)
        held.set()
        hub.until(lambda: sum(bool(each.delivered_hash) for each in hub.subscriptions()) == 4)
        assert [each.failures for each in hub.subscriptions()] == [0] * 8
        hub.let_pass()
        hub.until(lambda: all(each.delivered_hash for each in hub.subscriptions()))
        assert len(hub.subscribers.deliveries("/0")) == 1


def test_an_outcome_that_cannot_be_committed_harms_only_itself(
    paper: Paper, subscribers: Subscribers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judge_all_but_one(outcome: Any, failures: int, *more: Any) -> Any:
        if failures == 7:
            raise ValueError("this one is broken")
        return judge(outcome, failures, *more)

    monkeypatch.setattr(delivering, "judge", judge_all_but_one)
    monkeypatch.setattr(engine, "GATHERING", 0.5)  # they are committed together
    with hub_office(paper, subscribers, monkeypatch) as hub:
        for number in range(4):
            hub.subscribe(f"/{number}")
        hub.change(hub.subscriptions()[0], failures=7)
        hub.publish()
        hub.let_pass()
        hub.until(lambda: sum(bool(each.delivered_hash) for each in hub.subscriptions()) == 3)
        assert not hub.subscriptions()[0].delivered_hash


def test_what_cannot_be_begun_after_a_commit_keeps_nothing_else_from_being_begun_or_committed(
    paper: Paper, subscribers: Subscribers, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle, begun = engine._settle, threading.Event()

    def refuse() -> None:
        raise RuntimeError("nobody can begin this")

    def with_more_to_begin(session: Session, group: Any) -> Any:
        return [refuse, *settle(session, group), begun.set]

    monkeypatch.setattr(engine, "_settle", with_more_to_begin)
    with hub_office(paper, subscribers, monkeypatch) as hub:
        hub.subscribe()
        hub.publish(headline="First")
        hub.told(1)
        hub.until(begun.is_set)
        first = hub.until(lambda: hub.subscriptions()[0].delivered_hash)
        hub.publish(headline="Second")
        hub.told(2)
        hub.until(lambda: hub.subscriptions()[0].delivered_hash != first)


@pytest.mark.databases("postgresql")
def test_who_lost_its_row_to_another_writes_nothing(
    paper: Paper, subscribers: Subscribers, held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub_office(paper, subscribers, monkeypatch) as hub:
        hub.subscribe()
        holding(hub, "/callback", held)
        hub.publish()
        hub.until(lambda: hub.subscribers.deliveries())
        del hub.subscribers.behaviours["/callback"]
        lease_over(hub)
        hub.told(2)  # the second worker's, which is the same process here
        hub.until(lambda: hub.subscriptions()[0].delivered_hash)
        after = hub.subscriptions()[0]
        hub.change(after, last_answer="the second worker's")
        held.set()
        hub.rest()
        assert hub.subscriptions()[0].last_answer == "the second worker's"


@pytest.mark.databases("postgresql")
def test_an_outcome_that_was_not_committed_is_delivered_again(
    paper: Paper, subscribers: Subscribers, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub_office(paper, subscribers, monkeypatch) as hub:
        hub.subscribe()
        lost = threading.Event()

        settle = engine._settle

        def lose_the_first(session: Session, group: Any) -> Any:
            if not lost.is_set():
                lost.set()
                raise OperationalError("UPDATE", {}, Exception("the record is away"))
            return settle(session, group)

        monkeypatch.setattr(engine, "_settle", lose_the_first)
        hub.publish()
        hub.until(lost.is_set)
        lease_over(hub)
        hub.told(2)
        hub.until(lambda: hub.subscriptions()[0].delivered_hash)


def test_what_waited_too_long_for_a_thread_is_not_begun_any_more(
    db: Database, held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row's lease would end while it calls, and another would call too."""
    monkeypatch.setattr(engine, "CALLING", 1)
    begun: list[int] = []

    def job(number: int) -> Job:
        def prepare() -> Outcome:
            begun.append(number)
            held.wait(20)
            return Outcome(status=200)

        return Job(outbox.Row(number, "any", 0, 0), 1, f"host{number}", False, prepare, calls=True)

    made = Engine(Door(), db, lambda: None, per_host=1)
    jobs = [job(1), job(2)]
    for each in jobs:
        made.take(outbox.Claim(PUSH_DELIVER, 1, (each.row,)), [each], lambda *_: None)
        wait_for(lambda each=each: made._threads[True]._work_queue.qsize() == each.row.id - 1 and begun)
    jobs[1].taken_at -= engine.LATEST_START + 1
    held.set()
    made.stop()
    assert begun == [1] and not jobs[1].outcome.tried


@pytest.mark.databases("postgresql")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(
    ("point", "deliveries"), [("push.after_call", 2), ("push.before_commit", 2), ("push.after_commit", 1)]
)
def test_a_worker_that_dies_is_followed_by_one_that_ends_its_work(
    paper: Paper, subscribers: Subscribers, monkeypatch: pytest.MonkeyPatch, point: str, deliveries: int
) -> None:
    died = threading.Event()

    def reach(here: str) -> None:
        if here == point and threading.current_thread().name == "collector" and not died.is_set():
            died.set()
            raise Killed

    with hub_office(paper, subscribers, monkeypatch) as hub:
        hub.subscribe()
        monkeypatch.setattr(engine.crash, "reach", reach)
        hub.publish(headline="Told in the end")
        hub.until(died.is_set)
        hub.succeed()
        lease_over(hub)
        hub.until(lambda: hub.subscriptions()[0].delivered_hash)
        hub.publish(headline="And what came after")
        told = hub.told(deliveries + 1)
        assert len(told) == deliveries + 1
        assert b"Told in the end" in told[0].body and b"And what came after" in told[-1].body


class Killed(BaseException):
    """Ends the thread in which it is raised, as the end of a process would."""


def lease_over(hub: HubOffice) -> None:
    """As if the worker that holds deliveries had been away for longer than it may."""
    with hub.db.write() as session:
        mine = OutboxRow.listener == PUSH_DELIVER.name, OutboxRow.state == "claimed"
        session.execute(update(OutboxRow).where(*mine).values(due_at=0.0))
