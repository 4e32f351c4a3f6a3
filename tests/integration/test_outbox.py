"""The outbox's promises, on both databases: nothing lost, nothing done twice, poison set apart."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from shared import offers, outbox
from shared.db import Database, db_now
from shared.errors import NotFound
from shared.events import ArticleAccepted, ArticleEnriched, DeliveryScheduled
from shared.listeners import COUNT_ARTICLE, ENRICH_ARTICLE, FEED_PUBLISH, PUSH_DELIVER
from shared.models import OutboxRow
from tests.factories import NOW, article, publisher


@pytest.fixture
def accept(db: Database) -> Callable[[int], list[int]]:
    """Records that so many articles were accepted; gives the rows' numbers."""

    def record(count: int) -> list[int]:
        with db.write() as session:
            agency = publisher(session)
            seqs = [article(session, agency).seq for _ in range(count)]
            outbox.record(session, [ArticleAccepted(seq, 1, NOW) for seq in seqs])
            return list(session.scalars(select(OutboxRow.id).order_by(OutboxRow.id)))

    return record


def offer(db: Database) -> list[offers.Offer]:
    with db.write() as session:
        return offers.offer(session)


def claim(db: Database, row_id: int) -> outbox.Claim | None:
    with db.write() as session:
        return outbox.claim(session, ENRICH_ARTICLE, row_id)


def finish(db: Database, held: outbox.Claim) -> tuple[outbox.Row, ...]:
    with db.write() as session:
        return outbox.finish(session, held)


def fail(db: Database, held: outbox.Claim, reason: str = "because") -> None:
    with db.write() as session:
        outbox.fail(session, held, reason)


def make_due(db: Database) -> None:
    """Lets the time pass until everything open is due."""
    with db.write() as session:
        session.execute(update(OutboxRow).where(OutboxRow.due_at.is_not(None)).values(due_at=db_now() - 1))


def state(db: Database, row_id: int) -> str:
    with db.read() as session:
        return session.get_one(OutboxRow, row_id).state


def test_an_event_has_one_row_for_each_listener(db: Database) -> None:
    with db.write() as session:
        seq = article(session, publisher(session)).seq
        outbox.record(session, [ArticleEnriched(seq, 1, NOW)])
    with db.read() as session:
        assert set(session.scalars(select(OutboxRow.listener))) == {COUNT_ARTICLE.name, FEED_PUBLISH.name}


def test_one_hint_brings_a_whole_batch_of_first_attempts(db: Database, accept: Callable[[int], list[int]]) -> None:
    rows = accept(ENRICH_ARTICLE.batch + 3)
    assert [each.row_id for each in offer(db)] == [rows[0], rows[ENRICH_ARTICLE.batch]]
    held = claim(db, rows[0])
    assert held is not None
    assert [row.id for row in held.rows] == rows[: ENRICH_ARTICLE.batch]
    assert len(finish(db, held)) == ENRICH_ARTICLE.batch
    rest = claim(db, rows[ENRICH_ARTICLE.batch])
    assert rest is not None
    assert len(rest.rows) == 3


def test_what_is_on_offer_is_not_offered_again_before_its_time(
    db: Database, accept: Callable[[int], list[int]]
) -> None:
    accept(1)
    assert len(offer(db)) == 1
    assert offer(db) == []
    make_due(db)  # the hint was lost
    assert len(offer(db)) == 1


def test_a_late_or_doubled_hint_finds_nothing(db: Database, accept: Callable[[int], list[int]]) -> None:
    (row,) = accept(1)
    offer(db)
    held = claim(db, row)
    assert held is not None
    assert claim(db, row) is None
    finish(db, held)
    assert claim(db, row) is None


def test_a_worker_that_lost_its_lease_cannot_finish(db: Database, accept: Callable[[int], list[int]]) -> None:
    (row,) = accept(1)
    offer(db)
    slow = claim(db, row)
    make_due(db)
    offer(db)
    quick = claim(db, row)
    assert slow is not None and quick is not None
    assert finish(db, slow) == ()
    fail(db, slow)
    assert state(db, row) == "claimed"
    assert len(finish(db, quick)) == 1
    assert state(db, row) == "done"


