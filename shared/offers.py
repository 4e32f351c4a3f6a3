"""Offering: what relay does with the outbox. Due rows become hints, a few of each listener at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

from shared.db import db_now
from shared.listeners import BY_NAME, Listener
from shared.models import OutboxRow
from shared.outbox import MOST_ATTEMPTS, put

# Seconds after which an offer nobody took is made again: what a message lost in the broker costs.
OFFER_LEASE = 5.0

DueRow = SqlRow[int, int]  # id, attempt


@dataclass(frozen=True)
class Offer:
    """A hint to send: "there is work for this listener, beginning with this row"."""

    listener: str
    row_id: int


@dataclass(frozen=True)
class _Question:
    """Whether there are due rows: one answer for each place, a listener and a state."""

    places: list[tuple[Listener, str]]
    statement: Select[*tuple[Any, ...]]


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
            put(session, {row.id for row in due}, state="offered", due_at=db_now() + OFFER_LEASE)
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
        put(session, spent, state="dead", due_at=None, reason=reason)
    return [row for row in due if row.id not in spent]


def _hints(listener: Listener, due: list[DueRow]) -> list[Offer]:
    """One hint for a batch of first attempts, one for each repeat."""
    first = [row.id for row in due if row.attempt == 0]
    repeats = [row.id for row in due if row.attempt > 0]
    return [Offer(listener.name, row_id) for row_id in first[:: listener.batch] + repeats]


def on_offer(session: Session, queue: str) -> bool:
    """Whether work is on offer to a service at this moment."""
    names = [listener.name for listener in BY_NAME.values() if listener.queue == queue]
    waiting = select(OutboxRow.id).where(
        OutboxRow.state == "offered", OutboxRow.listener.in_(names), OutboxRow.due_at.is_not(None)
    )
    return session.scalar(waiting.limit(1)) is not None
