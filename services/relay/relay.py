"""Hands due outbox rows on, as hints. Any number of relays may run at once."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta

import redis
from sqlalchemy.exc import SQLAlchemyError

from shared import crash, health, offers, outbox
from shared.bus import Bus
from shared.clock import Clock
from shared.db import Database
from shared.listeners import BY_NAME

log = logging.getLogger(__name__)

# Seconds between two looks: one look then serves many nudges; after a quiet moment nobody waits. Once more than BUSY
# hints went out within a second, looks keep the longer distance: fewer hints then bring more rows each.
BREATH = 0.01
LONG_BREATH = 0.05
BUSY = 40

# Done rows are kept this long, for whoever asks what happened.
KEEP_DONE = timedelta(days=7)
TIDY_EVERY = 10.0


class Relay:
    """One loop: look, hand on, wait for a nudge or for the interval to pass."""

    def __init__(
        self, db: Database, bus: Bus, clock: Clock, wait: Callable[[], None], *, sweep_every: float, pulse_every: float
    ) -> None:
        self._db = db
        self._bus = bus
        self._clock = clock
        self._wait = wait
        self._sweep_every = sweep_every
        self._next_sweep = 0.0
        self._pulse_every = pulse_every
        self._next_pulse = 0.0
        self._next_tidying = 0.0
        self._tidied = 0
        self._hints: deque[float] = deque(maxlen=BUSY)  # when the latest went out

    def run(self, stopped: Callable[[], bool]) -> None:
        """Goes on until stopped; whatever is away for a while is tried again."""
        while not stopped():
            began = time.monotonic()
            try:
                self.hand_on()
                self.pulse()
                self.tidy()
            except SQLAlchemyError as error:
                log.warning("the record does not answer: %s", error)
            self._wait()
            time.sleep(max(0.0, began + self._breath(began) - time.monotonic()))

    def _breath(self, now: float) -> float:
        is_busy = len(self._hints) == BUSY and now - self._hints[0] < 1.0
        return LONG_BREATH if is_busy else BREATH

    def hand_on(self) -> int:
        """Offers what is due and sends the hints; returns their number. A lost hint is offered again later.

        What was given out and did not come back is looked for only now and then: a nudge is never about that.
        """
        sweep = time.monotonic() >= self._next_sweep
        if sweep:
            self._next_sweep = time.monotonic() + self._sweep_every
        with self._db.write() as session:
            hints = offers.offer(session, overdue=sweep)
        crash.reach("relay.after_offer")
        if hints:
            self._bus.send(hints)
            self._hints.extend([time.monotonic()] * len(hints))
            crash.reach("relay.after_hints")
        return len(hints)

    def pulse(self) -> None:
        """Asks each worker for a sign of life when it is time, and gives relay's own."""
        if time.monotonic() < self._next_pulse:
            return
        self._next_pulse = time.monotonic() + self._pulse_every
        health.beat(self._db, "relay")
        for queue in sorted({listener.queue for listener in BY_NAME.values()}):
            self._bus.pulse(queue)

    def tidy(self) -> None:
        """Removes what was done long ago, a little at a time."""
        if time.monotonic() < self._next_tidying:
            return
        self._next_tidying = time.monotonic() + TIDY_EVERY
        with self._db.write() as session:
            self._tidied = outbox.prune(session, self._tidied, self._clock.now() - KEEP_DONE)


def nudge_or_interval(client: redis.Redis, key: str, interval: float) -> Callable[[], None]:
    """Waits until somebody nudges, at most `interval` seconds; just that long when Redis is away."""

    def wait() -> None:
        try:
            if client.blpop([key], timeout=interval):
                client.delete(key)
        except redis.RedisError as error:
            log.warning("no nudges while Redis is away: %s", error)
            time.sleep(interval)

    return wait
