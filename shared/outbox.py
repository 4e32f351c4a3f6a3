"""The outbox: one row per event and listener, and the only way in which work is handed on.

    waiting ──offer──▶ offered ──claim──▶ claimed ──finish──▶ done
       ▲                  ▲                  │
       │                  └── lease over ────┤
       └── fail, with a later time ──────────┴── fifth attempt ──▶ dead

A row is a promise: it ends as done, or as dead with its reason. `due_at` says when relay has to look next, in every
open state, so that now, later, retry and a lost worker are the same thing: a row with a time. Times are the database's.
The attempt number is the fencing token: whoever claimed earlier can no longer finish.
First attempts are claimed together, for speed; a repeat is claimed alone, so that a poisonous row harms only itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

from sqlalchemy import ColumnElement, Float, Select, and_, bindparam, delete, exists, func, insert, select, update
from sqlalchemy import Row as SqlRow
from sqlalchemy.orm import Session

from shared.db import db_now
from shared.errors import NotFound
from shared.events import Event, TargetEvent
from shared.listeners import BY_NAME, LISTENERS, Listener
from shared.models import Event as EventRow
from shared.models import OutboxRow

MOST_ATTEMPTS = 5
# Seconds before a failed row is due again, by the number of attempts made.
BACK_OFF = (1.0, 5.0, 15.0, 60.0)
# Seconds after which an offer nobody took is made again: what a message lost in the broker costs.
OFFER_LEASE = 5.0
# Rows looked at in one pruning.
PAGE = 1000

DueRow = SqlRow[int, int]  # id, attempt


@dataclass(frozen=True)
class _Question:
    """Whether there are due rows: one answer for each place, a listener and a state."""

    places: list[tuple[Listener, str]]
    statement: Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Offer:
    """A hint to send: "there is work for this listener, beginning with this row"."""

    listener: str
    row_id: int


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


def offer(session: Session, *, overdue: bool = True) -> list[Offer]:
    """Takes due rows of every listener and returns the hints to send once the transaction is committed.

    With `overdue`, also what was offered and not taken in time, and what a worker held beyond its lease. At most
    `Listener.most` rows are on offer at a time: a backlog waits in the record, not in the broker.
    A row whose lease ended on its last attempt becomes dead here: its worker died with it each time.
    """
    on_offer = dict(
        session.execute(
            select(OutboxRow.listener, func.count())
            .where(OutboxRow.state == "offered", OutboxRow.due_at.is_not(None))
            .group_by(OutboxRow.listener)
        ).all()
    )
    hints: list[Offer] = []
    for listener, states in _with_due(session, _OVERDUE if overdue else _WAITING):
        room = listener.most - on_offer.get(listener.name, 0)
        due = _due(session, listener, "offered", listener.most) if "offered" in states else []
        if room > 0 and "claimed" in states:
            due += _bury_spent(session, _due(session, listener, "claimed", room))
        if room > 0 and "waiting" in states:
            due += _due(session, listener, "waiting", room)
        if due:
            _set(session, {row.id for row in due}, state="offered", due_at=db_now() + OFFER_LEASE)
            hints += _hints(listener, due)
    return hints


def _asked(*states: str) -> _Question:
    """Made once: relay asks many times a second, and to put the question together takes longer than to answer it."""
    places = [(listener, state) for listener in BY_NAME.values() for state in states]
    due = [
        exists().where(OutboxRow.state == state, OutboxRow.listener == listener.name, OutboxRow.due_at <= db_now())
        for listener, state in places
    ]
    return _Question(places, select(*due))


_WAITING, _OVERDUE = _asked("waiting"), _asked("offered", "claimed", "waiting")


def _with_due(session: Session, question: _Question) -> list[tuple[Listener, set[str]]]:
    """The listeners that have due rows, and in which states: one question instead of one for each."""
    (answers,) = session.execute(question.statement).all()
    found: dict[str, set[str]] = {}
    for (listener, state), is_due in zip(question.places, answers, strict=True):
        if is_due:
            found.setdefault(listener.name, set()).add(state)
    return [(BY_NAME[name], states) for name, states in found.items()]


def _due(session: Session, listener: Listener, state: str, limit: int) -> list[DueRow]:
    """Due rows in one state, the longest due first. One state at a time, so that the index gives them in order."""
    return list(
        session.execute(
            select(OutboxRow.id, OutboxRow.attempt)
            .where(OutboxRow.state == state, OutboxRow.listener == listener.name, OutboxRow.due_at <= db_now())
            .order_by(OutboxRow.due_at, OutboxRow.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )


def _bury_spent(session: Session, due: list[DueRow]) -> list[DueRow]:
    """Declares dead what has no attempt left, and returns the others."""
    spent = {row.id for row in due if row.attempt >= MOST_ATTEMPTS}
    if spent:
        reason = f"its worker died or ran out of time on each of {MOST_ATTEMPTS} attempts"
        _set(session, spent, state="dead", due_at=None, reason=reason)
    return [row for row in due if row.id not in spent]


def _hints(listener: Listener, due: list[DueRow]) -> list[Offer]:
    """One hint for a batch of first attempts, one for each repeat."""
    first = [row.id for row in due if row.attempt == 0]
    repeats = [row.id for row in due if row.attempt > 0]
    return [Offer(listener.name, row_id) for row_id in first[:: listener.batch] + repeats]


def _set(session: Session, row_ids: set[int], **values: Any) -> None:
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
        _set(session, done, state="done", due_at=None, reason=None)
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


def on_offer(session: Session, queue: str) -> bool:
    """Whether work is on offer to a service at this moment."""
    names = [listener.name for listener in BY_NAME.values() if listener.queue == queue]
    waiting = select(OutboxRow.id).where(
        OutboxRow.state == "offered", OutboxRow.listener.in_(names), OutboxRow.due_at.is_not(None)
    )
    return session.scalar(waiting.limit(1)) is not None


def _still_held(held: Claim) -> ColumnElement[bool]:
    return and_(
        OutboxRow.id.in_([row.id for row in held.rows]),
        OutboxRow.state == "claimed",
        OutboxRow.attempt == held.token,
    )
