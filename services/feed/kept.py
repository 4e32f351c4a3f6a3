"""Keeps what was made while there is room for it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """Values by key, at most `capacity` bytes of them: what was not used for longest goes first. For many threads."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._values: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self.size = 0

    def get(self, key: Key) -> Value | None:
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def put(self, key: Key, value: Value, size: int) -> None:
        """Keeps a value that takes about `size` bytes; a value larger than all the room is not kept."""
        with self._lock:
            self._drop(key)
            if size > self._capacity:
                return
            self._values[key] = (value, size)
            self.size += size
            while self.size > self._capacity:
                self._drop(next(iter(self._values)))

    def _drop(self, key: Key) -> None:
        _, size = self._values.pop(key, (None, 0))
        self.size -= size
