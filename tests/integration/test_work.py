"""How a worker deals with a hint, and how it is told from one that has stopped; on both databases."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from shared import health, offers, outbox
from shared.db import Database, db_now
from shared.health import SILENCE, SignOfLife, beat, has_stopped_consuming, silence
from shared.listeners import ENRICH_ARTICLE
from shared.models import Heartbeat, OutboxRow
from shared.worker import Duties, work_through
from tests.newsroom import Newsroom, let_pass

Handler = Callable[[outbox.Claim], None]


class Desk:
    """One worker's duties, with a record of what was handed to it."""

    def __init__(self, db: Database, handle: Handler) -> None:
        self.claims: list[outbox.Claim] = []
        self.nudges = 0
        self.handle = handle
        self.duties = Duties(db, self._nudge, {ENRICH_ARTICLE.name: self._take}, lambda: None)
        self.db = db

    def hint(self, row_id: int) -> None:
        work_through(self.duties, ENRICH_ARTICLE.name, row_id)

    def row(self, row_id: int) -> OutboxRow:
        with self.db.read() as session:
            return session.get_one(OutboxRow, row_id)

    def _take(self, claim: outbox.Claim) -> None:
        self.claims.append(claim)
        self.handle(claim)

    def _nudge(self) -> None:
        self.nudges += 1


def finishing(db: Database) -> Handler:
    def finish(claim: outbox.Claim) -> None:
        with db.write() as session:
            outbox.finish(session, claim)

    return finish


def failing(claim: outbox.Claim) -> None:
    raise ValueError("the step broke")


def offered(db: Database) -> int:
    """An accepted article whose row is on offer; gives the row's number."""
    Newsroom(db).accept()
    with db.write() as session:
        offers.offer(session)
        return session.scalars(select(OutboxRow.id).order_by(OutboxRow.id.desc())).first() or 0


def test_a_hint_is_worked_through_and_relay_is_nudged_for_what_follows(db: Database) -> None:
    desk = Desk(db, finishing(db))
    row = offered(db)
    desk.hint(row)
    assert [each.id for each in desk.claims[0].rows] == [row]
    assert desk.row(row).state == "done"
    assert desk.nudges == 1


def test_a_hint_for_nothing_does_nothing(db: Database) -> None:
    desk = Desk(db, finishing(db))
    row = offered(db)
    desk.hint(row)
    desk.hint(row)
    desk.hint(12345)
    assert len(desk.claims) == desk.nudges == 1


def test_a_failure_is_written_on_the_row_with_its_reason_and_tried_again_later(db: Database) -> None:
    desk = Desk(db, failing)
    row = offered(db)
    desk.hint(row)
    failed = desk.row(row)
    assert (failed.state, failed.attempt, failed.reason) == ("waiting", 1, "ValueError: the step broke")
    desk.handle = finishing(db)
    let_pass(db, ENRICH_ARTICLE.name)
    with db.write() as session:
        offers.offer(session)
    desk.hint(row)
    assert (desk.row(row).state, desk.row(row).reason) == ("done", None)


def test_a_handler_that_fails_after_its_commit_is_not_undone(db: Database) -> None:
    done = finishing(db)

    def fail_late(claim: outbox.Claim) -> None:
        done(claim)
        raise ValueError("too late")

    desk = Desk(db, fail_late)
    row = offered(db)
    desk.hint(row)
    assert (desk.row(row).state, desk.row(row).reason) == ("done", None)


def rest(db: Database, seconds: float) -> None:
    """Lets the last sign of life be so many seconds old."""
    with db.write() as session:
        session.execute(update(Heartbeat).values(seen_at=db_now() - seconds))


def age(db: Database) -> float:
    with db.read() as session:
        return silence(session, "enrich") or 0.0


@pytest.mark.parametrize(
    ("seconds", "work", "stopped"),
    [(SILENCE + 1, True, True), (SILENCE + 1, False, False), (SILENCE - 5, True, False)],
    ids=["silent with work on offer", "silent with nothing to do", "silent for a short while"],
)
def test_a_worker_has_stopped_when_it_is_silent_while_work_is_on_offer(
    db: Database, seconds: float, work: bool, stopped: bool
) -> None:
    beat(db, "enrich")
    rest(db, seconds)
    if work:
        offered(db)
    assert has_stopped_consuming(db, "enrich") is stopped


def test_a_worker_that_never_gave_a_sign_has_stopped_once_there_is_work(db: Database) -> None:
    assert not has_stopped_consuming(db, "enrich")
    offered(db)
    assert has_stopped_consuming(db, "enrich")
    assert not has_stopped_consuming(db, "count")  # has no work of its own


def test_a_record_that_does_not_answer_is_no_reason_to_end_a_worker(db: Database) -> None:
    offered(db)
    nowhere = Database("postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=1")
    assert not has_stopped_consuming(nowhere, "enrich")


def test_each_message_is_a_sign_of_life_but_not_each_is_written(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    sign = SignOfLife(db, "enrich")
    sign()
    rest(db, 100)
    sign()
    assert age(db) > 99
    now = time.monotonic() + health.SIGN_EVERY
    monkeypatch.setattr(time, "monotonic", lambda: now)
    sign()
    assert age(db) < 50


def test_first_signs_of_life_may_come_at_once(db: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: beat(db, "push"), range(16)))
    with db.read() as session:
        assert silence(session, "push") is not None
