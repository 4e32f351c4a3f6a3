"""Who somebody is for one day: a hash that says whether two requests came from the same client, and nothing else.

Its salt is random, made anew for each day, kept nowhere but in Redis, and gone the day after. Then nobody can tell any
more whose hash it was, or whose hash of another day is the same.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from dataclasses import dataclass
from datetime import date
from typing import cast

import redis

SALT_SECONDS = 25 * 3600


@dataclass(frozen=True)
class Visitor:
    """A client as it came; nothing of this is ever stored or logged."""

    address: str
    user_agent: str


def client_behind(proxies: int, forwarded_for: str, connected: str) -> str:
    """The client's address: behind so many servers of one's own that each append to X-Forwarded-For, it is that many
    from its end; else whoever is connected."""
    passed = [each.strip() for each in forwarded_for.split(",") if each.strip()]
    return passed[-proxies] if len(passed) >= proxies > 0 else connected


class Disguise:
    """Turns visitors into hashes of 16 bytes, the same in every process of an installation."""

    def __init__(self, client: redis.Redis, installation: str) -> None:
        self._client = client
        self._prefix = f"masthead:{installation}:salt"
        self._lock = threading.Lock()
        self._salt: tuple[date, bytes] | None = None

    def of(self, visitor: Visitor, day: date) -> str:
        """Raises redis.RedisError while the day's salt is not known."""
        said = f"{visitor.address}\n{visitor.user_agent}".encode(errors="surrogateescape")
        return hashlib.blake2b(said, key=self._salt_of(day), digest_size=16).hexdigest()

    def _salt_of(self, day: date) -> bytes:
        with self._lock:
            if self._salt is not None and self._salt[0] == day:
                return self._salt[1]
            name = f"{self._prefix}:{day}"
            self._client.set(name, secrets.token_bytes(32), nx=True, ex=SALT_SECONDS)
            salt = cast("bytes | None", self._client.get(name))
            if salt is None:
                raise redis.RedisError("the salt was lost at once")
            self._salt = (day, salt)
            return salt
