"""What the push worker looks at from time to time, beside what messages bring."""

from __future__ import annotations

import time
from collections.abc import Callable

from services.push import subscriptions
from shared.db import Database

# Seconds between two looks: each reads all subscriptions, so it is made less often than relay asks for it.
EVERY = 10.0


class Sweeper:
    """The worker's pulse: leases that are over end, deliveries that slipped through are scheduled, logs pruned."""

    def __init__(self, db: Database, catch_up: Callable[[], None], prune: Callable[[], None]) -> None:
        self._db = db
        self._catch_up = catch_up
        self._prune = prune
        self._next = 0.0

    def __call__(self) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY
        with self._db.read() as session:
            something = subscriptions.any_over(session)
        if something:
            with self._db.write() as session:
                subscriptions.sweep(session)
        self._catch_up()
        self._prune()
