"""Counts share links that were followed: frequent, and bearable to lose, so straight into Redis. No personal data."""

from __future__ import annotations

import logging
from typing import cast

import redis

log = logging.getLogger(__name__)


class Clicks:
    def __init__(self, client: redis.Redis, installation: str) -> None:
        self._client = client
        self._prefix = f"masthead:{installation}:share-clicks"

    def count(self, network: str, article_id: str) -> None:
        """Adds one for the network and one for the article; never keeps the reader waiting when Redis is away."""
        try:
            with self._client.pipeline(transaction=False) as pipe:
                pipe.hincrby(self._prefix, network, 1)
                pipe.hincrby(f"{self._prefix}:{article_id}", network, 1)
                pipe.execute()
        except redis.RedisError as error:
            log.warning("a click was not counted: %s", error)

    def totals(self) -> dict[str, int]:
        """Clicks by network."""
        stored = cast("dict[bytes, bytes]", self._client.hgetall(self._prefix))
        return {name.decode(): int(count) for name, count in stored.items()}
