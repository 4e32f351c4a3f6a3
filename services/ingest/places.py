"""A few places per publisher for requests that wait for their client, so that slow ones cannot take every thread."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from shared.errors import Refused

# Seconds a request waits for a place; a body that has arrived already gives its place back in far less.
PATIENCE = 0.5


class Places:
    """`most` places for each owner."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: Counter[Hashable] = Counter()
        self._freed = threading.Condition()

    def try_to_take(self, owner: Hashable, *, patience: float = 0.0) -> bool:
        with self._freed:
            if not self._freed.wait_for(lambda: self._taken[owner] < self._most, timeout=patience):
                return False
            self._taken[owner] += 1
            return True

    def take(self, owner: Hashable) -> None:
        """Raises Refused (429, with Retry-After) when no place becomes free in time."""
        if not self.try_to_take(owner, patience=PATIENCE):
            raise Refused(
                f"{self._most} of your requests are still being sent or read; end some of them first.",
                status=429,
                title="Too many requests at once",
                headers={"Retry-After": "1"},
            )

    def give_back(self, owner: Hashable) -> None:
        with self._freed:
            self._taken[owner] -= 1
            if not self._taken[owner]:
                del self._taken[owner]
            self._freed.notify_all()

    @contextmanager
    def place(self, owner: Hashable) -> Iterator[None]:
        self.take(owner)
        try:
            yield
        finally:
            self.give_back(owner)
