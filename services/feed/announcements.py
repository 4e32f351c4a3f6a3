"""Tells web processes that feeds have moved. An announcement may be lost: they look at the record by themselves too."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import redis
from sqlalchemy import select

from shared.db import Database
from shared.models import Feed, Ticker

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


class Follower:
    """Watches the commit-ordered number of feed changes and reports which slices have moved."""

    def __init__(
        self,
        db: Database,
        client: redis.Redis,
        installation: str,
        moved: Callable[[list[str]], None],
        lost: Callable[[], None],
    ) -> None:
        self._db = db
        self._client = client
        self._channel = channel(installation)
        self._moved = moved
        self._lost = lost  # called when the record cannot be read: nothing is known to be fresh any more
        self._seen: int | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True, name="follower")

    def start(self) -> Follower:
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends the watch. What is fresh then stays so for ever, unless somebody else calls `look`."""
        self._stopped.set()
        self._thread.join()

    def look(self) -> None:
        """Reports every slice that moved since the last look."""
        with self._db.read() as session:
            newest = session.scalars(select(Ticker.value).where(Ticker.name == "feed")).one()
            if self._seen is None or newest < self._seen:
                self._lost()
            elif newest > self._seen:
                self._moved(list(session.scalars(select(Feed.slice).where(Feed.seq > self._seen))))
            self._seen = newest

    def _follow(self) -> None:
        subscription: redis.client.PubSub | None = None
        while not self._stopped.is_set():
            try:
                self.look()
            except Exception as error:  # whatever it is: without this thread, old bytes would be served for ever
                log.warning("not known what has moved, the record does not answer: %s", error)
                self._seen = None
                self._lost()
            subscription = self._wait(subscription)

    def _wait(self, subscription: redis.client.PubSub | None) -> redis.client.PubSub | None:
        started = time.monotonic()
        try:
            if subscription is None:
                subscription = self._client.pubsub()
                subscription.subscribe(self._channel)
            message = subscription.get_message(timeout=LOOK_EVERY)
            while message is not None:  # several announcements, one look
                message = subscription.get_message(timeout=0)
        except (redis.RedisError, OSError):
            if subscription is not None:
                subscription.close()
            time.sleep(max(0.0, LOOK_EVERY - (time.monotonic() - started)))
            return None
        return subscription
