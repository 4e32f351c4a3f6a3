"""When an account's access ends: who is told of it beforehand, and when it is renewed without anyone. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

# Days before the end; 0 says that it has come.
DAYS = (14, 7, 1, 0)
# Of a token's life, what has passed when it is renewed. Of 60 days 15 are left then: nobody is told before that failed.
_SPENT = 0.75
# However short a token's life is, it is not renewed more often than this.
_LEAST = timedelta(minutes=1)
# Ends that are told as "so many seconds from now" differ a little each time: it is the same end.
_SAME = timedelta(days=1)


@dataclass(frozen=True)
class Reminder:
    """A person is told that an account's access ends in so many days, or, with 0, that it has ended."""

    days: int
    expires: datetime


@dataclass(frozen=True)
class Forecast:
    """`reminder`: what has to be said now. `look`: when to look next; None when nothing will come of itself."""

    reminder: Reminder | None
    look: datetime | None


def forecast(expires: datetime | None, now: datetime, given: Collection[Reminder] = ()) -> Forecast:
    """The reminder that is due, of several the most urgent, if neither it nor a more urgent one was given for this end.

    A later end is another: once access is renewed, everything is said anew when its time comes.
    """
    if expires is None:
        return Forecast(None, None)
    times = {days: expires - timedelta(days=days) for days in DAYS}
    reached = [days for days, at in times.items() if at <= now]
    look = min((at for at in times.values() if at > now), default=None)
    said = [each.days for each in given if abs(each.expires - expires) < _SAME]
    if not reached or any(days <= reached[-1] for days in said):
        return Forecast(None, look)
    return Forecast(Reminder(reached[-1], expires), look)


def renewal(got: datetime, ends: datetime) -> datetime:
    """When an access token that was got then and ends then is to be refreshed, without being asked to."""
    return max(got + (ends - got) * _SPENT, got + _LEAST)
