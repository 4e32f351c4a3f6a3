"""Rate limits, counted in Redis so that all processes share them, and in this process while Redis is away."""

from __future__ import annotations

import logging
import time
from math import ceil

import redis
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from shared.bus import PATIENCE, PAUSE
from shared.errors import Refused
from shared.settings import Settings

log = logging.getLogger(__name__)


class Limiter:
    """Counts requests of API keys and of private feeds, and wrong keys and addresses of clients."""

    def __init__(self, settings: Settings, installation: str) -> None:
        url = settings.redis.replace("unix://", "redis+unix://", 1)
        self._shared = FixedWindowRateLimiter(
            storage_from_string(
                url,
                key_prefix=f"masthead:{installation}:limits",
                wrap_exceptions=False,
                socket_timeout=PATIENCE,
                socket_connect_timeout=PATIENCE,
            )
        )
        self._local = FixedWindowRateLimiter(MemoryStorage())
        self._local_until = 0.0
        self._per_key = parse(settings.rate_limit)
        self._per_feed = parse(settings.poster_limit)
        self._per_address = parse(settings.failed_login_limit)

    def use(self, prefix: str) -> None:
        """Counts a request of a key; raises Refused (429) with Retry-After once the limit is reached."""
        self._hit(self._per_key, "key", prefix)

    def poll(self, feed: str) -> None:
        """Counts a request for a private feed, named by its hash; raises Refused (429) once the limit is reached."""
        self._hit(self._per_feed, "posters", feed)

    def blame(self, address: str) -> None:
        """Counts a wrong key, or a private feed that is none; raises Refused (429) when an address keeps guessing."""
        self._hit(self._per_address, "address", address)

    def _hit(self, limit: RateLimitItem, kind: str, who: str) -> None:
        wait = self._count(limit, kind, who)
        if wait:
            raise Refused(
                f"The limit is {limit}. Try again in {wait} s.",
                status=429,
                title="Too many requests",
                headers={"Retry-After": str(wait)},
            )

    def _count(self, limit: RateLimitItem, kind: str, who: str) -> int:
        """Counts one request; seconds to wait when it is one too many, else 0."""
        if time.monotonic() >= self._local_until:
            try:
                return _count_in(self._shared, limit, kind, who)
            except redis.RedisError as error:
                log.warning("limits are counted in this process, Redis does not answer: %s", error)
                self._local_until = time.monotonic() + PAUSE
        return _count_in(self._local, limit, kind, who)


def _count_in(limiter: FixedWindowRateLimiter, limit: RateLimitItem, kind: str, who: str) -> int:
    if limiter.hit(limit, kind, who):
        return 0
    return max(1, ceil(limiter.get_window_stats(limit, kind, who).reset_time - time.time()))
