"""Counters in Redis are moved by what has changed, after the commit, instead of taking over the record's values."""

from collections import Counter

from services.count import tasks
from shared import counters

_add = tasks.add_to_counters
_pending = Counter()


def _remember(session, change, number):
    _add(session, change, number)
    _pending.update(change)


def _increment(self):
    for name, amount in _pending.items():
        self._redis.hincrby(self._values, name, amount)
    self._redis.hset(self._values, counters.SEQ, 1)
    _pending.clear()


tasks.add_to_counters = _remember
counters.Counters.sync = _increment