def test_a_failed_batch_is_taken_apart(db: Database, accept: Callable[[int], list[int]]) -> None:
    rows = accept(3)
    offer(db)
    held = claim(db, rows[0])
    assert held is not None
    fail(db, held)
    make_due(db)
    assert [each.row_id for each in offer(db)] == rows
    again = claim(db, rows[1])
    assert again is not None
    assert [row.id for row in again.rows] == [rows[1]]
    assert again.token == 2


def test_a_row_that_fails_five_times_is_dead_with_its_reason_and_can_be_replayed(
    db: Database, accept: Callable[[int], list[int]]
) -> None:
    (row,) = accept(1)
    for attempt in range(outbox.MOST_ATTEMPTS):
        make_due(db)
        offer(db)
        held = claim(db, row)
        assert held is not None
        fail(db, held, f"reason {attempt + 1}")
    with db.read() as session:
        dead = session.get_one(OutboxRow, row)
        assert (dead.state, dead.due_at, dead.reason) == ("dead", None, "reason 5")
    make_due(db)
    assert offer(db) == []
    with db.write() as session:
        outbox.replay(session, row)
    assert [each.row_id for each in offer(db)] == [row]
    with db.write() as session, pytest.raises(NotFound):
        outbox.replay(session, row)


def test_a_row_whose_worker_always_dies_is_dead_after_the_fifth_lease(
    db: Database, accept: Callable[[int], list[int]]
) -> None:
    (row,) = accept(1)
    for _ in range(outbox.MOST_ATTEMPTS):
        make_due(db)
        offer(db)
        assert claim(db, row) is not None
    make_due(db)
    assert offer(db) == []
    assert state(db, row) == "dead"


def test_a_backlog_waits_in_the_record_not_in_the_broker(db: Database, accept: Callable[[int], list[int]]) -> None:
    accept(ENRICH_ARTICLE.most + 10)
    offer(db)
    with db.read() as session:
        states = list(session.scalars(select(OutboxRow.state)))
    assert states.count("offered") == ENRICH_ARTICLE.most
    assert states.count("waiting") == 10


def test_many_workers_and_relays_at_once_do_each_row_exactly_once(
    db: Database, accept: Callable[[int], list[int]]
) -> None:
    rows = accept(200)
    finished: list[int] = []

    def work(_: int) -> None:
        while True:
            hints = offer(db)
            held = claim(db, hints[0].row_id if hints else rows[0])
            if held is None:
                return
            finished.extend(row.id for row in finish(db, held))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert sorted(finished) == rows


def test_work_that_is_begun_where_it_arose_is_held_and_offered_again_when_its_lease_is_over(db: Database) -> None:
    with db.write() as session:
        held = outbox.record_held(session, [DeliveryScheduled(target, NOW) for target in (7, 8)], PUSH_DELIVER)
    assert [row.target_id for row in held.rows] == [7, 8]
    assert offer(db) == []
    first, second = held.rows
    assert finish(db, outbox.Claim(PUSH_DELIVER, held.token, (first,))) == (first,)
    make_due(db)
    assert [each.row_id for each in offer(db)] == [second.id]
    assert finish(db, held) == ()


def test_only_what_waits_is_hastened(db: Database) -> None:
    with db.write() as session:
        later, also = outbox.record(session, [DeliveryScheduled(7, NOW), DeliveryScheduled(8, NOW)], delay=3600)
        outbox.hasten(session, PUSH_DELIVER, later)
    (hint,) = offer(db)
    with db.write() as session:
        for event in (later, also):
            outbox.hasten(session, ENRICH_ARTICLE, event)  # not its listener
        outbox.hasten(session, PUSH_DELIVER, later)
    assert offer(db) == [] and state(db, hint.row_id) == "offered"
