"""An account's turn: one thing is done for it, and what came of it is committed with the row that allowed it.

Sending is: compose, see that the page is ready, commit the post as armed with all that a repeat needs, call the network
once. Whatever ends in between leaves a post that is either planned, and was certainly not sent, or armed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.social import concluding, turns
from services.social.accounts import ACTIVE, as_seen_by_network, choice_of, host_of, keep_access, lock, network_of
from services.social.article import Article
from services.social.choice import Choice
from services.social.concluding import Desk
from services.social.digest import compose_together
from services.social.network import Account, Draft, Network, Posted
from services.social.outcomes import AccountBroken, Cannot, Gone, NotSent, PostError, RefusedByNetwork, TokenExpired
from services.social.post import ARMED, CONFIRM, DELETE, EDIT, SEND, UNCONFIRMED, WAITING, move, want
from services.social.readiness import Readiness
from services.social.reading import Reading, read, with_campaign
from services.social.text.template import TemplateRefused
from services.social.text.writing import NoRoom
from services.social.turns import Todo
from services.social.vault import Vault
from shared import crash, outbox
from shared.clock import Clock
from shared.db import Database, db_now
from shared.engine import AfterCommit, Engine, Job, Outcome
from shared.errors import ConfigurationError
from shared.http import Door
from shared.models import SocialAccount, SocialPost
from shared.publication import Publication
from shared.standing import load_for_effect
from shared.visibility import is_visible

# Seconds after which a turn calls no network any more: its row's lease must not end while a post is on its way.
LATEST_CALL = 25.0
# Seconds until a page that is not ready is asked for again.
NOT_READY = 2.0
A_MOMENT = 0.5
# Of a post that was confirmed by a person.
UNKNOWN_ID = "It is not known under which id the network has the post, so it cannot be changed."

Conclusion = Callable[[Desk], None]
T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass
class Turn(Job):
    account_id: int = 0
    posts: tuple[int, ...] = ()
    conclude: Conclusion | None = None


@dataclass
class Work:
    """What a turn is about, as it stood when the turn began. `account` is renewed with its access tokens."""

    turn: Turn
    row: SocialAccount
    account: Account
    network: Network
    choice: Choice
    posts: Sequence[SocialPost]
    readings: dict[int, Reading]
    now: float
    renewed: bool = field(default=False, init=False)

    @property
    def post(self) -> SocialPost:
        return self.posts[0]

    @property
    def at(self) -> datetime:
        """When the turn began: networks keep to the real time, whatever the publication's clock says."""
        return datetime.fromtimestamp(self.now, UTC)

    @property
    def done(self) -> tuple[Posted, ...]:
        return tuple(Posted.from_json(each) for each in self.post.parts)

    @property
    def draft(self) -> Draft:
        assert self.post.draft is not None, f"post {self.post.id} was armed without a draft"
        return Draft.from_json(self.post.draft)

    @property
    def visible(self) -> list[Reading]:
        """The articles that may be shown, in the order of their posts."""
        found = (self.readings.get(post.article_seq) for post in self.posts)
        return [reading for reading in found if reading is not None and reading.visible]

    def articles(self) -> list[Article]:
        return [
            with_campaign(reading.article, self.account.name) if self.choice.campaign else reading.article
            for reading in self.visible
        ]


