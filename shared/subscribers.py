"""How many subscribe to a feed, estimated from who asks for it: different clients of a day, and what aggregators say.

An aggregator asks once for many and names their number in its User-Agent; its newest number counts. Everybody else is
counted once a day in a HyperLogLog, disguised (shared.visitors).
"""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, cast

import redis

from shared.audience import DAYS
from shared.visitors import Disguise, Visitor

log = logging.getLogger(__name__)

_KEPT = DAYS * 86_400
_DETAILS_KEPT = 3 * 86_400
# Feeds of one aggregator may have several ids; more than this for one feed is somebody's invention.
MOST_AGGREGATORS = 100
# Combined feeds are as many as somebody likes to ask for; of a day, this many feeds are looked at.
MOST_FEEDS = 50_000
MOST_SUBSCRIBERS = 100_000_000
LONGEST_USER_AGENT = 500

_NUMBER = re.compile(r"(?<![\w.-])(\d{1,9}) (?:subscribers?|readers?|users?)\b", re.IGNORECASE)
_FEED_ID = re.compile(r"(?:feed-?id[:=] ?|/site/)([\w-]{1,40})", re.IGNORECASE)
# What aggregators that report numbers are called in their User-Agent.
AGGREGATORS = re.compile(
    r"feedly|inoreader|newsblur|feedbin|theoldreader|netvibes|bloglovin|bazqux|feedhq|feedspot|g2reader|commafeed"
    r"|feed ?wrangler|aol reader|digg|yoleoreader|readkit|minireader|newsgator|rojo|plenary|feedlounge|livejournal",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Subscribers:
    """Of one feed: clients that asked themselves, and by aggregator those it says to ask for."""

    feed: str
    clients: int
    aggregators: dict[str, int]

    @property
    def total(self) -> int:
        return self.clients + sum(self.aggregators.values())


@dataclass
class _Polls:
    clients: set[Visitor] = field(default_factory=set)
    aggregators: dict[str, int] = field(default_factory=dict)


def reported(user_agent: str) -> tuple[str, int] | None:
    """Of an aggregator: its name, with its id of the feed if it has one, and how many it says subscribe."""
    said = user_agent[:LONGEST_USER_AGENT]
    name, number = AGGREGATORS.search(said), _NUMBER.search(said)
    if not name or not number:
        return None
    feed_id = _FEED_ID.search(said)
    key = name[0].lower().replace(" ", "") + (f" {feed_id[1]}" if feed_id else "")
    return key, min(int(number[1]), MOST_SUBSCRIBERS)


class Estimate:
    """Takes polls in, many at a time, and says what they come to."""

    def __init__(self, client: redis.Redis, installation: str) -> None:
        self._client = client
        self._prefix = f"masthead:{installation}:polls"
        self._disguise = Disguise(client, installation)

    def add(self, polls: Iterable[tuple[str, Visitor]], day: date) -> None:
        """Takes in who asked for which feed, in the order they came. Raises redis.RedisError."""
        by_feed: defaultdict[str, _Polls] = defaultdict(_Polls)
        for feed, visitor in polls:
            number = reported(visitor.user_agent)
            if number:
                by_feed[feed].aggregators[number[0]] = number[1]
            else:
                by_feed[feed].clients.add(visitor)
        room = MOST_FEEDS - self._client.zcard(self._feeds(day))
        for feed, found in by_feed.items():
            if room > 0 or self._client.zscore(self._feeds(day), feed) is not None:
                self._add(feed, found, day)
                room -= 1

    def largest(self, today: date, count: int) -> list[Subscribers]:
        """The feeds with the most subscribers: what is known of today or yesterday, whichever is more."""
        days = (today, today - timedelta(days=1))
        try:
            keys = [self._feeds(day) for day in days]
            ranked = cast("list[tuple[bytes, float]]", self._client.zunion(keys, aggregate="MAX", withscores=True))
            names = [name.decode() for name, _ in sorted(ranked, key=lambda each: (-each[1], each[0]))[:count]]
            found = [self._of(name, days) for name in names]
        except redis.RedisError as error:
            log.warning("subscribers are not known, Redis does not answer: %s", error)
            return []
        return sorted(found, key=lambda each: (-each.total, each.feed))

    def _add(self, feed: str, found: _Polls, day: date) -> None:
        clients, aggregators = self._clients(day, feed), self._aggregators(day, feed)
        if found.aggregators:
            known = {name.decode() for name in cast("list[bytes]", self._client.hkeys(aggregators))}
            room = MOST_AGGREGATORS - len(known)
            new = [name for name in found.aggregators if name not in known][: max(0, room)]
            taken = {name: found.aggregators[name] for name in [*known.intersection(found.aggregators), *new]}
        else:
            taken = {}
        with self._client.pipeline(transaction=False) as pipe:
            if found.clients:
                pipe.pfadd(clients, *(self._disguise.of(each, day) for each in found.clients))
                pipe.expire(clients, _DETAILS_KEPT)
            if taken:
                pipe.hset(aggregators, mapping=cast("dict[Any, Any]", taken))
                pipe.expire(aggregators, _DETAILS_KEPT)
            pipe.pfcount(clients)
            pipe.hvals(aggregators)
            *_, counted, numbers = pipe.execute()
            pipe.zadd(self._feeds(day), {feed: counted + sum(map(int, numbers))})
            pipe.expire(self._feeds(day), _KEPT)
            pipe.execute()

    def _of(self, feed: str, days: Iterable[date]) -> Subscribers:
        numbers: dict[str, int] = {}
        clients = 0
        for day in sorted(days):  # so that the newest number stays
            clients = max(clients, self._client.pfcount(self._clients(day, feed)))
            stored = cast("dict[bytes, bytes]", self._client.hgetall(self._aggregators(day, feed)))
            numbers |= {name.decode(): int(number) for name, number in stored.items()}
        return Subscribers(feed, clients, numbers)

    def _feeds(self, day: date) -> str:
        return f"{self._prefix}:{day}"

    def _clients(self, day: date, feed: str) -> str:
        return f"{self._prefix}:{day}:clients:{feed}"

    def _aggregators(self, day: date, feed: str) -> str:
        return f"{self._prefix}:{day}:aggregators:{feed}"
