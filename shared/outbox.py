"""The outbox: one row per event and listener, and the only way in which work is handed on.

    waiting ──offer──▶ offered ──claim──▶ claimed ──finish──▶ done
       ▲                  ▲                  │
       │                  └── lease over ────┤
       └── fail, with a later time ──────────┴── fifth attempt ──▶ dead

A row is a promise: it ends as done, or as dead with its reason. `due_at` says when relay has to look next, in every
open state, so that now, later, retry and a lost worker are the same thing: a row with a time. Times are the database's.
The attempt number is the fencing token: whoever claimed earlier can no longer finish.
First attempts are claimed together, for speed; a repeat is claimed alone, so that a poisonous row harms only itself.
What relay does is shared.offers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

from sqlalchemy import ColumnElement, Float, and_, bindparam, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from shared.db import db_now
from shared.errors import NotFound
from shared.events import Event, TargetEvent
from shared.listeners import LISTENERS, Listener
from shared.models import Event as EventRow
from shared.models import OutboxRow

MOST_ATTEMPTS = 5
# Seconds before a failed row is due again, by the number of attempts made.
BACK_OFF = (1.0, 5.0, 15.0, 60.0)
# Rows looked at in one pruning.
PAGE = 1000


@dataclass(frozen=True)
class Row:
    """A claimed row: what it is about. A number is 0 where the event has none."""

    id: int
    event: str
    article_seq: int
    version: int
    target_id: int = 0
    number: int = 0
    event_id: int = 0


@dataclass(frozen=True)
class Claim:
    """Rows held by this worker until the lease ends, all under one fencing token."""

    listener: Listener
    token: int
    rows: tuple[Row, ...]


def record(session: Session, events: Iterable[Event], *, delay: float = 0.0) -> list[int]:
    """Writes each event and a row for each of its listeners; call it in the transaction of the facts themselves.

    The rows are due `delay` seconds later than their listeners ask for. Returns the ids of the events.
    """
    happened = list(events)
    stored = _store(session, happened)
    rows = [
        {"event_id": event_id, "listener": listener.name, "delay": listener.delay + delay}
        for event_id, event in zip(stored, happened, strict=True)
        for listener in LISTENERS[type(event)]
    ]
    if rows:
        due_at = db_now() + bindparam("delay", type_=Float)
        session.execute(insert(OutboxRow).values(state="waiting", attempt=0, due_at=due_at), rows)
    return stored


def record_held(session: Session, events: Sequence[TargetEvent], listener: Listener) -> Claim:
    """Writes events that have this one listener, their rows claimed by the caller: begin the work after the commit.

    Work that follows from work then needs no way through relay. If the caller dies, the lease ends as any other.
    """
    stored = _store(session, events)
    row_ids: list[int] = []
    if stored:
        row_ids += session.scalars(
            insert(OutboxRow)
            .values(listener=listener.name, state="claimed", attempt=1, due_at=db_now() + listener.lease)
            .returning(OutboxRow.id, sort_by_parameter_order=True),
            [{"event_id": event_id} for event_id in stored],
        )
    rows = zip(row_ids, stored, events, strict=True)
    return Claim(
        listener,
        1,
        tuple(Row(row_id, each.name, 0, 0, each.target_id, event_id=event_id) for row_id, event_id, each in rows),
    )


def _store(session: Session, events: Sequence[Event]) -> list[int]:
    """The numbers of these events, in their order."""
    if not events:
        return []
    nothing = {"article_seq": None, "version": 0, "target_id": None, "number": None}
    return list(
        session.scalars(
            insert(EventRow).returning(EventRow.id, sort_by_parameter_order=True),
            [{**nothing, "name": each.name, **asdict(each)} for each in events],
        )
    )


def put(session: Session, row_ids: set[int], **values: Any) -> None:
    """Changes rows that the caller has locked."""
    session.execute(
        update(OutboxRow).where(OutboxRow.id.in_(row_ids)).values(**values).execution_options(synchronize_session=False)
    )


def claim(session: Session, listener: Listener, row_id: int) -> Claim | None:
    """Claims the hinted row; when it is a first attempt, or already taken, also others waiting for their first.

    None when there is nothing to do: the hint was late, doubled or another worker was faster.
    """
    takeable = and_(OutboxRow.listener == listener.name, OutboxRow.state == "offered", OutboxRow.due_at.is_not(None))
    repeat = session.scalar(
        select(OutboxRow.id)
        .where(takeable, OutboxRow.id == row_id, OutboxRow.attempt > 0)
        .with_for_update(skip_locked=True)
    )
    wanted = (
        [repeat]
        if repeat
        else list(
            session.scalars(
                select(OutboxRow.id)
                .where(takeable, OutboxRow.attempt == 0)
                .order_by(OutboxRow.due_at, OutboxRow.id)
                .limit(listener.batch)
                .with_for_update(skip_locked=True)
            )
        )
    )
    if not wanted:
        return None
    tokens = session.execute(
        update(OutboxRow)
        .where(OutboxRow.id.in_(wanted))
        .values(state="claimed", attempt=OutboxRow.attempt + 1, due_at=db_now() + listener.lease)
        .returning(OutboxRow.attempt)
        .execution_options(synchronize_session=False)
    ).scalars()
    rows = session.execute(
        select(
            OutboxRow.id,
            EventRow.name,
            func.coalesce(EventRow.article_seq, 0),
            EventRow.version,
            func.coalesce(EventRow.target_id, 0),
            func.coalesce(EventRow.number, 0),
            EventRow.id,
        )
        .join(EventRow, EventRow.id == OutboxRow.event_id)
        .where(OutboxRow.id.in_(wanted))
        .order_by(OutboxRow.id)
    )
    return Claim(listener, next(iter(tokens.all())), tuple(Row(*row) for row in rows))


def finish(session: Session, held: Claim) -> tuple[Row, ...]:
    """Marks the rows done and returns those that were still held.

    Call it first in the transaction that writes the effect, and write the effect for the returned rows only.
    """
    # Locked in one order first: two workers that finish rows in common then wait for each other, and never in a circle.
    done = set(session.scalars(select(OutboxRow.id).where(_still_held(held)).order_by(OutboxRow.id).with_for_update()))
    if done:
        put(session, done, state="done", due_at=None, reason=None)
    return tuple(row for row in held.rows if row.id in done)


def fail(session: Session, held: Claim, reason: str) -> None:
    """Gives the rows back for a later attempt, or declares them dead after the last one."""
    last = held.token >= MOST_ATTEMPTS
    session.execute(
        update(OutboxRow)
        .where(_still_held(held))
        .values(
            state="dead" if last else "waiting",
            due_at=None if last else db_now() + BACK_OFF[held.token - 1],
            reason=reason[:2000],
        )
        .execution_options(synchronize_session=False)
    )


def hasten(session: Session, listener: Listener, event_id: int) -> None:
    """Makes a listener's row due now if it still waits; what is on offer or held stays as it is."""
    session.execute(
        update(OutboxRow)
        .where(OutboxRow.event_id == event_id, OutboxRow.listener == listener.name, OutboxRow.state == "waiting")
        .values(due_at=db_now())
    )


