"""Which idempotency keys are being worked on in this process right now."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from shared.errors import Conflict

# Seconds a repeat waits for the first request to end before it is told to come back.
PATIENCE = 1.0


class InFlight:
    """Lets one request per key in at a time. Between processes the record's own unique keys do the same."""

    def __init__(self) -> None:
        self._keys: set[Hashable] = set()
        self._freed = threading.Condition()

    @contextmanager
    def only(self, key: Hashable) -> Iterator[None]:
        """Raises Conflict (409, with Retry-After) while the first request under this key is still going on."""
        with self._freed:
            if not self._freed.wait_for(lambda: key not in self._keys, timeout=PATIENCE):
                raise Conflict(
                    "The first request with this Idempotency-Key is still being worked on.",
                    headers={"Retry-After": "1"},
                )
            self._keys.add(key)
        try:
            yield
        finally:
            with self._freed:
                self._keys.discard(key)
                self._freed.notify_all()
