"""API keys: `mh_<prefix>_<secret>`. The prefix finds the key, the secret proves it; only its SHA-256 is stored."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

_FORM = re.compile(r"^mh_([a-z0-9]{8})_([A-Za-z0-9_-]{43})$")
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True)
class Key:
    prefix: str
    secret: str

    def __str__(self) -> str:
        return f"mh_{self.prefix}_{self.secret}"

    def __repr__(self) -> str:
        return f"Key({self.prefix}, …)"  # a secret has no business in a log

    @property
    def secret_hash(self) -> str:
        return hash_of(self.secret)

    def proves(self, secret_hash: str) -> bool:
        """Whether this is the key behind a stored hash; takes the same time for a near miss as for a far one."""
        return hmac.compare_digest(self.secret_hash, secret_hash)


def new_key() -> Key:
    return Key("".join(secrets.choice(_ALPHABET) for _ in range(8)), secrets.token_urlsafe(32))


def hash_of(secret: str) -> str:
    """What the record keeps of a random secret: enough to know it again."""
    return hashlib.sha256(secret.encode()).hexdigest()


def parse_key(text: str) -> Key | None:
    """The key in a text of exactly its form, else None."""
    found = _FORM.fullmatch(text)
    return Key(found[1], found[2]) if found else None
