"""Tells subscribers: who is to be told of a change, what each is sent, and what follows from its answer."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.push import subscriptions
from services.push.contents import Content, Contents, TopicGone
from services.push.retrying import Verdict, judge
from services.push.subscribing import host_of
from shared import crash, outbox
from shared.clock import Clock
from shared.db import Database, db_now
from shared.engine import AfterCommit, Engine, Job, Outcome, Post
from shared.errors import OutboundError
from shared.models import Feed, Subscription
from shared.publication import Publication

LONGEST_REASON = 300


@dataclass
class Delivery(Job):
    """`seq` is the change up to which the subscriber knows everything once it has agreed."""

    seq: int = 0
    digest: str = ""
    unchanged: bool = False
    gone: bool = False


class Deliveries:
    """The handlers of changed feeds and of deliveries."""

    def __init__(
        self, db: Database, engine: Engine, contents: Contents, publication: Publication, clock: Clock
    ) -> None:
        self._db = db
        self._engine = engine
        self._contents = contents
        self._publication = publication
        self._clock = clock

    def fan_out(self, claim: outbox.Claim) -> None:
        """Schedules one delivery for each subscription whose feed has changed and that has none under way."""
        begun = None
        with self._db.write() as session:
            numbers = [row.number for row in outbox.finish(session, claim)]
            if numbers:
                now, room = self._clock.now(), self._engine.room
                begun = subscriptions.schedule_behind(session, now, Feed.seq >= min(numbers), room=room)
            crash.reach("push.before_commit")
        crash.reach("push.after_commit")
        if begun:
            self.deliver(begun)

    def catch_up(self) -> None:
        """Schedules what slipped through: a change beside a new subscription, or a delivery that died."""
        with self._db.read() as session:
            if not subscriptions.any_behind(session):
                return
        with self._db.write() as session:
            subscriptions.schedule_behind(session, self._clock.now())

    def deliver(self, claim: outbox.Claim, *, waits: bool = True) -> None:
        """Begins the claimed deliveries; those that nobody waits for any more are done."""
        if not claim.rows:
            return
        with self._db.read() as session:
            query = (
                select(Subscription, Feed.seq)
                .join(Feed, Feed.slice == Subscription.slice)
                .where(
                    Subscription.id.in_({row.target_id for row in claim.rows}),
                    Subscription.state == "active",
                    Subscription.lease_until > db_now(),
                )
            )
            found = {subscription.id: (subscription, seq) for subscription, seq in session.execute(query)}
            session.expunge_all()
        wanted = {row for row in claim.rows if row.target_id in found and _is_open(found[row.target_id][0], row)}
        idle = tuple(row for row in claim.rows if row not in wanted)
        if idle:
            with self._db.write() as session:
                outbox.finish(session, replace(claim, rows=idle))
        jobs = [self._job(row, claim.token, *found[row.target_id]) for row in claim.rows if row in wanted]
        self._engine.take(claim, jobs, self._settle, waits=waits)

    def _job(self, row: outbox.Row, token: int, subscription: Subscription, seq: int) -> Delivery:
        job = Delivery(
            row=row,
            token=token,
            host=host_of(subscription.callback),
            troubled=subscription.failures > 0,
            prepare=lambda: self._prepare(job, subscription),
            seq=seq,
        )
        return job

    def _prepare(self, job: Delivery, subscription: Subscription) -> Post | Outcome:
        topic_url = self._publication.base_url + subscription.topic
        if subscription.kind == "rsscloud":
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            return Post(subscription.callback, urlencode({"url": topic_url}).encode(), form)
        try:
            content = self._contents.at_least(subscription.topic, job.seq)
        except TopicGone:
            job.gone = True
            return Outcome(reason="there is no such feed any more", tried=False)
        except OutboundError as error:
            return Outcome(reason=str(error), tried=False)
        job.seq, job.digest = max(job.seq, content.seq), content.digest
        if content.digest == subscription.delivered_hash:
            job.unchanged = True
            return Outcome(reason="nothing has changed", tried=False)
        links = f'<{self._publication.hub_url}>; rel="hub", <{topic_url}>; rel="self"'
        return Post(subscription.callback, content.body, _headers(subscription, content, links))

    def _settle(self, session: Session, jobs: Sequence[Job]) -> AfterCommit:
        """Writes what came of these deliveries, and schedules what is to follow."""
        held = subscriptions.lock(session, (job.row.target_id for job in jobs))
        newest = subscriptions.newest(session, (each.slice for each in held.values()))
        now = session.scalars(select(db_now())).one()
        follow: dict[float, list[int]] = {}
        for job in jobs:
            subscription = held.get(job.row.target_id)
            if subscription is None or not _is_open(subscription, job.row):
                continue
            assert isinstance(job, Delivery)
            again = _conclude(session, subscription, job, newest.get(subscription.slice, 0), now)
            if again is not None:
                follow.setdefault(again, []).append(subscription.id)
        session.flush()
        # What changed meanwhile is sent at once, by this worker.
        begun = subscriptions.begin(session, follow.pop(0.0, []), self._clock.now())
        for delay, ids in follow.items():
            subscriptions.schedule(session, ids, self._clock.now(), delay=delay)
        return lambda: self.deliver(begun, waits=False)


def _is_open(subscription: Subscription, row: outbox.Row) -> bool:
    return subscription.delivery_id == row.event_id


def _headers(subscription: Subscription, content: Content, links: str) -> dict[str, str]:
    headers = {"Content-Type": content.content_type, "Link": links}
    if subscription.secret:
        method = subscription.signature_method
        signature = hmac.new(subscription.secret.encode(), content.body, method).hexdigest()
        headers["X-Hub-Signature"] = f"{method}={signature}"
    return headers


def _conclude(session: Session, subscription: Subscription, job: Delivery, newest: int, now: float) -> float | None:
    """Writes down how the delivery ended; in how many seconds there is to be another, if any."""
    subscription.delivery_id = None
    if job.gone:
        subscription.given_up_seq = newest
        return None
    if job.unchanged:
        subscription.delivered_seq = job.seq
        return 0.0 if newest > job.seq else None
    verdict = judge(job.outcome, subscription.failures, subscription.failing_since, now)
    if verdict.kind == "gone":
        session.delete(subscription)
    elif verdict.kind == "delivered":
        _note_success(subscription, job)
        return 0.0 if newest > job.seq else None
    elif verdict.kind != "put off":
        _note_failure(subscription, verdict, newest, now)
    return verdict.again


def _note_success(subscription: Subscription, job: Delivery) -> None:
    subscription.delivered_seq, subscription.delivered_hash = job.seq, job.digest
    subscription.failures, subscription.failing_since = 0, None
    subscription.last_answer = job.outcome.reason


def _note_failure(subscription: Subscription, verdict: Verdict, newest: int, now: float) -> None:
    subscription.failures += 1
    subscription.failing_since = subscription.failing_since or now
    subscription.last_answer = verdict.reason[:LONGEST_REASON]
    if verdict.kind == "disabled":
        subscription.state, subscription.reason = "disabled", verdict.reason[:LONGEST_REASON]
    if verdict.again is None:
        subscription.given_up_seq = newest
