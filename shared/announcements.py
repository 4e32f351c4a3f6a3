"""Says that feeds have moved, through Redis. An announcement may be lost: who hears them also looks by itself."""

from __future__ import annotations

import logging
import time

import redis

log = logging.getLogger(__name__)

# Seconds after which a follower looks although nothing was announced: the longest an announcement's loss can cost.
LOOK_EVERY = 0.25


def channel(installation: str) -> str:
    return f"masthead:{installation}:feeds-moved"


class Announcer:
    def __init__(self, client: redis.Redis, installation: str) -> None:
        self._client = client
        self._channel = channel(installation)

    def announce(self) -> None:
        """Best effort; says only that there is something to look at."""
        try:
            self._client.publish(self._channel, "")
        except redis.RedisError as error:
            log.warning("not announced, web processes look by themselves: %s", error)


class Announcements:
    """What one follower hears of them."""

    def __init__(self, client: redis.Redis, installation: str) -> None:
        self._client = client
        self._channel = channel(installation)
        self._subscription: redis.client.PubSub | None = None

    def wait(self) -> None:
        """Returns at the next announcement, or when it is time to look anyway."""
        started = time.monotonic()
        try:
            if self._subscription is None:
                self._subscription = self._client.pubsub()
                self._subscription.subscribe(self._channel)
            message = self._subscription.get_message(timeout=LOOK_EVERY)
            while message is not None:  # several announcements, one look
                message = self._subscription.get_message(timeout=0)
        except (redis.RedisError, OSError):
            if self._subscription is not None:
                self._subscription.close()
            self._subscription = None
            time.sleep(max(0.0, LOOK_EVERY - (time.monotonic() - started)))
