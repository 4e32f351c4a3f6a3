"""How many published articles each slice has: kept in SQL with a commit-ordered number, served from Redis.

The copy in Redis follows the record: it knows up to which number it is complete and takes over what came since. So a
lost write, a repeated one, a crash between commit and copy and a FLUSHALL are all mended by the same `sync()`, and no
value is ever added to blindly. While the copy is missing, readers are answered from SQL.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import redis
from sqlalchemy import select

from shared.db import Database
from shared.models import Counter, Ticker
from shared.slices import Slice

log = logging.getLogger(__name__)

# Rows copied into Redis at a time.
PAGE = 2000

# Takes over changed values, but only on top of the very state they were read for: a slower copier changes nothing.
_FOLLOW = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
for i = 3, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('SET', KEYS[2], ARGV[2])
return 1
"""
# Puts a copy that was built aside in place of the old one, complete from the first moment.
_REPLACE = """
if redis.call('EXISTS', KEYS[3]) == 1 then redis.call('RENAME', KEYS[3], KEYS[1]) else redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[2], ARGV[1])
return 1
"""


class Counters:
    """The counters of one installation."""

    def __init__(self, client: redis.Redis, db: Database, installation: str) -> None:
        self._redis = client
        self._db = db
        self._values = f"masthead:{installation}:counters"
        self._seq = f"masthead:{installation}:counters:seq"
        self._follow = client.register_script(_FOLLOW)
        self._replace = client.register_script(_REPLACE)

    def read(self, slices: Sequence[Slice]) -> list[int]:
        """The counts of these slices, in their order; from Redis, or from SQL while Redis cannot say."""
        if not slices:
            return []
        names = [str(each) for each in slices]
        try:
            with self._redis.pipeline(transaction=True) as pipe:
                pipe.exists(self._seq)
                pipe.hmget(self._values, names)
                complete, values = pipe.execute()
            if complete:
                return [int(value or 0) for value in values]
        except redis.RedisError as error:
            log.warning("counters are read from SQL, Redis does not answer: %s", error)
        with self._db.read() as session:
            found = session.execute(select(Counter.slice, Counter.value).where(Counter.slice.in_(names)))
            known: dict[str, int] = dict(found.all())
        return [known.get(name, 0) for name in names]

    def mirrored(self) -> dict[str, int] | None:
        """Every counter as Redis has it, without zeros; None when the copy is missing. For `masthead verify`."""
        if not self._redis.exists(self._seq):
            return None
        return {key.decode(): int(value) for key, value in self._redis.hscan_iter(self._values) if int(value)}

    def sync(self) -> None:
        """Brings Redis up to the record. Raises redis.RedisError when Redis is away."""
        while True:
            have = self._redis.get(self._seq)
            with self._db.read() as session:
                newest = session.scalars(select(Ticker.value).where(Ticker.name == "count")).one()
                if have is not None and int(have) == newest:
                    return
                changed = [] if have is None else self._changed_since(session, int(have))
            if have is None or int(have) > newest:  # flushed, or a record restored from an older backup
                self.rebuild()
            elif self._follow(
                keys=[self._values, self._seq],
                args=[have, changed[-1].seq if changed else newest, *_flat(changed)],
            ):
                continue

    def rebuild(self) -> None:
        """Copies every counter anew and puts the copy in place at once."""
        aside = f"{self._values}:building"
        self._redis.delete(aside)
        with self._db.read() as session:
            newest = session.scalars(select(Ticker.value).where(Ticker.name == "count")).one()
            rows = session.execute(select(Counter.slice, Counter.value).where(Counter.value != 0))
            for page in rows.partitions(PAGE):
                self._redis.hset(aside, mapping={row.slice: row.value for row in page})
        self._replace(keys=[self._values, self._seq, aside], args=[newest])

    def _changed_since(self, session: Any, seq: int) -> list[Any]:
        """Changed counters in commit order, about a page of them, never half of one transaction's."""
        query = select(Counter.slice, Counter.value, Counter.seq).where(Counter.seq > seq).order_by(Counter.seq)
        rows = list(session.execute(query.limit(PAGE)))
        if len(rows) == PAGE:
            last = rows[-1].seq
            rows = [row for row in rows if row.seq != last] or list(session.execute(query.where(Counter.seq == last)))
        return rows


def _flat(rows: Sequence[Any]) -> list[Any]:
    return [part for row in rows for part in (row.slice, row.value)]
