"""The push worker's part in webhooks: who is to be told of an event, telling it, and what follows from the answer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services.push import happenings, webhook_queue
from services.push.messages import body_of_test
from services.push.signing import signed_headers
from services.push.webhook_retries import DAY, judge
from shared import outbox
from shared.clock import Clock
from shared.db import Database, db_now
from shared.engine import Engine, Job, Outcome, Post
from shared.http import origin
from shared.models import Webhook, WebhookDelivery
from shared.publication import Publication

LOG_KEPT = 30 * DAY
PRUNE_EVERY = 3600.0
PRUNED_AT_ONCE = 1000
# Attempts kept of a delivery that was replayed often.
MOST_ATTEMPTS = 50


@dataclass
class Sending(Job):
    """The attempt of one delivery."""

    delivery_id: int = 0
    webhook_id: int = 0
    began: float = 0.0  # seconds of a clock that never jumps


class WebhookTasks:
    """The handlers of push.webhooks and push.send_webhook."""

    def __init__(self, db: Database, engine: Engine, publication: Publication, clock: Clock) -> None:
        self._db = db
        self._engine = engine
        self._publication = publication
        self._clock = clock
        self._next_pruning = 0.0

    def queue(self, claim: outbox.Claim) -> None:
        """Puts each event into the queues of the webhooks that want it. One query where there are no webhooks."""
        with self._db.write() as session:
            held = outbox.finish(session, claim)
            ids = list(session.scalars(select(Webhook.id).where(Webhook.state != "disabled")))
            if not ids or not held:
                return
            told = happenings.messages_of(session, self._publication, [row.event_id for row in held])
            now = session.scalars(select(db_now())).one()
            for webhook in webhook_queue.hold(session, ids).values():
                if webhook.state != "disabled" and webhook_queue.queue(session, webhook, told, now):
                    webhook_queue.give_turns(session, webhook, self._clock)

    def send(self, claim: outbox.Claim) -> None:
        """Begins to send; what becomes of it is settled when the answers come."""
        with self._db.read() as session:
            targets = select(WebhookDelivery, Webhook).join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
            found = {
                delivery.id: (delivery.turn, webhook)
                for delivery, webhook in session.execute(
                    targets.where(WebhookDelivery.id.in_([row.target_id for row in claim.rows]))
                )
            }
        jobs = []
        idle = []
        for row in claim.rows:
            turn, webhook = found.get(row.target_id, (None, None))
            if webhook is None or turn != row.event_id:
                idle.append(row)
            else:
                jobs.append(self._job(row, claim.token, webhook))
        if idle:
            with self._db.write() as session:
                outbox.finish(session, outbox.Claim(claim.listener, claim.token, tuple(idle)))
        if jobs:
            self._engine.take(claim, jobs, self._settle)

    def prune(self) -> None:
        """Removes what ended long ago from the log, a little at a time; called often."""
        if time.monotonic() < self._next_pruning:
            return
        old = (WebhookDelivery.created_at < db_now() - LOG_KEPT, WebhookDelivery.state != "waiting")
        with self._db.write() as session:
            ids = list(session.scalars(select(WebhookDelivery.id).where(*old).limit(PRUNED_AT_ONCE)))
            session.execute(delete(WebhookDelivery).where(WebhookDelivery.id.in_(ids)))
        if len(ids) < PRUNED_AT_ONCE:
            self._next_pruning = time.monotonic() + PRUNE_EVERY

    def _job(self, row: outbox.Row, token: int, webhook: Webhook) -> Sending:
        sending = Sending(
            row=row,
            token=token,
            host=origin(webhook.url)[0],
            troubled=webhook.failing_since is not None,
            prepare=lambda: Outcome(tried=False),
            delivery_id=row.target_id,
            webhook_id=webhook.id,
        )
        sending.prepare = partial(self._prepare, sending)
        return sending

    def _prepare(self, sending: Sending) -> Post | Outcome:
        """The call, with the event as its article stands now."""
        with self._db.read() as session:
            delivery = session.get(WebhookDelivery, sending.delivery_id)
            webhook = session.get(Webhook, delivery.webhook_id) if delivery else None
            if delivery is None or webhook is None or delivery.turn != sending.row.event_id:
                return Outcome(reason="it lost its turn", tried=False)
            if webhook.state != "enabled":
                return Outcome(reason=f"the webhook is {webhook.state}", tried=False)
            if delivery.event_id is None:
                body = body_of_test(self._publication, delivery.id, self._clock.now())
            else:
                (told,) = happenings.messages_of(session, self._publication, [delivery.event_id])
                body = told.body
            now = session.scalars(select(db_now())).one()
        secrets = [webhook.secret]
        if webhook.previous_secret and webhook.previous_until and now < webhook.previous_until:
            secrets.append(webhook.previous_secret)
        headers = {
            **signed_headers(webhook_queue.message_id(webhook, delivery), int(time.time()), body, secrets),
            "webhook-attempt": str(delivery.failures + 1),
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "User-Agent": f"Masthead-Webhooks (+{self._publication.base_url})",
        }
        sending.began = time.monotonic()
        return Post(webhook.url, body, headers)

    def _settle(self, session: Session, jobs: Sequence[Job]) -> None:
        sendings = {job.delivery_id: job for job in jobs if isinstance(job, Sending)}
        webhooks = webhook_queue.hold(session, {each.webhook_id for each in sendings.values()})
        now = session.scalars(select(db_now())).one()
        for delivery in session.scalars(select(WebhookDelivery).where(WebhookDelivery.id.in_(sendings))):
            sending = sendings[delivery.id]
            if delivery.turn == sending.row.event_id:
                self._write(session, webhooks[delivery.webhook_id], delivery, sending, now)
        for webhook in webhooks.values():
            session.flush()
            webhook_queue.give_turns(session, webhook, self._clock)

    def _write(
        self, session: Session, webhook: Webhook, delivery: WebhookDelivery, sending: Sending, now: float
    ) -> None:
        outcome = sending.outcome
        first = delivery.attempts[-delivery.failures]["at"] if delivery.failures else now
        verdict = judge(
            outcome,
            failures=delivery.failures,
            tried_for=now - first,
            failing_for=now - (webhook.failing_since or now),
        )
        if outcome.tried:
            seconds = round(time.monotonic() - sending.began, 3)
            made = {"at": now, "status": outcome.status, "reason": outcome.reason[:500], "seconds": seconds}
            delivery.attempts = [*delivery.attempts, made][-MOST_ATTEMPTS:]
            delivery.failures = 0 if outcome.ok else delivery.failures + 1
            webhook.failing_since = None if outcome.ok else webhook.failing_since or now
        delivery.state, delivery.turn = verdict.state, None
        if verdict.state == "waiting" and webhook.state == "enabled":
            webhook_queue.give_turn(session, delivery, self._clock, delay=verdict.again)
        if verdict.disable and webhook.state != "disabled":
            webhook.state, webhook.reason = "disabled", verdict.disable
            webhook_queue.cancel(session, webhook)
