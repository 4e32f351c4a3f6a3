"""Which idempotency keys are being worked on in this process right now."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from shared.errors import Conflict

# Seconds a repeat waits for the first request to end before it is told to come back.
PATIENCE = 1.0


class InFlight:
    """Lets repeats wait for the first request under their key; what it stored, they then find.

    Between processes, and when the first one failed, the record's own unique keys let only one article in.
    """

    def __init__(self) -> None:
        self._ends: dict[Hashable, threading.Event] = {}
        self._lock = threading.Lock()

    @contextmanager
    def after_first(self, key: Hashable) -> Iterator[None]:
        """Raises Conflict (409, with Retry-After) when the first request under this key takes long."""
        own = threading.Event()
        with self._lock:
            end = self._ends.setdefault(key, own)
        if end is not own:
            if not end.wait(PATIENCE):
                raise Conflict(
                    "The first request with this Idempotency-Key is still being worked on.",
                    headers={"Retry-After": "1"},
                )
            yield
            return
        try:
            yield
        finally:
            with self._lock:
                del self._ends[key]
            own.set()
