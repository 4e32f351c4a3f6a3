"""An account's turn: one thing is done for it, and what came of it is committed with the row that allowed it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.social import concluding, offering, turns, wellbeing
from services.social.accounts import as_seen_by_network, choice_of, host_of, lock, network_of
from services.social.following import Following
from services.social.outcomes import AccountBroken
from services.social.post import ARMED, CONFIRM, DELETE, EDIT, FETCH, SEND, WAITING, IllegalMove
from services.social.reading import read
from services.social.sending import Sending
from services.social.turns import CHECK, LOST, MEASURE, Todo
from services.social.vault import Vault
from services.social.wellbeing import Desk
from services.social.work import Conclusion, Turn, Work, hold
from shared import outbox
from shared.clock import Clock
from shared.db import Database, db_now
from shared.engine import AfterCommit, Engine, Job, Outcome
from shared.errors import ConfigurationError
from shared.models import SocialAccount, SocialPost
from shared.publication import Publication

log = logging.getLogger(__name__)


class Posting:
    """The handler of accounts' turns."""

    def __init__(
        self,
        db: Database,
        engine: Engine,
        vault: Vault,
        sending: Sending,
        following: Following,
        publication: Publication,
        clock: Clock,
    ) -> None:
        self._db = db
        self._engine = engine
        self._vault = vault
        self._publication = publication
        self._clock = clock
        self._acts: dict[str, Callable[[Work], Conclusion]] = {
            DELETE: following.delete,
            EDIT: following.edit,
            CONFIRM: sending.confirm,
            FETCH: _unfetched,
            SEND: sending.send,
            LOST: _lost,
            MEASURE: following.measure,
            CHECK: following.check,
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
                turn.what, work = found
                turn.posts = _ids(work)
                turn.conclude = self._acts[turn.what](work)
                turn.posts = _ids(work)  # those that went out: some may have found no room
        except ConfigurationError as error:
            turn.conclude = partial(wellbeing.broken, error=AccountBroken(str(error)))
        except Exception as error:
            log.exception("account %d, posts %s", turn.account_id, turn.posts)
            turn.conclude = partial(concluding.faulty, why=f"{type(error).__name__}: {error}")
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
            desk = Desk(session, self._clock, account, hold(session, job.posts), now)
            if job.conclude is not None and not _is_over(job, desk):
                _conclude(desk, job.conclude)
            elif job.outcome.reason:  # there was no place for it
                account.paused_until = max(account.paused_until, now + wellbeing.BACK_OFF[1])
        begun = turns.give(session, accounts.values(), self._publication.tz, now, self._clock.now(), room=self.room)
        return lambda: self.act(begun, waits=False)


def _conclude(desk: Desk, conclude: Conclusion) -> None:
    """A conclusion that cannot be drawn, since something has changed in an unforeseen way, harms its post only."""
    try:
        with desk.session.begin_nested():
            conclude(desk)
    except IllegalMove as error:
        log.exception("account %d, posts %s", desk.account.id, [post.id for post in desk.posts])
        concluding.faulty(desk, f"{type(error).__name__}: {error}")


def _is_over(turn: Turn, desk: Desk) -> bool:
    """Whether a post that was to be sent does not wait any more, and was not called for: it was withdrawn, say."""
    return turn.what == SEND and any(post.state not in (ARMED, *WAITING) for post in desk.posts)


def _lost(work: Work) -> Conclusion:
    return partial(concluding.unconfirmed, why="The worker ended while the network was being called.")


def _unfetched(work: Work) -> Conclusion:
    return offering.unfetched


def _ids(work: Work) -> tuple[int, ...]:
    return tuple(post.id for post in work.posts)


def _posts(session: Session, todo: Todo) -> list[SocialPost]:
    """The posts a turn is about; behind one that went out with others, or began to, these others."""
    ids = list(todo.posts)
    if ids:
        ids += session.scalars(select(SocialPost.id).where(SocialPost.digest_id == ids[0]).order_by(SocialPost.id))
    rows = {post.id: post for post in session.scalars(select(SocialPost).where(SocialPost.id.in_(ids)))}
    return [rows[each] for each in ids if each in rows]
