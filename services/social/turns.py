"""Whose turn it is: an account does one thing at a time, the most pressing first.

So the posts of an account keep their order, its network's limits are obeyed by the account and not by each post, its
tokens are renewed by one worker only, and a network that does not answer costs an account one call at a time.
Every account has at most one row of the outbox that may act for it, `SocialAccount.turn`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, case, exists, func, or_, select
from sqlalchemy.orm import Session

from services.social.accounts import ACTIVE, BROKEN, REMOVED, choice_of
from services.social.choice import Choice, continues, earliest, gathers
from services.social.post import ARMED, FETCH, PRESSING, SEND, STUBBORN
from shared import outbox
from shared.db import db_now
from shared.events import PostScheduled
from shared.listeners import SOCIAL_POST
from shared.models import OutboxRow, SocialAccount, SocialPost

# Two turns nearer to each other than this are one.
NEAR = 0.5
MOST_TOGETHER = 50  # posts that go out in one
LOST, MEASURE, CHECK = "lost", "measure", "check"


@dataclass(frozen=True)
class Todo:
    """What an account does in its turn. `posts` are ids: the one it is about, and behind it those that go with it.

    `what` is a want of services.social.post, or LOST for a post whose worker is gone, MEASURE, CHECK.
    """

    what: str
    posts: tuple[int, ...] = ()


def choose(session: Session, account: SocialAccount, zone: ZoneInfo, now: float) -> Todo | None:
    """The most pressing thing to do now; None when there is nothing, or nothing yet."""
    lost = session.scalar(_armed(account))
    if lost is not None:
        return Todo(LOST, (lost,))
    if account.paused_until > now or account.state == REMOVED:
        return None
    stubborn = None
    if account.state != BROKEN:
        pressing, stubborn = _pressing(session, account, now)
        if pressing is not None:
            return pressing
        sending = _to_send(session, account, zone, now)
        if sending:
            return Todo(SEND, sending)
    if account.check_at is not None and account.check_at <= now:
        return Todo(CHECK)
    if account.state == ACTIVE:
        due = _of(account).where(SocialPost.measure_at <= now).order_by(SocialPost.measure_at).limit(1)
        measured = session.scalar(due)
        if measured is not None:
            return Todo(MEASURE, (measured,))
    return stubborn


def next_at(session: Session, account: SocialAccount, zone: ZoneInfo, now: float) -> float | None:
    """When there is something to do for the account: now or later; None when there is nothing at all."""
    if account.state == REMOVED:
        return None
    times = [account.check_at, now if session.scalar(_armed(account)) is not None else None]
    if account.state != BROKEN:
        wanted = select(func.min(SocialPost.due_at)).where(
            SocialPost.account_id == account.id, SocialPost.due_at.is_not(None), SocialPost.wanted.in_(PRESSING)
        )
        times.append(session.scalar(wanted))
    if account.state == ACTIVE:
        asked = (SocialPost.account_id == account.id, SocialPost.measure_at.is_not(None))
        measured = select(func.min(SocialPost.measure_at)).where(*asked)
        times += [session.scalar(measured), _send_at(session, account, zone, now)]
    known = [each for each in times if each is not None]
    return max(min(known), account.paused_until, now) if known else None


def give(
    session: Session, accounts: Iterable[SocialAccount], zone: ZoneInfo, now: float, at: datetime, *, room: int = 0
) -> outbox.Claim:
    """Gives each of these accounts, which the caller locked, its next turn, unless one as early is under way.

    As many of those that are due now as the caller has `room` for are its own: it begins them after the commit.
    """
    begun: list[SocialAccount] = []
    session.flush()
    for account in accounts:
        due = next_at(session, account, zone, now)
        if due is None or (account.turn_at is not None and account.turn_at <= due + NEAR):
            continue
        if due <= now and len(begun) < room:
            begun.append(account)
            continue
        (account.turn,) = outbox.record(session, [PostScheduled(account.id, at)], delay=due - now)
        account.turn_at = due
    claim = outbox.record_held(session, [PostScheduled(account.id, at) for account in begun], SOCIAL_POST)
    for account, row in zip(begun, claim.rows, strict=True):
        account.turn, account.turn_at = row.event_id, now
    return claim


def interrupt(session: Session, account: SocialAccount) -> bool:
    """Takes its turn from an account, which the caller locked, so that nobody acts for it until `give` or `take`.

    False while somebody acts for it: what is on its way must end first.
    """
    row = (OutboxRow.event_id == account.turn, OutboxRow.due_at.is_not(None))
    if account.turn is not None and session.scalar(select(OutboxRow.id).where(*row)) is not None:
        is_free = or_(OutboxRow.state != "claimed", OutboxRow.due_at <= db_now())
        # Held until the commit, lest a worker claims it meanwhile. Nobody is waited for: who ends a turn holds its row
        # while it waits for the account.
        free = select(OutboxRow.id).where(*row, is_free).with_for_update(skip_locked=True)
        if session.scalar(free) is None:
            return False
    account.turn, account.turn_at = None, None
    return True


def take(session: Session, account: SocialAccount, now: float, at: datetime) -> outbox.Claim:
    """Gives an interrupted account's turn to the caller, who may call its network until the claim's lease ends."""
    claim = outbox.record_held(session, [PostScheduled(account.id, at)], SOCIAL_POST)
    account.turn, account.turn_at = claim.rows[0].event_id, now
    return claim


def without_turn(session: Session) -> list[int]:
    """Accounts that should have a turn and whose row is gone: it died, or was lost in a restored record."""
    open_turn = exists().where(OutboxRow.event_id == SocialAccount.turn, OutboxRow.due_at.is_not(None))
    something = exists().where(SocialPost.account_id == SocialAccount.id, SocialPost.due_at.is_not(None))
    query = select(SocialAccount.id).where(
        SocialAccount.state != REMOVED, ~open_turn, something | SocialAccount.check_at.is_not(None)
    )
    return list(session.scalars(query))


def sent_lately(session: Session, account: SocialAccount, choice: Choice) -> list[float]:
    """When the account posted last, the newest first: as many times as its rules look at. Breaking news aside."""
    count = choice.burst.posts if choice.burst else 1
    query = (
        select(SocialPost.sent_at)
        .where(
            SocialPost.account_id == account.id,
            SocialPost.sent_at.is_not(None),
            SocialPost.digest_id.is_(None),
            SocialPost.breaking.is_(False),
        )
        .order_by(SocialPost.sent_at.desc())
        .limit(count)
    )
    return [each for each in session.scalars(query) if each is not None]


def continues_burst(session: Session, account: SocialAccount, choice: Choice, now: float) -> bool:
    """Whether what the account posts now is an answer to the post before it."""
    return continues(choice, now, sent_lately(session, account, choice))


def _of(account: SocialAccount) -> Select[int]:
    return select(SocialPost.id).where(SocialPost.account_id == account.id)


def _pressing(session: Session, account: SocialAccount, now: float) -> tuple[Todo | None, Todo | None]:
    """What comes before everything else; or what has failed so often that it comes after it, as it would otherwise keep
    the account from ever doing anything else."""
    is_stubborn = SocialPost.attempts >= STUBBORN
    first = session.execute(
        select(SocialPost.id, SocialPost.wanted, is_stubborn)
        .where(SocialPost.account_id == account.id, SocialPost.wanted.in_(PRESSING), SocialPost.due_at <= now)
        .order_by(is_stubborn, _rank(*PRESSING), SocialPost.due_at, SocialPost.id)
        .limit(1)
    ).first()
    if first is None:
        return None, None
    todo = Todo(first[1], (first[0],))
    return (None, todo) if first[2] else (todo, None)


def _armed(account: SocialAccount) -> Select[int]:
    """The post that the account's network was called for; while nobody acts for the account, it is a lost one."""
    return _of(account).where(SocialPost.state == ARMED, SocialPost.digest_id.is_(None)).limit(1)


