"""What readers read and share most, asked for once a minute: pages that show it stay the same in between.

All processes show the same in a minute: the first to ask leaves its answer in Redis for the others.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass

from shared.audience import Audience
from shared.clock import Clock

SECONDS = 60
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
        self._minute = -1
        self._ranking = Ranking()

    def now(self) -> Ranking:
        """As it was at most a minute ago. Who comes while somebody asks gets what was known before."""
        minute = this_minute()
        if minute != self._minute and self._asking.acquire(blocking=False):
            try:
                agreed = json.loads(self._audience.agreed(f"popular:{minute}", 2 * SECONDS, self._ask))
                self._ranking = Ranking(*map(tuple, agreed))
                self._minute = minute
            finally:
                self._asking.release()
        return self._ranking

    def _ask(self) -> str:
        now = self._clock.now()
        return json.dumps([self._audience.ranking(kind, now, RANKED) for kind in ("reads", "shares")])


def this_minute() -> int:
    return int(time.time()) // SECONDS