class Posting:
    """The handler of accounts' turns."""

    def __init__(
        self,
        db: Database,
        engine: Engine,
        door: Door,
        vault: Vault,
        readiness: Readiness,
        publication: Publication,
        clock: Clock,
    ) -> None:
        self._db = db
        self._engine = engine
        self._door = door
        self._vault = vault
        self._readiness = readiness
        self._publication = publication
        self._clock = clock
        self._acts: dict[str, Callable[[Work], Conclusion]] = {
            DELETE: self._delete,
            EDIT: self._edit,
            CONFIRM: self._confirm,
            SEND: self._send,
            "lost": self._give_up_lost,
            "measure": self._measure,
            "check": self._check,
        }

    @property
    def room(self) -> int:
        """How many turns could begin now."""
        return self._engine.room

    def act(self, claim: outbox.Claim, *, waits: bool = True) -> None:
        """Begins the turns of these accounts; those that lost theirs meanwhile are done."""
        if not claim.rows:
            return
        with self._db.read() as session:
            query = select(SocialAccount).where(SocialAccount.id.in_({row.target_id for row in claim.rows}))
            found = {account.id: account for account in session.scalars(query)}
            session.expunge_all()
        jobs, idle = [], []
        for row in claim.rows:
            account = found.get(row.target_id)
            if account is None or account.turn != row.event_id:
                idle.append(row)
            else:
                jobs.append(self._job(row, claim.token, account))
        if idle:
            with self._db.write() as session:
                outbox.finish(session, replace(claim, rows=tuple(idle)))
        if jobs:
            self._engine.take(claim, jobs, self._settle, waits=waits)

    def _job(self, row: outbox.Row, token: int, account: SocialAccount) -> Turn:
        turn = Turn(
            row=row,
            token=token,
            host=host_of(account),
            troubled=account.failures > 0,
            prepare=lambda: self._take(turn),
            calls=True,
            account_id=account.id,
        )
        return turn

    def _take(self, turn: Turn) -> Outcome:
        """What goes wrong here harms this turn only, and is written on its post."""
        try:
            with self._db.read() as session:
                found = self._look(session, turn)
            if found is not None:
                what, work = found
                turn.posts = tuple(post.id for post in work.posts)
                turn.conclude = self._acts[what](work)
        except ConfigurationError as error:
            broken = AccountBroken(str(error))
            turn.conclude = lambda desk: concluding.broken(desk, broken)
        except Exception as error:
            log.exception("account %d, posts %s", turn.account_id, turn.posts)
            fault = f"{type(error).__name__}: {error}"
            turn.conclude = lambda desk: concluding.faulty(desk, fault)
        return Outcome(tried=False)

    def _look(self, session: Session, turn: Turn) -> tuple[str, Work] | None:
        row = session.get(SocialAccount, turn.account_id)
        now = session.scalars(select(db_now())).one()
        if row is None or row.turn != turn.row.event_id:
            return None
        todo = turns.choose(session, row, self._publication.tz, now)
        if todo is None:
            return None
        posts = _posts(session, todo)
        readings = read(session, self._publication, [post.article_seq for post in posts])
        session.expunge_all()
        account = as_seen_by_network(row, self._vault)
        return todo.what, Work(turn, row, account, network_of(row), choice_of(row), posts, readings, now)

    def _settle(self, session: Session, jobs: Sequence[Job]) -> AfterCommit:
        """Writes what came of these turns, and gives the accounts their next."""
        accounts = lock(session, (job.row.target_id for job in jobs))
        now = session.scalars(select(db_now())).one()
        for job in jobs:
            account = accounts.get(job.row.target_id)
            if account is None or account.turn != job.row.event_id:
                continue
            assert isinstance(job, Turn)
            account.turn, account.turn_at = None, None
            posts = _held(session, job.posts)
            if job.conclude is not None:
                job.conclude(Desk(session, self._clock, account, posts, now))
            elif job.outcome.reason:  # there was no place for it
                account.paused_until = max(account.paused_until, now + concluding.BACK_OFF[1])
        begun = turns.give(session, accounts.values(), self._publication.tz, now, self._clock.now(), room=self.room)
        return lambda: self.act(begun, waits=False)

    # What a turn can be used for. Each calls the network and says what is to be written.

    def _send(self, work: Work) -> Conclusion:
        refused = _no_longer(work)
        if refused is not None:
            return refused
        try:
            draft, count = self._composed(work)
        except (TemplateRefused, NoRoom, ValueError) as error:
            why = str(error)
            return lambda desk: concluding.refused(_only(desk, 1), why)
        work.posts = work.posts[:count]
        missing = "" if work.done else self._readiness.missing(draft, work.visible[0].version)
        if missing:
            return lambda desk: concluding.postponed(_only(desk, count), missing, NOT_READY)
        if (over := self._over_cap(work, draft)) is not None:
            return over
        try:
            draft = self._with_access(
                work, lambda account: work.network.prepare(draft, account, self._door, done=work.done)
            )
        except PostError as error:
            told = error
            return lambda desk: concluding.failed(_only(desk, count), told)
        return self._call_once(work, draft, count)

    def _composed(self, work: Work) -> tuple[Draft, int]:
        """The draft, and how many posts it stands for. One that was sent in part is not written anew."""
        if work.done:
            return work.draft, len(work.posts)
        key = f"{work.visible[0].article.id}-{work.row.id}-{work.post.kind}-v{work.visible[0].version}"
        at = work.at
        if work.post.kind.startswith("correction."):
            return self._reply(work, key), 1
        then = work.choice.burst.then if work.choice.burst else "digest"
        return compose_together(work.network, work.articles(), work.account, key=key, at=at, then=then)

    def _reply(self, work: Work, key: str) -> Draft:
        """A correction: the article anew, as an answer to the post that shows the earlier version."""
        draft = work.network.compose(work.articles()[0], work.account, key=key, at=work.at)
        with self._db.read() as session:
            original = session.scalar(
                select(SocialPost.parts).where(
                    SocialPost.article_seq == work.post.article_seq,
                    SocialPost.account_id == work.row.id,
                    SocialPost.kind == "article",
                )
            )
        return replace(draft, reply_to=Posted.from_json(original[0])) if original else draft

    def _over_cap(self, work: Work, draft: Draft) -> Conclusion | None:
        cap = work.account.settings.get("monthly_cap")
        if cap is None or work.done:
            return None
        month = work.now - timedelta(days=30).total_seconds()
        with self._db.read() as session:
            costs = select(SocialPost.cost).where(SocialPost.account_id == work.row.id, SocialPost.sent_at > month)
            spent = sum(session.scalars(costs))
        if spent + work.network.cost(draft) <= float(cap):
            return None
        why = f"${spent:.2f} were spent in 30 days, and the monthly cap is ${float(cap):.2f}"
        return lambda desk: concluding.capped(desk, why)

    def _call_once(self, work: Work, draft: Draft, count: int) -> Conclusion:
        """Arms the posts, calls the network, and says what came of it."""
        if not self._arm(work, draft):
            return _nothing
        crash.reach("social.after_arming")
        try:
            posted = self._with_access(work, lambda account: self._publish(work, draft, account))
        except PostError as error:
            told = error
            return lambda desk: concluding.failed(_only(desk, count), told)
        crash.reach("social.after_call")
        return lambda desk: concluding.sent(_only(desk, count), draft, posted)

    def _publish(self, work: Work, draft: Draft, account: Account) -> Posted:
        if time.monotonic() > work.turn.taken_at + LATEST_CALL:
            raise NotSent("The worker stood still for too long.")
        return work.network.publish(draft, account, self._door, done=work.done)

    def _arm(self, work: Work, draft: Draft) -> bool:
        """Commits that the network is about to be called. False when something has changed since the turn began."""
        with self._db.write() as session:
            if not outbox.is_held(session, work.turn.row.id, work.turn.token):
                return False
            found = load_for_effect(session, [post.article_seq for post in work.posts])
            versions = {
                article.seq: enrichment.version
                for article, enrichment, _ in found
                if enrichment is not None and is_visible(article, enrichment)
            }
            account = lock(session, [work.row.id]).get(work.row.id)
            posts = _held(session, [post.id for post in work.posts])
            if account is None or account.turn != work.turn.row.event_id or account.state != ACTIVE:
                return False
            if any(versions.get(each.article_seq) != work.readings[each.article_seq].version for each in posts):
                return False
            if not posts[0].wanted or any(each.state not in (*WAITING, UNCONFIRMED) for each in posts):
                return False
            now = session.scalars(select(db_now())).one()
            for each in posts:
                move(each, ARMED, "", now)
                each.armed_at, each.first_armed_at = now, each.first_armed_at or now
                each.version = versions[each.article_seq]
                each.digest_id = None if each is posts[0] else posts[0].id
            posts[0].draft = draft.as_json()
        return True

    def _confirm(self, work: Work) -> Conclusion:
        """Finds out what came of a post: by repeating it while that makes no second one, else by looking it up."""
        post, network = work.post, work.network
        if post.draft is None or post.first_armed_at is None or post.armed_at is None:
            return lambda desk: concluding.missed(desk)
        repeatable = network.can.repeats.total_seconds() > work.now - post.first_armed_at
        if repeatable and len(work.visible) == len(work.posts) and work.row.state == ACTIVE:
            return self._repeat(work)
        since = datetime.fromtimestamp(post.first_armed_at, UTC)
        try:
            found = self._with_access(
                work, lambda account: network.find(work.draft, account, self._door, since, done=work.done)
            )
        except (Cannot, Gone) as error:
            why = str(error)
            return lambda desk: concluding.unconfirmed(desk, why, can_tell=False)
        except PostError as error:
            told = error
            return lambda desk: concluding.look_again(desk, told)
        if found is None:
            return concluding.missed
        return lambda desk: concluding.sent(desk, work.draft, found)

    def _repeat(self, work: Work) -> Conclusion:
        draft = work.draft
        if not self._arm(work, draft):
            return lambda desk: want(desk.post, CONFIRM, desk.now + concluding.NEXT_LOOK)
        try:
            posted = self._with_access(work, lambda account: self._publish(work, draft, account))
        except RefusedByNetwork as error:
            why = str(error)
            return lambda desk: concluding.refused(desk, why)
        except PostError as error:  # of the first attempt nothing is known still
            told = error
            return lambda desk: concluding.still_unknown(desk, told)
        return lambda desk: concluding.sent(desk, draft, posted)

    def _give_up_lost(self, work: Work) -> Conclusion:
        return lambda desk: concluding.unconfirmed(desk, "The worker ended while the network was being called.")

    def _edit(self, work: Work) -> Conclusion:
        """Brings the post up to the articles' present versions."""
        articles = work.articles()
        if not articles:
            return lambda desk: want(desk.post, DELETE, desk.now)
        versions = {reading.seq: reading.version for reading in work.visible}
        old, done = work.draft, work.done
        key = f"{old.key.rpartition('-v')[0]}-v{'.'.join(map(str, versions.values()))}"
        then = work.choice.burst.then if work.choice.burst else "digest"
        try:
            new, count = compose_together(work.network, articles, work.account, key=key, at=work.at, then=then)
            if not done:
                raise Cannot(f"{UNKNOWN_ID} It shows an earlier version.")
            if count < len(articles) or len(new.texts) > len(done):
                raise Cannot("The text has become too long for the post: it was left as it is.")
            new = replace(new, media=old.media, image=old.image, reply_to=old.reply_to)
            if (new.texts, new.title) == (old.texts, old.title):
                return lambda desk: concluding.edited(desk, None, (), versions, "")
            parts = self._edited_parts(work, old, new)
        except Gone as error:
            why = str(error)
            return lambda desk: concluding.deleted(desk, f"It is gone from the network: {why}", set())
        except (Cannot, TemplateRefused, NoRoom, ValueError, RefusedByNetwork) as error:
            why = str(error)
            return lambda desk: concluding.edited(desk, None, (), versions, why)
        except PostError as error:
            told = error
            return lambda desk: concluding.not_changed(desk, told)
        return lambda desk: concluding.edited(desk, new, parts, versions, "")

    def _edited_parts(self, work: Work, old: Draft, new: Draft) -> list[Posted]:
        """Every part with its new text; parts that the text no longer needs are deleted, the last first."""
        parts = list(work.done)
        while len(parts) > len(new.texts):
            self._delete_part(work, parts.pop())
        for place, part in enumerate(parts):
            if old.texts[place] != new.texts[place]:
                parts[place] = self._edit_part(work, part, new)
        return parts

    def _edit_part(self, work: Work, part: Posted, new: Draft) -> Posted:
        return self._with_access(work, lambda account: work.network.edit(part, new, account, self._door))

    def _delete_part(self, work: Work, part: Posted) -> None:
        self._with_access(work, lambda account: work.network.delete(part, account, self._door))

    def _delete(self, work: Work) -> Conclusion:
        if not work.done:
            return lambda desk: concluding.kept(desk, f"{UNKNOWN_ID} Its article was withdrawn.")
        try:
            for part in reversed(work.done):
                self._delete_part(work, part)
        except (Cannot, RefusedByNetwork) as error:
            why = f"It could not be taken back: {error}"
            return lambda desk: concluding.kept(desk, why)
        except PostError as error:
            told = error
            return lambda desk: concluding.not_changed(desk, told)
        standing = {post.id for post in work.posts if post.state in WAITING and _is_visible(work, post)}
        return lambda desk: concluding.deleted(desk, "the article was withdrawn", standing)

    def _measure(self, work: Work) -> Conclusion:
        try:
            found = self._with_access(work, lambda account: work.network.measure(work.done[0], account, self._door))
        except (Cannot, RefusedByNetwork):
            return lambda desk: concluding.measured(desk, None)
        except PostError as error:
            told = error
            return lambda desk: concluding.trouble(desk, told)
        return lambda desk: concluding.measured(desk, found)

    def _check(self, work: Work) -> Conclusion:
        """Asks the network how the account is, with fresh access where the old one is about to end."""
        renew_at = work.row.renew_at
        try:
            if renew_at is not None and renew_at <= work.at and work.network.refreshes(work.account):
                self._renew(work)
            checked = self._with_access(work, lambda account: work.network.check(account, self._door))
        except Cannot:
            return lambda desk: concluding.checked(desk, None)
        except AccountBroken as error:
            broken = error
            return lambda desk: concluding.broken(desk, broken)
        except PostError as error:
            told = error
            return lambda desk: concluding.check_again(desk, told)
        return lambda desk: concluding.checked(desk, checked)

    def _with_access(self, work: Work, call: Callable[[Account], T]) -> T:
        """Calls, once more with renewed access when it has run out."""
        try:
            return call(work.account)
        except TokenExpired:
            if work.renewed or not work.network.refreshes(work.account):
                raise
        self._renew(work)
        return call(work.account)

    def _renew(self, work: Work) -> None:
        """Refreshes the account's access and stores it before it is used. Nobody else does: the turn is ours."""
        work.renewed = True
        access = work.network.refresh(work.account, self._door)
        with self._db.write() as session:
            row = lock(session, [work.row.id])[work.row.id]
            keep_access(row, access, self._vault, work.at)
            settings = row.settings
        work.account = replace(work.account, secrets=access.secrets, settings=settings)


