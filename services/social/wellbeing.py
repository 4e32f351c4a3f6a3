"""How an account is: what a network's answers say of it, when it waits, and whom it is told to. Called as
services.social.concluding is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from services.social import notices, staff
from services.social.accounts import ACTIVE, BROKEN, hold_posts, release_posts
from services.social.expiry import DAYS, Reminder, forecast
from services.social.measuring import DAY, HOUR, MINUTE
from services.social.network import Checked
from services.social.notices import Notice
from services.social.outcomes import NotSent, PostError, RateLimited
from shared.clock import Clock
from shared.models import SocialAccount, SocialPost

# Seconds an account waits after failed calls in a row; a rate limit without a time waits as long as the last.
BACK_OFF = (2.0, 10.0, 30.0, MINUTE, 2 * MINUTE, 5 * MINUTE)
# A pause of at least this many seconds is written on the posts that wait.
WORTH_TELLING = 10.0
# How often a broken account is asked whether it is well again, in seconds.
RECHECK = HOUR


@dataclass(frozen=True)
class Desk:
    """What concluding needs beside the rows: `posts` are the one that was acted for, and those that went with it."""

    session: Session
    clock: Clock
    account: SocialAccount
    posts: Sequence[SocialPost]
    now: float

    @property
    def post(self) -> SocialPost:
        return self.posts[0]

    def tell(self, key: str, notice: Notice) -> None:
        """Tells people in the newsroom, once for each key."""
        staff.tell(self.session, self.clock, self.account, key, notice)


def well(desk: Desk) -> None:
    """The network answered as it should."""
    account = desk.account
    if account.failures or account.paused_until or account.state == BROKEN:
        account.failures, account.paused_until = 0, 0.0
        if account.state == BROKEN:
            account.state, account.reason = ACTIVE, None
        if account.state == ACTIVE:
            release_posts(desk.session, account)


def trouble(desk: Desk, error: PostError) -> None:
    """The whole account waits: for as long as the network asks, or the longer the more calls failed in a row."""
    account = desk.account
    asked = error.retry_after if isinstance(error, NotSent) else None
    pause = BACK_OFF[-1] if isinstance(error, RateLimited) else BACK_OFF[min(account.failures, len(BACK_OFF) - 1)]
    pause = pause if asked is None else max(asked, 1.0)
    account.failures += 1
    account.paused_until = desk.now + pause
    if pause >= WORTH_TELLING:
        hold_posts(desk.session, account, f"The account waits: {error}")


def broken(desk: Desk, error: PostError) -> None:
    """Nothing can be posted by this account until somebody has mended it."""
    account = desk.account
    account.check_at = desk.now + RECHECK
    if account.state != ACTIVE:  # what is still wanted of it, deletions say, waits as long
        account.paused_until = desk.now + RECHECK
    if account.state == ACTIVE:
        account.state, account.reason = BROKEN, str(error)[:500]
        hold_posts(desk.session, account, f"The account is broken: {error}")
        desk.tell(f"broken:{account.id}:{desk.now:.0f}", notices.broken(account.name, str(error)))


def checked(desk: Desk, found: Checked | None) -> None:
    """The account is well, or its network cannot be asked."""
    account = desk.account
    if found is not None:
        account.identity, account.url = found.identity, found.url or account.url
        account.settings = {**account.settings, **found.settings}
        account.expires_at = found.expires or account.expires_at
        well(desk)
    remind(desk)


def check_again(desk: Desk, error: PostError) -> None:
    desk.account.check_at = desk.now + RECHECK
    trouble(desk, error)


def remind(desk: Desk) -> None:
    """Tells people in time that the account's access ends, and says when to look again."""
    account, now = desk.account, datetime.fromtimestamp(desk.now, UTC)
    given = [Reminder(each["days"], datetime.fromisoformat(each["expires"])) for each in account.reminded]
    ahead = forecast(account.expires_at, now, given)
    looks = [each.timestamp() for each in (ahead.look, account.renew_at) if each is not None and each > now]
    account.check_at = max(min([desk.now + DAY, *looks]), desk.now + MINUTE)
    if ahead.reminder is not None:
        days, expires = ahead.reminder.days, ahead.reminder.expires
        account.reminded = [*account.reminded, {"days": days, "expires": expires.isoformat()}][-len(DAYS) :]
        key = f"ends:{account.id}:{expires.date()}:{days}"
        desk.tell(key, notices.ending(account.name, days, expires.date()))
