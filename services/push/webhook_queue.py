"""The deliveries of a webhook stand in a queue; only a few have their turn at a time.

So a burst of events, or a receiver that is away, costs a few rows of the outbox and not one for each event, and no
webhook can crowd out another. Every function here is called with the webhook's row held, see `hold`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from services.push.messages import Message
from shared import outbox
from shared.clock import Clock
from shared.events import WebhookScheduled
from shared.models import Webhook, WebhookDelivery
from shared.topics import select as selection_of

# Deliveries of a webhook that have their turn. While it is well, those that wait to be tried again do not count.
TURNS = 50


def hold(session: Session, ids: Collection[int]) -> dict[int, Webhook]:
    """These webhooks by id, held until the commit; always in one order, so that nobody waits in a circle."""
    rows = session.scalars(select(Webhook).where(Webhook.id.in_(ids)).order_by(Webhook.id).with_for_update())
    return {row.id: row for row in rows}


def wants(webhook: Webhook, message: Message) -> bool:
    return message.name in webhook.events and selection_of(webhook.filters.items()).holds(message.slices)


def queue(session: Session, webhook: Webhook, messages: Sequence[Message], now: float) -> int:
    """Puts what the webhook wants at the end of its queue; gives the number. What it has already is left alone."""
    wanted = [each for each in messages if wants(webhook, each)]
    known = set(
        session.scalars(
            select(WebhookDelivery.event_id).where(
                WebhookDelivery.webhook_id == webhook.id, WebhookDelivery.event_id.in_([each.id for each in wanted])
            )
        )
    )
    rows = [_row(webhook, each.name, each.id, now) for each in wanted if each.id not in known]
    if rows:
        session.execute(insert(WebhookDelivery), rows)
    return len(rows)


def queue_test(session: Session, webhook: Webhook, now: float) -> int:
    """Puts a test at the end of the queue; gives the delivery's id."""
    row = _row(webhook, "webhook.test", None, now)
    return session.scalars(insert(WebhookDelivery).returning(WebhookDelivery.id), [row]).one()


def requeue(session: Session, webhook: Webhook, ids: Collection[int]) -> int:
    """Lets deliveries that ended stand in the queue once more; gives the number."""
    again = (
        update(WebhookDelivery)
        .where(
            WebhookDelivery.webhook_id == webhook.id,
            WebhookDelivery.id.in_(ids),
            WebhookDelivery.state != "waiting",
        )
        .values(state="waiting", turn=None, failures=0)
        .returning(WebhookDelivery.id)
        .execution_options(synchronize_session=False)
    )
    return len(session.scalars(again).all())


def give_turns(session: Session, webhook: Webhook, clock: Clock) -> None:
    """Lets the next in the queue have their turn, as far as there is room."""
    if webhook.state != "enabled":
        return
    waiting = (WebhookDelivery.webhook_id == webhook.id, WebhookDelivery.state == "waiting")
    taken = select(func.count()).where(*waiting, WebhookDelivery.turn.is_not(None))
    if webhook.failing_since is None:
        taken = taken.where(WebhookDelivery.failures == 0)
    room = TURNS - (session.scalar(taken) or 0)
    if room > 0:
        following = select(WebhookDelivery).where(*waiting, WebhookDelivery.turn.is_(None))
        for delivery in session.scalars(following.order_by(WebhookDelivery.id).limit(room)):
            give_turn(session, delivery, clock)


def give_turn(session: Session, delivery: WebhookDelivery, clock: Clock, *, delay: float = 0.0) -> None:
    """Schedules the delivery's next attempt. An attempt scheduled before loses its turn."""
    (delivery.turn,) = outbox.record(session, [WebhookScheduled(delivery.id, clock.now())], delay=delay)


def cancel(session: Session, webhook: Webhook) -> None:
    """Empties the queue."""
    session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.webhook_id == webhook.id, WebhookDelivery.state == "waiting")
        .values(state="cancelled", turn=None)
    )


def message_id(webhook: Webhook, delivery: WebhookDelivery) -> str:
    """The same for every attempt of a delivery, so that a receiver can tell a repeat; without a dot, since signatures
    put one behind it."""
    return f"msg_{webhook.key[:8]}_{delivery.id}"


def _row(webhook: Webhook, name: str, event_id: int | None, now: float) -> dict[str, Any]:
    return {
        "webhook_id": webhook.id,
        "event_id": event_id,
        "name": name,
        "state": "waiting",
        "turn": None,
        "failures": 0,
        "attempts": [],
        "created_at": now,
    }
