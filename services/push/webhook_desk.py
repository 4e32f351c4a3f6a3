"""What owners do with their webhooks, on a session. Of what belongs to others, nothing is known: NotFound."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from services.push import happenings, webhook_queue
from services.push.signing import new_secret
from services.push.subscribing import Desk
from services.push.webhook_forms import Change, NewWebhook
from services.push.webhook_retries import DAY
from shared.clock import Clock
from shared.db import db_now
from shared.errors import Conflict, Fault, Invalid, NotFound, OutboundError, Refused
from shared.http import origin
from shared.models import Webhook, WebhookDelivery
from shared.publication import Publication

MOST_WEBHOOKS = 50  # of one publisher
OVERLAP = DAY  # for which a rotated secret still signs
REPLAYED = timedelta(days=30)
MOST_REPLAYED = 10_000
PAGE = 500


@dataclass(frozen=True)
class WebhookDesk:
    publication: Publication
    clock: Clock
    callbacks: Desk  # knows which addresses are called

    def check_url(self, url: str) -> None:
        """Raises Invalid for an address that would not be called; looks its name up."""
        door = self.callbacks.door
        try:
            self.callbacks.callback(url)
            door.addresses(*origin(url), private=door.check(url))
        except (Refused, OutboundError) as error:
            accepted = "a web address of a public server, on port 80, 443 or 8443"
            fault = Fault("/url", str(error), url[:200], accepted)
            raise Invalid("This address would not be called.", faults=[fault], title="Not a usable webhook") from error

    def create(self, session: Session, publisher: int, wanted: NewWebhook) -> Webhook:
        has = session.scalar(select(func.count()).where(Webhook.publisher_id == publisher)) or 0
        if has >= MOST_WEBHOOKS:
            raise Conflict(f"You have {has} webhooks; delete one first.", title="Too many webhooks")
        made = Webhook(
            key=str(uuid.uuid4()),
            publisher_id=publisher,
            url=wanted.url,
            description=wanted.description,
            filters=wanted.filters,
            events=wanted.events,
            secret=new_secret(),
            state="enabled",
            created_at=_now(session),
        )
        session.add(made)
        session.flush()
        return made

    def change(self, session: Session, publisher: int, key: str, wanted: Change) -> Webhook:
        webhook = held(session, publisher, key)
        for name, value in wanted.model_dump(exclude_none=True).items():
            setattr(webhook, name, value)
        if wanted.state == "enabled":
            webhook.reason = None
            webhook.failing_since = None
            webhook_queue.give_turns(session, webhook, self.clock)
        return webhook

    def rotate(self, session: Session, publisher: int, key: str) -> Webhook:
        """A new secret; the old one signs beside it for a while."""
        webhook = held(session, publisher, key)
        webhook.previous_secret, webhook.previous_until = webhook.secret, _now(session) + OVERLAP
        webhook.secret = new_secret()
        return webhook

    def remove(self, session: Session, publisher: int, key: str) -> None:
        webhook = held(session, publisher, key)
        session.execute(delete(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook.id))
        session.delete(webhook)

    def test(self, session: Session, publisher: int, key: str) -> WebhookDelivery:
        webhook = _enabled(held(session, publisher, key))
        number = webhook_queue.queue_test(session, webhook, _now(session))
        webhook_queue.give_turns(session, webhook, self.clock)
        return session.get_one(WebhookDelivery, number)

    def replay_one(self, session: Session, publisher: int, key: str, number: int) -> int:
        webhook = _enabled(held(session, publisher, key))
        if delivery_of(session, webhook, number).state == "waiting":
            raise Conflict("This delivery still waits to be sent.", title="Nothing to replay")
        done = webhook_queue.requeue(session, webhook, [number])
        webhook_queue.give_turns(session, webhook, self.clock)
        return done

    def replay(self, session: Session, publisher: int, key: str, since: datetime) -> int:
        """Sends every event that the webhook wants from this time on once more, also those it was never sent."""
        if since < self.clock.now() - REPLAYED:
            fault = Fault("/since", "is too long ago", since.isoformat(), f"at most {REPLAYED.days} days ago")
            raise Invalid("Nothing was replayed.", faults=[fault], title="Not a usable replay")
        webhook = _enabled(held(session, publisher, key))
        after = happenings.before(session, since, happenings.newest(session))
        scheduled, last = 0, False
        while not last:
            told = happenings.messages(session, self.publication, after=after, limit=PAGE)
            wanted = [each.id for each in told if webhook_queue.wants(webhook, each)]
            known = session.scalars(
                select(WebhookDelivery.id).where(
                    WebhookDelivery.webhook_id == webhook.id, WebhookDelivery.event_id.in_(wanted)
                )
            ).all()
            scheduled += webhook_queue.requeue(session, webhook, known)
            scheduled += webhook_queue.queue(session, webhook, told, _now(session))
            if scheduled > MOST_REPLAYED:
                raise Conflict(f"There are more than {MOST_REPLAYED:,} events; begin later.", title="Too many events")
            last = len(told) < PAGE
            after = told[-1].id if told else after
        webhook_queue.give_turns(session, webhook, self.clock)
        return scheduled


def held(session: Session, publisher: int, key: str) -> Webhook:
    """The publisher's webhook, held until the commit. Raises NotFound."""
    return webhook_queue.hold(session, [find(session, publisher, key).id]).popitem()[1]


def find(session: Session, publisher: int, key: str) -> Webhook:
    found = session.scalar(select(Webhook).where(Webhook.key == key, Webhook.publisher_id == publisher))
    if found is None:
        raise NotFound("No webhook of yours has this id.")
    return found


def all_of(session: Session, publisher: int) -> list[Webhook]:
    """The publisher's webhooks, the oldest first."""
    return list(session.scalars(select(Webhook).where(Webhook.publisher_id == publisher).order_by(Webhook.id)))


def delivery_of(session: Session, webhook: Webhook, number: int) -> WebhookDelivery:
    found = session.get(WebhookDelivery, number)
    if found is None or found.webhook_id != webhook.id:
        raise NotFound("This webhook has no delivery of this number.")
    return found


def waiting(session: Session, webhook: Webhook) -> int:
    """Events that are not delivered yet."""
    query = select(func.count()).where(WebhookDelivery.webhook_id == webhook.id, WebhookDelivery.state == "waiting")
    return session.scalar(query) or 0


def log(session: Session, webhook: Webhook, *, before: int, limit: int) -> list[WebhookDelivery]:
    """Deliveries, the newest first."""
    query = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook.id, WebhookDelivery.id < before)
    return list(session.scalars(query.order_by(WebhookDelivery.id.desc()).limit(limit)))


def _enabled(webhook: Webhook) -> Webhook:
    if webhook.state != "enabled":
        raise Conflict(f"The webhook is {webhook.state}; enable it first.", title="The webhook is not enabled")
    return webhook


def _now(session: Session) -> float:
    return session.scalars(select(db_now())).one()
