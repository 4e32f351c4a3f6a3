"""How a web process learns which feeds have moved."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import redis
from sqlalchemy import select

from shared.announcements import Announcements
from shared.db import Database
from shared.models import Feed, Ticker

log = logging.getLogger(__name__)


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
        self._announcements = Announcements(client, installation)
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
        while not self._stopped.is_set():
            try:
                self.look()
            except Exception as error:  # whatever it is: without this thread, old bytes would be served for ever
                log.warning("not known what has moved, the record does not answer: %s", error)
                self._seen = None
                self._lost()
            self._announcements.wait()