def replay(session: Session, row_id: int) -> None:
    """Gives a dead row five new attempts. Raises NotFound when no dead row has this number."""
    revived = session.execute(
        update(OutboxRow)
        .where(OutboxRow.id == row_id, OutboxRow.state == "dead")
        .values(state="waiting", attempt=0, due_at=db_now())
        .returning(OutboxRow.id)
    ).first()
    if revived is None:
        raise NotFound(f"No dead letter has the number {row_id}.")


def prune(session: Session, after: int, before: datetime, *, limit: int = PAGE) -> int:
    """Removes what was done about events before that time, among the `limit` rows that follow the number `after`.

    Events about articles stay, as their history. Returns the number to go on from.
    """
    following = session.execute(
        select(OutboxRow.id, OutboxRow.state, EventRow.id.label("event_id"), EventRow.article_seq, EventRow.at)
        .join(EventRow, EventRow.id == OutboxRow.event_id)
        .where(OutboxRow.id > after)
        .order_by(OutboxRow.id)
        .limit(limit)
    ).all()
    old = list(takewhile(lambda row: row.at < before, following))
    done = [row for row in old if row.state == "done"]
    session.execute(delete(OutboxRow).where(OutboxRow.id.in_([row.id for row in done])))
    fleeting = {row.event_id for row in done if row.article_seq is None}
    session.execute(
        delete(EventRow).where(EventRow.id.in_(fleeting), ~exists().where(OutboxRow.event_id == EventRow.id))
    )
    return old[-1].id if old else after


def is_held(session: Session, row_id: int, token: int) -> bool:
    """Whether a claimed row is still the caller's: asked in the transaction that commits an intention to act."""
    held = (OutboxRow.id == row_id, OutboxRow.state == "claimed", OutboxRow.attempt == token)
    return session.scalar(select(OutboxRow.id).where(*held).with_for_update()) is not None


def _still_held(held: Claim) -> ColumnElement[bool]:
    return and_(
        OutboxRow.id.in_([row.id for row in held.rows]),
        OutboxRow.state == "claimed",
        OutboxRow.attempt == held.token,
    )