def _nothing(desk: Desk) -> None:
    """Something has changed since the turn began; the next one looks anew, a moment later."""
    desk.account.paused_until = max(desk.account.paused_until, desk.now + A_MOMENT)


def _only(desk: Desk, count: int) -> Desk:
    """The desk with the posts that went out together; the others had no room and keep their place."""
    return replace(desk, posts=desk.posts[:count])


def _no_longer(work: Work) -> Conclusion | None:
    """What is to be done with these posts instead of sending them, where that has changed."""
    gone = {post.id for post in work.posts if not _is_visible(work, post)}
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


def _is_visible(work: Work, post: SocialPost) -> bool:
    reading = work.readings.get(post.article_seq)
    return reading is not None and reading.visible


def _posts(session: Session, todo: Todo) -> list[SocialPost]:
    """The posts a turn is about; behind one that went out with others, or began to, these others."""
    ids = list(todo.posts)
    if ids:
        ids += session.scalars(select(SocialPost.id).where(SocialPost.digest_id == ids[0]).order_by(SocialPost.id))
    rows = {post.id: post for post in session.scalars(select(SocialPost).where(SocialPost.id.in_(ids)))}
    return [rows[each] for each in ids if each in rows]


def _held(session: Session, ids: Sequence[int]) -> list[SocialPost]:
    """These posts in their order, held until the commit."""
    query = select(SocialPost).where(SocialPost.id.in_(ids)).order_by(SocialPost.id).with_for_update()
    rows = {post.id: post for post in session.scalars(query)}
    return [rows[each] for each in ids]
