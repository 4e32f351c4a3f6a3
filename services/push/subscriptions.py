"""Subscriptions in the record. Each has at most one open delivery, so an older revision never comes after a newer one.

Whoever schedules a delivery locks the subscription first and only then looks at the feed and at the open delivery: so
a change that is committed meanwhile is seen by one of the two that it concerns, the fan-out or the delivery that ends.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, delete, exists, select, update
from sqlalchemy.orm import Session

from services.push.retrying import pause
from services.push.subscribing import Wish
from shared import outbox
from shared.db import db_now
from shared.events import DeliveryScheduled
from shared.listeners import PUSH_DELIVER
from shared.models import Feed, OutboxRow, Subscription, Ticker, Verification
from shared.topics import topic_of

# Rows removed in one transaction of the sweep.
PAGE = 500
# Seconds for which an ended verification is kept, to count requests by it.
REMEMBERED = 60.0


def key_of(kind: str, topic: str, callback: str) -> str:
    return hashlib.sha256(f"{kind}\n{topic}\n{callback}".encode()).hexdigest()


def slice_of(topic: str) -> str:
    """The slice whose moves a topic is looked at for: what stands in several slices moves each of them."""
    found = topic_of(topic)
    assert found is not None, f"stored topics are canonical: {topic}"
    return str(found.slices[0])


def is_known(session: Session, topic: str) -> bool:
    """Whether there is such a feed: something was published in it, or it is there without."""
    which = slice_of(topic)
    if which.partition(":")[0] not in ("tag", "byline", "publisher"):
        return True
    return session.get(Feed, which) is not None


def schedule_behind(session: Session, now: datetime, *only: ColumnElement[bool], room: int = 0) -> outbox.Claim:
    """Schedules a delivery for every active subscription whose feed has moved on since it was last served.

    `only` may say which, in terms of Feed and Subscription. So many of them as the caller has `room` for are its own.
    """
    joined = select(Subscription.id, Subscription.failures).join(Feed, Feed.slice == Subscription.slice)
    behind = joined.where(_is_active(), _is_behind(), *only).order_by(Subscription.id)
    session.execute(behind.with_for_update(of=Subscription)).all()
    found = session.execute(behind.where(~_has_open_delivery())).all()
    at_once = [subscription_id for subscription_id, failures in found if not pause(failures)]
    for delay in {pause(failures) for _, failures in found} - {0.0}:
        schedule(session, [each for each, failures in found if pause(failures) == delay], now, delay=delay)
    schedule(session, at_once[room:], now)
    return begin(session, at_once[:room], now)


def any_behind(session: Session, *only: ColumnElement[bool]) -> bool:
    """Whether a delivery should have been scheduled and was not."""
    behind = and_(_is_active(), _is_behind(), ~_has_open_delivery(), *only)
    query = select(Subscription.id).join(Feed, Feed.slice == Subscription.slice).where(behind)
    return session.scalar(query.limit(1)) is not None


def schedule(session: Session, ids: Sequence[int], now: datetime, *, delay: float = 0.0) -> None:
    """Makes a delivery of the newest revision the open one of each of these subscriptions, which the caller locked."""
    _mark(session, ids, outbox.record(session, [DeliveryScheduled(each, now) for each in ids], delay=delay))


def begin(session: Session, ids: Sequence[int], now: datetime) -> outbox.Claim:
    """As `schedule`, but held by the caller, which begins these deliveries after the commit."""
    claim = outbox.record_held(session, [DeliveryScheduled(each, now) for each in ids], PUSH_DELIVER)
    _mark(session, ids, [row.event_id for row in claim.rows])
    return claim


def _mark(session: Session, ids: Sequence[int], events: Sequence[int]) -> None:
    changes = [{"id": each, "delivery_id": event} for each, event in zip(ids, events, strict=True)]
    if changes:
        session.execute(update(Subscription), changes)


def lock(session: Session, ids: Iterable[int]) -> dict[int, Subscription]:
    """These subscriptions, held until the commit; those that are gone are left out."""
    query = select(Subscription).where(Subscription.id.in_(set(ids))).order_by(Subscription.id).with_for_update()
    return {each.id: each for each in session.scalars(query)}


def newest(session: Session, slices: Iterable[str]) -> dict[str, int]:
    """The number of each feed's last change."""
    return dict(session.execute(select(Feed.slice, Feed.seq).where(Feed.slice.in_(set(slices)))).all())


