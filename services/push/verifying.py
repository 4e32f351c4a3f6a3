"""Requests to the hub: taken within limits, and done only once the callback has said that it means them.

One accepted request is one small GET (of rssCloud without a domain, one small POST), whatever comes of it. While it has
not been agreed to, nothing changes.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from services.push import subscriptions
from services.push.subscribing import Wish, with_query
from shared import outbox
from shared.clock import Clock
from shared.db import Database, db_now
from shared.engine import Engine, Job, Outcome, Post
from shared.errors import NotFound, OutboundError, Refused
from shared.events import VerificationScheduled
from shared.http import Door
from shared.models import Subscription, Verification
from shared.publication import Publication

MINUTE = 60
DEADLINE = 5.0
# Bytes of an answer that are looked at; a challenge is shorter.
MOST_BYTES = 10_000


@dataclass(frozen=True)
class Limits:
    """What the hub takes, so that nobody can turn it against others."""

    subscriptions: int  # of one callback host
    about_host: int  # requests about one callback host in a minute; a sixth of them may wait for its answer
    from_client: int  # requests of one client in a minute; twice as many are looked at, refused ones included

    @property
    def waiting(self) -> int:
        return self.about_host // 6

    @property
    def looked_at(self) -> int:
        return 2 * self.from_client


class Requests:
    """The hub's door: what may come in."""

    def __init__(self, db: Database, clock: Clock, limits: Limits) -> None:
        self._db = db
        self._clock = clock
        self._limits = limits
        self._seen: Counter[str] = Counter()  # requests by client, in this minute
        self._minute = 0
        self._counting = threading.Lock()

    def take(self, wish: Wish, client: str) -> None:
        """Keeps a request until its callback is asked. Raises Refused (429) beyond the limits."""
        self._look_away(client)
        with self._db.read() as session:  # so that refusing costs nobody a turn to write
            self._check_limits(session, wish, client)
            if not all(subscriptions.is_known(session, topic) for topic in wish.topics):
                raise NotFound("Nothing was ever published there.")
        with self._db.write() as session:
            made = Verification(
                kind=wish.kind,
                mode=wish.mode,
                topics=list(wish.topics),
                callback=wish.callback,
                callback_host=wish.host,
                asks_challenge=wish.asks_challenge,
                lease_seconds=wish.lease_seconds,
                secret=wish.secret,
                signature_method=wish.signature_method,
                client=client,
                requested_at=db_now(),
                since_seq=subscriptions.newest_change(session),
            )
            session.add(made)
            session.flush()
            outbox.record(session, [VerificationScheduled(made.id, self._clock.now())])

    def _look_away(self, client: str) -> None:
        """So that who goes on after refusals costs the record nothing."""
        minute = int(time.monotonic() // MINUTE)
        with self._counting:
            if minute != self._minute:
                self._minute = minute
                self._seen.clear()
            self._seen[client] += 1
            count = self._seen[client]
        if count > self._limits.looked_at:
            raise self._too_many_from_client()

    def _check_limits(self, session: Session, wish: Wish, client: str) -> None:
        from_client = Verification.client == client
        about_host = Verification.callback_host == wish.host
        lately = Verification.requested_at > db_now() - MINUTE
        limits = self._limits
        if _count(session, limits.from_client, from_client, lately) >= limits.from_client:
            raise self._too_many_from_client()
        if _count(session, limits.waiting, about_host, Verification.ended_at.is_(None)) >= limits.waiting:
            raise _too_many(f"{limits.waiting} requests wait for an answer of {wish.host} already.", 10)
        if _count(session, limits.about_host, about_host, lately) >= limits.about_host:
            raise _too_many(f"{limits.about_host} requests in a minute are accepted about one host.", MINUTE)
        if not has_room(session, wish, limits.subscriptions):
            raise _too_many(f"{wish.host} has {limits.subscriptions} subscriptions, which is the limit.", 60 * MINUTE)

    def _too_many_from_client(self) -> Refused:
        return _too_many(f"{self._limits.from_client} requests in a minute are accepted from one address.", MINUTE)


def has_room(session: Session, wish: Wish, most_per_host: int) -> bool:
    """Whether the host may have these subscriptions, or has them already."""
    if wish.mode != "subscribe":
        return True
    keys = [subscriptions.key_of(wish.kind, topic, wish.callback) for topic in wish.topics]
    known = session.scalars(select(Subscription.id).where(Subscription.key.in_(keys))).all()
    if len(known) == len(keys):
        return True
    count = select(Subscription.id).where(Subscription.callback_host == wish.host).limit(most_per_host)
    held = session.scalar(select(func.count()).select_from(count.subquery())) or 0
    return held + len(keys) - len(known) <= most_per_host


@dataclass
class Question(Job):
    """A request on its way to its callback."""

    wish: Wish | None = None


class Verifications:
    """The handler of requests."""

    def __init__(
        self,
        db: Database,
        engine: Engine,
        door: Door,
        publication: Publication,
        clock: Clock,
        *,
        most_per_host: int,
    ) -> None:
        self._db = db
        self._engine = engine
        self._door = door
        self._publication = publication
        self._clock = clock
        self._most_per_host = most_per_host

    def verify(self, claim: outbox.Claim) -> None:
        """Begins to ask the callbacks of the claimed requests."""
        ids = {row.target_id for row in claim.rows}
        with self._db.read() as session:
            asked = session.scalars(select(Verification).where(Verification.id.in_(ids)))
            wishes = {each.id: _wish_of(each) for each in asked if each.ended_at is None}
            welcome = {key: has_room(session, wish, self._most_per_host) for key, wish in wishes.items()}
        jobs = [self._question(row, claim.token, wishes.get(row.target_id), welcome) for row in claim.rows]
        self._engine.take(claim, jobs, self._settle)

    def _question(self, row: outbox.Row, token: int, wish: Wish | None, welcome: dict[int, bool]) -> Question:
        def ask() -> Post | Outcome:
            if wish is None:
                return Outcome(reason="it was dealt with", tried=False)
            try:
                return self._ask(wish) if welcome[row.target_id] else self._deny(wish)
            except OutboundError as error:
                return Outcome(reason=str(error))

        return Question(row, token, wish.host if wish else "", troubled=False, prepare=ask, calls=True, wish=wish)

    def _ask(self, wish: Wish) -> Outcome:
        """Whether the callback means it: a status of 2xx if so, else 0 and the reason."""
        topic_url = self._publication.base_url + wish.topics[0]
        challenge = secrets.token_urlsafe(32)
        if wish.kind == "websub":
            asked = {"hub.mode": wish.mode, "hub.topic": topic_url, "hub.challenge": challenge}
            lease = {"hub.lease_seconds": str(wish.lease_seconds)} if wish.mode == "subscribe" else {}
            url = with_query(wish.callback, **asked, **lease)
        elif wish.asks_challenge:
            url = with_query(wish.callback, url=topic_url, challenge=challenge)
        else:
            body = urlencode({"url": topic_url}).encode()
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = self._door.send("POST", wish.callback, body, headers=form, max_bytes=MOST_BYTES, deadline=DEADLINE)
            return Outcome(answer.status, f"HTTP {answer.status}")
        answer = self._door.get(url, max_bytes=MOST_BYTES, deadline=DEADLINE, follow=False)
        if not 200 <= answer.status < 300:
            return Outcome(reason=f"the callback answered HTTP {answer.status}")
        said = answer.body if wish.kind == "websub" else answer.body.strip()
        if not hmac.compare_digest(said, challenge.encode()):
            return Outcome(reason="the callback did not repeat the challenge")
        return Outcome(answer.status, f"HTTP {answer.status}")

    def _deny(self, wish: Wish) -> Outcome:
        if wish.kind == "websub":
            reason = f"{wish.host} has {self._most_per_host} subscriptions, which is the limit"
            told = {"hub.mode": "denied", "hub.topic": self._publication.base_url + wish.topics[0]}
            url = with_query(wish.callback, **told, **{"hub.reason": reason})
            self._door.get(url, max_bytes=MOST_BYTES, deadline=DEADLINE, follow=False)
        return Outcome(reason="denied")

    def _settle(self, session: Session, jobs: Sequence[Job]) -> None:
        """Applies what was agreed to; everything asked is over, whatever the answer."""
        now = self._clock.now()
        questions = [job for job in jobs if isinstance(job, Question) and job.wish is not None]
        subscriptions.apply(session, [each.wish for each in questions if each.wish and each.outcome.ok], now)
        put_off = [each.row.target_id for each in questions if not each.outcome.tried]
        outbox.record(session, [VerificationScheduled(each, now) for each in put_off], delay=MINUTE / 12)
        ended = [each.row.target_id for each in questions if each.outcome.tried]
        session.execute(update(Verification).where(Verification.id.in_(ended)).values(ended_at=db_now(), secret=""))


def _wish_of(asked: Verification) -> Wish:
    return Wish(
        kind=asked.kind,
        mode=asked.mode,
        topics=tuple(asked.topics),
        callback=asked.callback,
        lease_seconds=asked.lease_seconds,
        asks_challenge=asked.asks_challenge,
        secret=asked.secret,
        signature_method=asked.signature_method,
        since_seq=asked.since_seq,
    )


def _count(session: Session, most: int, *conditions: ColumnElement[bool]) -> int:
    """How many requests there are, counted up to `most`."""
    found = select(Verification.id).where(*conditions).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(found)) or 0


def _too_many(detail: str, seconds: int) -> Refused:
    return Refused(detail, status=429, title="Too many requests", headers={"Retry-After": str(seconds)})
