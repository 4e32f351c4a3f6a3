"""How a web process learns which feeds have moved."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from typing import Protocol

import redis
from sqlalchemy import select

from shared.announcements import Announcements
from shared.db import Database
from shared.models import Feed, Ticker

log = logging.getLogger(__name__)

# Seconds a request waits for a look that is under way, before the record counts as away.
PATIENCE = 1.0


class Audience(Protocol):
    """Who is told: see services.feed.hot.Hot."""

    def moved(self, slices: Iterable[str]) -> None: ...
    def lost(self) -> None: ...
    def away(self) -> None: ...
    def proven(self, at: float) -> None: ...


class Follower:
    """Watches the commit-ordered number of feed changes and tells which slices have moved."""

    def __init__(self, db: Database, client: redis.Redis, installation: str, audience: Audience) -> None:
        self._db = db
        self._announcements = Announcements(client, installation)
        self._audience = audience
        self._seen: int | None = None
        self._looking = threading.Lock()
        self._looks = 0  # begun so far
        self._good = 0  # the newest of them that came to its end
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True, name="follower")

    def start(self) -> Follower:
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends the watch. What is fresh is then proven by nobody, unless somebody calls `look`."""
        self._stopped.set()
        self._thread.join()

    def look(self) -> bool:
        """Tells every slice that moved since the last look; gives whether the record answered.

        Who comes while others wait to look shares the next look with them: what was committed before the call is seen.
        """
        begun = self._looks
        if not self._looking.acquire(timeout=PATIENCE):
            self._audience.away()
            return False
        try:
            if self._good <= begun:
                self._look()
            return True
        except Exception as error:  # whatever it is: else old bytes would be served for ever
            log.warning("not known what has moved, the record does not answer: %s", error)
            self._seen = None
            self._audience.away()
            return False
        finally:
            self._looking.release()

    def _look(self) -> None:
        self._looks += 1
        this, started = self._looks, time.monotonic()
        with self._db.read() as session:
            newest = session.scalars(select(Ticker.value).where(Ticker.name == "feed")).one()
            if self._seen is None or newest < self._seen:
                self._audience.lost()
            elif newest > self._seen:
                self._audience.moved(list(session.scalars(select(Feed.slice).where(Feed.seq > self._seen))))
            self._seen = newest
        self._audience.proven(started)
        self._good = this

    def _follow(self) -> None:
        while not self._stopped.is_set():
            self.look()
            self._announcements.wait()
