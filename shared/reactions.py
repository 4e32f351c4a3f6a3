"""What people do with the newsroom's posts: totals by account, summed up from the posts in SQL and served from Redis.

Networks are asked minutes to days after a post, so the copy in Redis is brought up to the record from time to time, as
a whole: a lost write, a repeated one and a FLUSHALL are all mended by the same `sync()`. While the copy is missing,
readers are answered from SQL.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from typing import cast

import redis
from sqlalchemy import func, or_, select

from shared.db import Database
from shared.models import SocialAccount, SocialPost
from shared.posts import REMOVED, VISIBLE

log = logging.getLogger(__name__)

REACTIONS = ("likes", "reposts", "replies")


@dataclass(frozen=True)
class Totals:
    """Of one account: its posts that readers can see, and the reactions to them; None where its network tells none."""

    network: str
    posts: int
    likes: int | None
    reposts: int | None
    replies: int | None


class Reactions:
    """The totals of one installation."""

    def __init__(self, client: redis.Redis, db: Database, installation: str) -> None:
        self._redis = client
        self._db = db
        self._key = f"masthead:{installation}:reactions"

    def read(self) -> dict[str, Totals]:
        """Totals by account, in the order of their names; from Redis, or from SQL while Redis cannot say."""
        try:
            stored = cast("dict[bytes, bytes]", self._redis.hgetall(self._key))
        except redis.RedisError as error:
            log.warning("reactions are read from SQL, Redis does not answer: %s", error)
            stored = {}
        copy = {name.decode(): Totals(**json.loads(totals)) for name, totals in stored.items()}
        return dict(sorted((copy or self._counted()).items()))

    def sync(self) -> None:
        """Brings Redis up to the record. Raises redis.RedisError when Redis is away."""
        counted = self._counted()
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(self._key)
            for name, totals in counted.items():
                pipe.hset(self._key, name, json.dumps(asdict(totals)))
            pipe.execute()

    def _counted(self) -> dict[str, Totals]:
        """Several articles may have gone out in one post: it is one, and stands as long as one of them is in it."""
        shared = select(SocialPost.digest_id).where(SocialPost.digest_id.is_not(None), SocialPost.state.in_(VISIBLE))
        stands = or_(SocialPost.state.in_(VISIBLE), SocialPost.id.in_(shared))
        sums = (
            select(SocialPost.account_id, func.count().label("posts"))
            .add_columns(*(func.sum(getattr(SocialPost, name)).label(name) for name in REACTIONS))
            .where(SocialPost.digest_id.is_(None), stands)
            .group_by(SocialPost.account_id)
            .subquery()
        )
        query = (
            select(SocialAccount.name, SocialAccount.network, func.coalesce(sums.c.posts, 0))
            .add_columns(*(sums.c[name] for name in REACTIONS))
            .outerjoin(sums, sums.c.account_id == SocialAccount.id)
            .where(SocialAccount.state != REMOVED)
        )
        with self._db.read() as session:
            return {name: Totals(*totals) for name, *totals in session.execute(query)}
