"""What readers read and share most, asked for once a minute: pages that show it stay the same in between."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from shared.audience import Audience
from shared.clock import Clock

SECONDS = 60.0
# Ids asked for: of the whole publication, so that each section finds some of its own among them.
RANKED = 200


@dataclass(frozen=True)
class Ranking:
    """Ids of articles, the most read or shared first; some may have been withdrawn meanwhile."""

    read: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()


class Popular:
    def __init__(self, audience: Audience, clock: Clock) -> None:
        self._audience = audience
        self._clock = clock
        self._asking = threading.Lock()
        self._again_at = 0.0  # by time.monotonic()
        self._ranking = Ranking()

    def now(self) -> Ranking:
        """As it was at most a minute ago. Who comes while somebody asks gets what was known before."""
        if time.monotonic() >= self._again_at and self._asking.acquire(blocking=False):
            try:
                now = self._clock.now()
                read, shared = (tuple(self._audience.ranking(kind, now, RANKED)) for kind in ("reads", "shares"))
                self._ranking = Ranking(read, shared)
                self._again_at = time.monotonic() + SECONDS
            finally:
                self._asking.release()
        return self._ranking

    def forget(self) -> None:
        """Asks again next time."""
        self._again_at = 0.0
