"""Sending a post, once, and finding out what came of it when the answer was lost.

Sending is: compose, see that the page is ready, commit the post as armed with all that a repeat needs, call the network
once. Whatever ends in between leaves a post that is either planned, and was certainly not sent, or armed.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.social import changes, concluding, offering, turns
from services.social.access import Access
from services.social.accounts import ACTIVE, lock
from services.social.digest import compose_together
from services.social.draft import Draft, Posted
from services.social.network import Account
from services.social.outcomes import Cannot, NotSent, PostError, RefusedByNetwork
from services.social.post import ARMED, ARTICLE, CORRECTION, DELETE, UNCONFIRMED, VISIBLE, WAITING, move, want
from services.social.readiness import Readiness
from services.social.text.template import TemplateRefused
from services.social.text.writing import NoRoom
from services.social.wellbeing import Desk
from services.social.work import Conclusion, Work, hold
from shared import crash, outbox
from shared.db import Database, db_now
from shared.http import Door
from shared.models import SocialPost
from shared.publication import Publication
from shared.standing import load_for_effect
from shared.visibility import is_visible

# Seconds after which a turn calls no network any more: its row's lease must not end while a post is on its way.
LATEST_CALL = 25.0
# Seconds until a page that is not ready is asked for again, and until a turn that found something changed looks anew.
NOT_READY, A_MOMENT = 2.0, 0.5
# Seconds before an attempt from which on other posts could be taken for what it made: clocks differ.
A_WHILE = 900.0
# The time in which a monthly cap counts what was spent.
MONTH = timedelta(days=30)


class Sending:
    def __init__(self, db: Database, access: Access, readiness: Readiness, publication: Publication) -> None:
        self._db = db
        self._access = access
        self._readiness = readiness
        self._publication = publication

    def send(self, work: Work) -> Conclusion:
        """Sends the next part of the post, or says why not now, or not at all."""
        if (otherwise := _no_longer(work)) is not None:
            return otherwise
        try:
            draft, count = self._composed(work)
        except (TemplateRefused, NoRoom, ValueError) as error:
            work.posts = work.posts[:1]
            return partial(concluding.refused, why=str(error))
        work.posts = work.posts[:count]
        missing = "" if work.done else self._missing(work, draft)
        if missing:
            return partial(concluding.postponed, why=missing, seconds=NOT_READY)
        if over := self._over_cap(work, draft):
            return partial(concluding.capped, why=over)
        if work.network.can.fetched:
            return partial(offering.offered, draft=draft, written_from=work.readings, publication=self._publication)
        try:
            draft = self._access.call(work, partial(_prepare, work, draft))
        except PostError as error:
            return partial(concluding.failed, error=error)
        if not self._arm(work, draft):
            return _nothing
        crash.reach("social.after_arming")
        try:
            posted = self._access.call(work, partial(_publish, work, draft))
        except PostError as error:
            return partial(concluding.failed, error=error)
        crash.reach("social.after_call")
        return partial(concluding.sent, draft=draft, posted=posted)

    def _missing(self, work: Work, draft: Draft) -> str:
        """Why one of the pages that the post leads to, or its picture, cannot be shown yet."""
        pages = {reading.article.url: reading.version for reading in work.visible}
        pictures = [each.url for each in (draft.image, *draft.media) if each is not None]
        return self._readiness.missing(pages, pictures)

    def confirm(self, work: Work) -> Conclusion:
        """Finds out what came of a post: by repeating it while that makes no second one, else by looking it up."""
        begun = work.post.first_armed_at or work.now
        repeatable = work.network.can.repeats.total_seconds() > work.now - begun
        if repeatable and len(work.visible) == len(work.posts) and work.row.state == ACTIVE:
            return self._repeat(work)
        return self._looked_up(work, concluding.missed)

    def _repeat(self, work: Work) -> Conclusion:
        draft = work.draft
        if not self._arm(work, draft):
            return _nothing
        try:
            posted = self._access.call(work, partial(_publish, work, draft))
        except RefusedByNetwork as error:  # the first attempt may be there none the less
            return self._looked_up(work, partial(concluding.refused, why=str(error)))
        except PostError as error:
            return partial(concluding.still_unknown, error=error)
        return partial(concluding.sent, draft=draft, posted=posted)

    def _looked_up(self, work: Work, absent: Conclusion) -> Conclusion:
        begun = work.post.first_armed_at or work.now
        since, others = datetime.fromtimestamp(begun, UTC), self._others(work, begun)

        def find(account: Account, door: Door) -> Posted | None:
            return work.network.find(work.draft, account, door, since, done=work.done, others=others)

        try:
            found = self._access.call(work, find)
        except (Cannot, RefusedByNetwork) as error:
            return partial(concluding.unconfirmed, why=str(error), can_tell=False)
        except PostError as error:
            return partial(concluding.still_unknown, error=error)
        return absent if found is None else partial(concluding.sent, draft=work.draft, posted=found)

    def _others(self, work: Work, begun: float) -> set[str]:
        """Ids of the account's other posts that are out since a while before that instant."""
        query = select(SocialPost.parts).where(
            SocialPost.account_id == work.row.id, SocialPost.id != work.post.id, SocialPost.sent_at > begun - A_WHILE
        )
        with self._db.read() as session:
            return {part["id"] for parts in session.scalars(query) for part in parts}

    def _composed(self, work: Work) -> tuple[Draft, int]:
        """The draft, and how many posts it stands for. One that was sent in part is not written anew."""
        if work.done:
            return work.draft, 1
        first, articles = work.visible[0], work.articles()
        key = f"{first.article.id}-{work.row.id}-{work.post.kind}-v{first.version}"
        if work.post.kind.startswith(CORRECTION):
            articles = articles[:1]
        draft, count = compose_together(work.network, articles, work.account, key=key, at=work.at)
        return replace(draft, reply_to=self._before(work)), count

    def _before(self, work: Work) -> Posted | None:
        """The post that this one answers: a correction the post it corrects, if it is there still, in a burst the
        account's latest."""
        visible = SocialPost.sent_at.is_not(None), SocialPost.state.in_(VISIBLE)
        own = (SocialPost.account_id == work.row.id, *visible)
        with self._db.read() as session:
            if work.post.kind.startswith(CORRECTION):
                about = (SocialPost.article_seq == work.post.article_seq, SocialPost.kind == ARTICLE)
                post = session.scalar(select(SocialPost).where(*own, *about))
                post = changes.carrier_of(session, post) if post is not None else None
            elif not work.post.breaking and turns.continues_burst(session, work.row, work.choice, work.now):
                latest = select(SocialPost).where(*own, SocialPost.digest_id.is_(None))
                post = session.scalar(latest.order_by(SocialPost.sent_at.desc()).limit(1))
            else:
                return None
            parts = post.parts if post is not None else []
        return Posted.from_json(parts[-1]) if parts and parts[-1]["id"] else None

    def _over_cap(self, work: Work, draft: Draft) -> str:
        """Why the account may not spend what this post costs; empty when it may."""
        cap = work.account.settings.get("monthly_cap")
        if cap is None or work.done:
            return ""
        lately = SocialPost.sent_at > work.now - MONTH.total_seconds()
        with self._db.read() as session:
            spent = sum(session.scalars(select(SocialPost.cost).where(SocialPost.account_id == work.row.id, lately)))
        if spent + work.network.cost(draft) <= float(cap):
            return ""
        return f"${spent:.2f} were spent in {MONTH.days} days, and the monthly cap is ${float(cap):.2f}"

    def _arm(self, work: Work, draft: Draft) -> bool:
        """Commits that the network is about to be called. False when something has changed since the turn began."""
        with self._db.write() as session:
            if not outbox.is_held(session, work.turn.row.id, work.turn.token):
                return False
            versions = _visible_versions(session, work)
            account = lock(session, [work.row.id]).get(work.row.id)
            posts = hold(session, [post.id for post in work.posts])
            mine = account is not None and account.turn == work.turn.row.event_id and account.state == ACTIVE
            same = all(versions.get(each.article_seq) == work.readings[each.article_seq].version for each in posts)
            waits = posts[0].wanted and all(each.state in (*WAITING, UNCONFIRMED) for each in posts)
            if not (mine and same and waits):
                return False
            now = session.scalars(select(db_now())).one()
            for each in posts:
                move(each, ARMED, "", now)
                if not work.done and each.first_armed_at is None:  # written in this turn, and not in an earlier one
                    each.version = versions[each.article_seq]
                each.armed_at, each.first_armed_at = now, each.first_armed_at or now
                each.digest_id = None if each is posts[0] else posts[0].id
            posts[0].draft = draft.as_json()
        return True


