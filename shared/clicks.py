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
        """Clicks by network, the most followed first; none while Redis is away."""
        try:
            stored = cast("dict[bytes, bytes]", self._client.hgetall(self._prefix))
        except redis.RedisError as error:
            log.warning("clicks are not known, Redis does not answer: %s", error)
            return {}
        counts = {name.decode(): int(count) for name, count in stored.items()}
        return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))
