"""What the social worker looks at from time to time, beside what messages bring."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.social import turns
from services.social.accounts import lock
from services.social.concluding import too_late
from services.social.post import FETCH, SKIPPED, WAITING, move, want
from shared.clock import Clock
from shared.db import Database, db_now
from shared.models import SocialPost
from shared.publication import Publication
from shared.reactions import Reactions

# Seconds between two looks, and posts that are given up in one.
EVERY = 10.0
PAGE = 500
# Summing up reactions reads every post: the larger the archive, the rarer it is done. Pauses are so many times as long.
REST = 50


class Sweeper:
    """The worker's pulse: accounts that lost their turn get it back, posts whose time is over are skipped, and Redis
    learns of reactions."""

    def __init__(self, db: Database, publication: Publication, clock: Clock, reactions: Reactions) -> None:
        self._db = db
        self._publication = publication
        self._clock = clock
        self._reactions = reactions
        self._next = 0.0
        self._sum_up_at = 0.0

    def __call__(self) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY
        with self._db.read() as session:
            idle, late = turns.without_turn(session), _late(session)
        if idle:
            with self._db.write() as session:
                accounts = [each for each in lock(session, idle).values() if each.id in turns.without_turn(session)]
                for account in accounts:
                    account.turn, account.turn_at = None, None
                now = session.scalars(select(db_now())).one()
                turns.give(session, accounts, self._publication.tz, now, self._clock.now())
        if late:
            with self._db.write() as session:
                _skip(session)
        self._sum_up()

    def _sum_up(self) -> None:
        begun = time.monotonic()
        if begun >= self._sum_up_at:
            self._reactions.sync()
            self._sum_up_at = begun + REST * (time.monotonic() - begun)


def _late(session: Session) -> Sequence[int]:
    late = (SocialPost.state.in_(WAITING), SocialPost.not_after < db_now(), SocialPost.sent_at.is_(None))
    ours = (SocialPost.due_at.is_not(None), SocialPost.wanted != FETCH)
    return session.scalars(select(SocialPost.id).where(*ours, *late).limit(PAGE)).all()


def _skip(session: Session) -> None:
    """Their accounts are locked before, as everywhere: whoever holds one writes its posts as it read them."""
    owners = select(SocialPost.account_id).where(SocialPost.id.in_(_late(session)))
    lock(session, session.scalars(owners))
    now = session.scalars(select(db_now())).one()
    query = select(SocialPost).where(SocialPost.id.in_(_late(session))).order_by(SocialPost.id).with_for_update()
    for post in session.scalars(query):
        if post.state in WAITING:
            move(post, SKIPPED, too_late(post), now)
            want(post, "", None)
