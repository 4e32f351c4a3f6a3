"""Who is asking: the publisher behind an API key."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Request
from sqlalchemy import select

from shared.db import Database
from shared.errors import Unauthorised
from shared.keys import parse_key
from shared.limits import Limiter
from shared.models import ApiKey, Publisher

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="masthead"'}
# Compared with when there is no such key, so that both answers take the same time.
NOBODY = "0" * 64


@dataclass(frozen=True)
class Caller:
    publisher_id: int
    publisher: str  # slug
    prefix: str  # of the key


def authenticate(request: Request, db: Database, limiter: Limiter) -> Caller:
    """The caller behind `Authorization: Bearer <key>` (RFC 6750). Raises Unauthorised (401) or Refused (429)."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if not token:
        raise Unauthorised("No API key was sent. Send it as `Authorization: Bearer mh_…`.", headers=CHALLENGE)
    key = parse_key(token.strip()) if scheme.lower() == "bearer" else None
    if key is None:
        limiter.blame(request.remote_addr or "")
        raise Unauthorised("This is no API key: `Bearer mh_<prefix>_<secret>` is accepted.", headers=CHALLENGE)
    with db.read() as session:
        found = session.execute(
            select(ApiKey.secret_hash, ApiKey.revoked_at, Publisher.id, Publisher.slug)
            .join(Publisher, Publisher.id == ApiKey.publisher_id)
            .where(ApiKey.prefix == key.prefix)
        ).first()
    proven = key.proves(found.secret_hash if found else NOBODY)
    if found is None or not proven:
        limiter.blame(request.remote_addr or "")
        raise Unauthorised("This API key is not known.", headers=CHALLENGE)
    if found.revoked_at is not None:
        raise Unauthorised(f"This API key was revoked at {found.revoked_at:%Y-%m-%d %H:%M} UTC.", headers=CHALLENGE)
    limiter.use(key.prefix)
    return Caller(found.id, found.slug, key.prefix)