def _visible_versions(session: Session, work: Work) -> dict[int, int]:
    """The versions of the articles that may be shown, held against change until the commit."""
    found = load_for_effect(session, [post.article_seq for post in work.posts])
    return {
        article.seq: enrichment.version
        for article, enrichment, _ in found
        if enrichment is not None and is_visible(article, enrichment)
    }


def _prepare(work: Work, draft: Draft, account: Account, door: Door) -> Draft:
    return work.network.prepare(draft, account, door, done=work.done)


def _publish(work: Work, draft: Draft, account: Account, door: Door) -> Posted:
    if time.monotonic() > work.turn.taken_at + LATEST_CALL:
        raise NotSent("The worker stood still for too long.")
    return work.network.publish(draft, account, door, done=work.done)


def _nothing(desk: Desk) -> None:
    """Something has changed since the turn began; the next one looks anew, a moment later."""
    desk.account.paused_until = max(desk.account.paused_until, desk.now + A_MOMENT)


def _no_longer(work: Work) -> Conclusion | None:
    """What is to be done with these posts instead of sending them, where that has changed."""
    gone = {post.id for post in work.posts if not work.may_show(post)}
    late = {post.id for post in work.posts if post.not_after < work.now}
    if work.done:  # what was begun is ended, or taken back
        return (lambda desk: want(desk.post, DELETE, desk.now)) if gone else None
    if not gone and not late:
        return None

    def conclude(desk: Desk) -> None:
        for post in desk.posts:
            if post.id in gone:
                concluding.skipped(replace(desk, posts=[post]), "the article was withdrawn")
            elif post.id in late:
                concluding.skipped(replace(desk, posts=[post]), concluding.too_late(post))

    return conclude
