"""Counts who reads, who shares and who came by whose post, straight in Redis: frequent, and bearable to lose. No
personal data.

Of a reader only a hash enters a HyperLogLog (shared.visitors), from which nothing can be taken out again. What is
counted of an article is how many different clients read it on a day: repeats count once, within about one percent.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, cast
from zoneinfo import ZoneInfo

import redis

from shared.days import latest_days, local_day
from shared.visitors import Disguise, Visitor

log = logging.getLogger(__name__)

Kind = Literal["reads", "shares", "clicks"]

# Days for which anything is kept, and seconds of what is only needed while its day or hour counts.
DAYS = 35
_KEPT = DAYS * 86_400
_DAY = 2 * 86_400
_HOUR = 26 * 3600
# Who did each, for how many different ones there were on a day.
_WHO = {"reads": "readers", "shares": "sharers", "clicks": "comers"}
# What one client does per minute, above which it is refused.
PER_MINUTE = 60
# After a Redis that did not answer, this long nothing is counted, so that nobody waits for it.
PAUSE = 1.0

# Counts what the HyperLogLog of one article and day takes for new. The sums are those of its estimates, so that they
# stay right where a single addition no longer changes it. -1 for a client that comes too often.
_COUNT = """
local calls = redis.call('INCR', KEYS[1])
if calls == 1 then redis.call('EXPIRE', KEYS[1], 60) end
if calls > tonumber(ARGV[5]) then return -1 end
redis.call('PFADD', KEYS[7], ARGV[1])
redis.call('EXPIRE', KEYS[7], ARGV[6])
redis.call('PFADD', KEYS[2], ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[7])
local new = redis.call('PFCOUNT', KEYS[2]) - tonumber(redis.call('ZSCORE', KEYS[3], ARGV[3]) or '0')
if new <= 0 then return 0 end
redis.call('ZINCRBY', KEYS[3], new, ARGV[3])
redis.call('EXPIRE', KEYS[3], ARGV[6])
redis.call('ZINCRBY', KEYS[4], new, ARGV[3])
redis.call('EXPIRE', KEYS[4], ARGV[8])
redis.call('HINCRBY', KEYS[5], ARGV[4], new)
redis.call('EXPIRE', KEYS[5], ARGV[6])
redis.call('HINCRBY', KEYS[6], ARGV[4], new)
return new
"""


@dataclass(frozen=True)
class DayOfReading:
    day: date
    reads: int
    readers: int


class Audience:
    """The reads and shares of one installation. Without Redis nothing is counted, and nothing is known."""

    def __init__(self, client: redis.Redis, installation: str, tz: ZoneInfo) -> None:
        self._client = client
        self._tz = tz
        self._prefix = f"masthead:{installation}:audience"
        self._disguise = Disguise(client, installation)
        self._count = client.register_script(_COUNT)
        self._silent_until = 0.0

    def read(self, article_id: str, visitor: Visitor, now: datetime) -> bool:
        """Counts a read, unless this client read the article today. False when it comes too often."""
        return self._add("reads", article_id, "reads", visitor, now)

    def share(self, network: str, article_id: str, visitor: Visitor, now: datetime) -> bool:
        """Counts that a share link was followed, once per client, article, network and day. False as `read`."""
        return self._add("shares", article_id, f"share:{network}", visitor, now)

    def click(self, account: str, article_id: str, visitor: Visitor, now: datetime) -> bool:
        """Counts that somebody came by a post of an account, once per client, article, account and day. False as
        `read`. The caller knows that there is such an account: each one takes room for ever."""
        return self._add("clicks", article_id, f"click:{account}", visitor, now)

    def ranking(self, kind: Kind, now: datetime, count: int) -> list[str]:
        """Ids of what is read or shared most: first by the last 24 hours, then, where those are few, by 7 days."""
        hours = [self._hour(kind, now - timedelta(hours=back)) for back in range(24)]
        days = [self._day(kind, day) for day in latest_days(local_day(now, self._tz), 7)]
        try:
            ranked = [name for name, _ in self._top(hours, count)]
            if len(ranked) < count:
                ranked += [name for name, _ in self._top(days, 2 * count) if name not in ranked]
        except redis.RedisError as error:
            log.warning("it is not known what is read most, Redis does not answer: %s", error)
            return []
        return ranked[:count]

    def agreed(self, name: str, seconds: int, make: Callable[[], str]) -> str:
        """What the first process that asked for this name made of it; kept for so long, for all others."""
        key = f"{self._prefix}:{name}"
        try:
            kept = cast("bytes | None", self._client.get(key))
            if kept is None:
                self._client.set(key, make(), nx=True, ex=seconds)
                kept = cast("bytes | None", self._client.get(key))
            if kept is not None:
                return kept.decode()
        except redis.RedisError as error:
            log.warning("processes may show different rankings, Redis does not answer: %s", error)
        return make()

    def top(self, kind: Kind, days: Iterable[date], count: int) -> list[tuple[str, int]]:
        """Ids and numbers of what was read or shared most on these days."""
        try:
            return self._top([self._day(kind, day) for day in days], count)
        except redis.RedisError:
            return []

    def total(self) -> int:
        """Reads ever counted."""
        return self._totals().get("reads", 0)

    def shares(self) -> dict[str, int]:
        """Share links ever followed, by network, the most followed first."""
        return _named("share:", self._totals())

    def clicks(self) -> dict[str, int]:
        """Clicks ever counted, by account, the most clicked first."""
        return _named("click:", self._totals())

    def clicks_by_day(self, days: Sequence[date]) -> list[dict[str, int]]:
        """Clicks of each day by account; none of days that are no longer kept."""
        try:
            with self._client.pipeline(transaction=False) as pipe:
                for day in days:
                    pipe.hgetall(f"{self._prefix}:totals:{day}")
                return [_named("click:", _numbers(found)) for found in pipe.execute()]
        except redis.RedisError:
            return [{} for _ in days]

    def by_day(self, days: Sequence[date]) -> list[DayOfReading]:
        """Reads and different readers of each day; none of days that are no longer kept."""
        try:
            with self._client.pipeline(transaction=False) as pipe:
                for day in days:
                    pipe.hget(f"{self._prefix}:totals:{day}", "reads")
                    pipe.pfcount(f"{self._prefix}:readers:{day}")
                found = pipe.execute()
        except redis.RedisError:
            return [DayOfReading(day, 0, 0) for day in days]
        return [DayOfReading(day, int(found[2 * at] or 0), int(found[2 * at + 1])) for at, day in enumerate(days)]

    def _add(self, kind: Kind, article_id: str, field: str, visitor: Visitor, now: datetime) -> bool:
        if time.monotonic() < self._silent_until:
            return True
        day = local_day(now, self._tz)
        try:
            who = self._disguise.of(visitor, day)
            keys = [
                f"{self._prefix}:calls:{int(time.time()) // 60}:{who}",
                f"{self._prefix}:{kind}-of:{day}:{article_id}",
                self._day(kind, day),
                self._hour(kind, now),
                f"{self._prefix}:totals:{day}",
                f"{self._prefix}:totals",
                f"{self._prefix}:{_WHO[kind]}:{day}",
            ]
            element = f"{who} {field}"
            counted = self._count(keys=keys, args=[who, element, article_id, field, PER_MINUTE, _KEPT, _DAY, _HOUR])
        except redis.RedisError as error:
            self._silent_until = time.monotonic() + PAUSE
            log.warning("not counted, Redis does not answer: %s", error)
            return True
        return cast(int, counted) >= 0

    def _day(self, kind: Kind, day: date) -> str:
        return f"{self._prefix}:{kind}:{day}"

    def _hour(self, kind: Kind, at: datetime) -> str:
        return f"{self._prefix}:{kind}-hour:{at:%Y-%m-%dT%H}"

    def _top(self, keys: Sequence[str], count: int) -> list[tuple[str, int]]:
        if not keys:
            return []
        found = cast("list[tuple[bytes, float]]", self._client.zunion(keys, withscores=True))
        ranked = sorted(found, key=lambda each: (-each[1], each[0]))
        return [(name.decode(), int(score)) for name, score in ranked[:count]]

    def _totals(self) -> dict[str, int]:
        try:
            stored = cast("dict[bytes, bytes]", self._client.hgetall(f"{self._prefix}:totals"))
        except redis.RedisError as error:
            log.warning("reads and shares are not known, Redis does not answer: %s", error)
            return {}
        return _numbers(stored)


def _numbers(stored: dict[bytes, bytes]) -> dict[str, int]:
    return {name.decode(): int(count) for name, count in stored.items()}


def _named(prefix: str, numbers: dict[str, int]) -> dict[str, int]:
    """Those whose names begin so, without the beginning, the largest first."""
    found = {name.removeprefix(prefix): count for name, count in numbers.items() if name.startswith(prefix)}
    return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))