def newest_change(session: Session) -> int:
    """The number of the last change of any feed."""
    return session.scalars(select(Ticker.value).where(Ticker.name == "feed")).one()


def apply(session: Session, wishes: Sequence[Wish], now: datetime) -> None:
    """Does what callbacks have agreed to: begins, renews, revives or ends a subscription to each of the topics."""
    wanted = [(key_of(wish.kind, topic, wish.callback), topic, wish) for wish in wishes for topic in wish.topics]
    keys = {key for key, _, _ in wanted}
    held = select(Subscription).where(Subscription.key.in_(keys)).order_by(Subscription.id).with_for_update()
    known = {each.key: each for each in session.scalars(held)}
    for key, topic, wish in wanted:
        found = known.pop(key, None)
        if wish.mode == "unsubscribe":
            if found is not None:
                session.delete(found)
        elif found is None:
            known[key] = _begun(session, wish, topic, key, now)
            session.flush()
            schedule_behind(session, now, Subscription.id == known[key].id)
        else:
            _renew(session, found, wish, now)
            known[key] = found
        session.flush()


def _begun(session: Session, wish: Wish, topic: str, key: str, now: datetime) -> Subscription:
    which = slice_of(topic)
    made = Subscription(kind=wish.kind, key=key, topic=topic, slice=which, callback=wish.callback, created_at=now)
    made.callback_host = wish.host
    made.delivered_seq = min(newest(session, [which]).get(which, 0), wish.since_seq)
    _take_terms(made, wish)
    session.add(made)
    return made


def _renew(session: Session, known: Subscription, wish: Wish, now: datetime) -> None:
    """A callback that answers is well again: what waits for a later attempt is sent now, and so is what was missed."""
    _take_terms(known, wish)
    known.state, known.reason = "active", None
    known.failures, known.failing_since, known.given_up_seq = 0, None, 0
    session.flush()
    if known.delivery_id is not None:
        outbox.hasten(session, PUSH_DELIVER, known.delivery_id)
    schedule_behind(session, now, Subscription.id == known.id)


def _take_terms(subscription: Subscription, wish: Wish) -> None:
    subscription.secret, subscription.signature_method = wish.secret, wish.signature_method
    subscription.lease_until = db_now() + float(wish.lease_seconds)


def any_over(session: Session) -> bool:
    """Whether there is something to sweep."""
    return any(session.scalar(query.limit(1)) is not None for query in (_over(), _dealt_with()))


def sweep(session: Session) -> None:
    """Removes subscriptions whose lease is over, and requests that were dealt with."""
    over = list(session.scalars(_over().order_by(Subscription.id).limit(PAGE).with_for_update(skip_locked=True)))
    session.execute(delete(Subscription).where(Subscription.id.in_(over)))
    ended = list(session.scalars(_dealt_with().limit(PAGE).with_for_update(skip_locked=True)))
    session.execute(delete(Verification).where(Verification.id.in_(ended)))


def _over() -> Select[int]:
    return select(Subscription.id).where(Subscription.lease_until <= db_now())


def _dealt_with() -> Select[int]:
    return select(Verification.id).where(Verification.ended_at <= db_now() - REMEMBERED)


def _is_active() -> ColumnElement[bool]:
    return and_(Subscription.state == "active", Subscription.lease_until > db_now())


def _is_behind() -> ColumnElement[bool]:
    return and_(Feed.seq > Subscription.delivered_seq, Feed.seq > Subscription.given_up_seq)


def _has_open_delivery() -> ColumnElement[bool]:
    """False also for one that died or was lost: it does not hold up the next."""
    return exists().where(
        OutboxRow.event_id == Subscription.delivery_id,
        OutboxRow.listener == PUSH_DELIVER.name,
        OutboxRow.due_at.is_not(None),
    )
