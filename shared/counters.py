"""How many published articles each slice has: kept in SQL with a commit-ordered number, served from Redis.

The copy in Redis follows the record: it knows up to which number it is complete and takes over what came since. So a
lost write, a repeated one, a crash between commit and copy and a FLUSHALL are all mended by the same `sync()`, and no
value is ever added to blindly. While the copy is missing, readers are answered from SQL.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from typing import Any, cast

import redis
from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.db import Database
from shared.models import Counter, Ticker
from shared.slices import Slice

log = logging.getLogger(__name__)

# The field that says up to which number the copy is complete. Kept with the values, it is lost only together with them.
SEQ = ":seq"
# Rows copied into Redis at a time.
PAGE = 2000
# Seconds after which Redis drops a copy that its maker never finished.
ABANDONED = 60

# Takes over changed values, but only on top of the very state they were read for: a slower copier changes nothing.
_FOLLOW = """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
for i = 3, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
return 1
"""
# Puts a copy that was built aside in place of the old one, unless Redis was flushed while it was being built.
_REPLACE = """
if redis.call('HLEN', KEYS[2]) ~= tonumber(ARGV[1]) then return 0 end
redis.call('PERSIST', KEYS[2])
redis.call('RENAME', KEYS[2], KEYS[1])
return 1
"""


class Counters:
    """The counters of one installation."""

    def __init__(self, client: redis.Redis, db: Database, installation: str) -> None:
        self._redis = client
        self._db = db
        self._values = f"masthead:{installation}:counters"
        self._follow = client.register_script(_FOLLOW)
        self._replace = client.register_script(_REPLACE)

    def read(self, slices: Sequence[Slice]) -> list[int]:
        """The counts of these slices, in their order; from Redis, or from SQL while Redis cannot say."""
        if not slices:
            return []
        names = [str(each) for each in slices]
        try:
            complete, *values = cast("list[bytes | None]", self._redis.hmget(self._values, [SEQ, *names]))
            if complete is not None:
                return [int(value or 0) for value in values]
        except redis.RedisError as error:
            log.warning("counters are read from SQL, Redis does not answer: %s", error)
        with self._db.read() as session:
            found = session.execute(select(Counter.slice, Counter.value).where(Counter.slice.in_(names)))
            known: dict[str, int] = dict(found.all())
        return [known.get(name, 0) for name in names]

    def mirrored(self) -> dict[str, int] | None:
        """Every counter as Redis has it, without zeros; None when the copy is missing. For `masthead verify`."""
        copy = {key.decode(): int(value) for key, value in self._redis.hscan_iter(self._values)}
        if copy.pop(SEQ, None) is None:
            return None
        return {name: value for name, value in copy.items() if value}

    def sync(self) -> None:
        """Brings Redis up to the record. Raises redis.RedisError when Redis is away."""
        while True:
            have = cast("bytes | None", self._redis.hget(self._values, SEQ))
            with self._db.read() as session:
                newest = _newest(session)
                if have is not None and int(have) == newest:
                    return
                changed = [] if have is None else _changed_since(session, int(have))
            if have is None or int(have) > newest:  # flushed, or a record restored from an older backup
                self.rebuild()
            else:
                upto = changed[-1].seq if changed else newest
                self._follow(keys=[self._values], args=[SEQ, have, *_flat(changed), SEQ, upto])

    def rebuild(self) -> None:
        """Copies every counter anew and puts the copy in place at once."""
        # A name of its own: two copiers at work on one name would put each other's half in place.
        aside = f"{self._values}:building:{uuid.uuid4().hex}"
        with self._db.read() as session:
            fields = 1
            self._copy(aside, {SEQ: _newest(session)})
            rows = session.execute(select(Counter.slice, Counter.value).where(Counter.value != 0))
            for page in rows.partitions(PAGE):
                fields += len(page)
                self._copy(aside, {row.slice: row.value for row in page})
        self._replace(keys=[self._values, aside], args=[fields])

    def _copy(self, name: str, values: dict[Any, Any]) -> None:
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(name, mapping=values)
            pipe.expire(name, ABANDONED)
            pipe.execute()


def _newest(session: Session) -> int:
    return session.scalars(select(Ticker.value).where(Ticker.name == "count")).one()


def _changed_since(session: Session, seq: int) -> list[Any]:
    """Changed counters in commit order, about a page of them, never half of one transaction's."""
    query = select(Counter.slice, Counter.value, Counter.seq).where(Counter.seq > seq).order_by(Counter.seq)
    rows = list(session.execute(query.limit(PAGE)))
    if len(rows) == PAGE:
        last = rows[-1].seq
        rows = [row for row in rows if row.seq != last] or list(session.execute(query.where(Counter.seq == last)))
    return rows


def _flat(rows: Sequence[Any]) -> list[Any]:
    return [part for row in rows for part in (row.slice, row.value)]