def _waiting(account: SocialAccount, now: float) -> Select[int, bool, bool]:
    """Posts to be sent: begun threads first, then breaking news, then the others in their order."""
    begun = SocialPost.sent_at.is_not(None)
    return (
        select(SocialPost.id, SocialPost.breaking, begun)
        .where(
            SocialPost.account_id == account.id,
            SocialPost.wanted == SEND,
            SocialPost.due_at <= now,
        )
        .order_by(begun.desc(), SocialPost.breaking.desc(), SocialPost.due_at, SocialPost.id)
        .limit(MOST_TOGETHER)
    )


def _to_send(session: Session, account: SocialAccount, zone: ZoneInfo, now: float) -> tuple[int, ...]:
    if account.state != ACTIVE or _waits_to_be_fetched(session, account):
        return ()
    waiting = session.execute(_waiting(account, now)).all()
    if not waiting:
        return ()
    first, breaking, begun = waiting[0]
    if breaking or begun:
        return (first,)
    choice = choice_of(account)
    sent = sent_lately(session, account, choice)
    if earliest(choice, choice.zone_of(zone), now, sent) > now:
        return ()
    together = gathers(choice, now, sent, len(waiting))
    return tuple(row[0] for row in waiting) if together else (first,)


def _waits_to_be_fetched(session: Session, account: SocialAccount) -> bool:
    """Whether a post of the account is on its feed and nobody has taken it: the next one comes after it."""
    waits = _of(account).where(SocialPost.wanted == FETCH, SocialPost.due_at.is_not(None))
    return session.scalar(waits.limit(1)) is not None


def _send_at(session: Session, account: SocialAccount, zone: ZoneInfo, now: float) -> float | None:
    if _waits_to_be_fetched(session, account):
        return None
    to_send = (SocialPost.account_id == account.id, SocialPost.wanted == SEND, SocialPost.due_at.is_not(None))
    free = select(func.min(SocialPost.due_at)).where(*to_send, SocialPost.breaking | SocialPost.sent_at.is_not(None))
    bound = select(func.min(SocialPost.due_at)).where(
        *to_send, SocialPost.breaking.is_(False), SocialPost.sent_at.is_(None)
    )
    times = [session.scalar(free)]
    ready = session.scalar(bound)
    if ready is not None:
        choice = choice_of(account)
        times.append(earliest(choice, choice.zone_of(zone), max(ready, now), sent_lately(session, account, choice)))
    known = [each for each in times if each is not None]
    return min(known) if known else None


def _rank(*wants: str) -> ColumnElement[int]:
    return case({want: place for place, want in enumerate(wants)}, value=SocialPost.wanted)
