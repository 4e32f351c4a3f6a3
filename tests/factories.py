"""Small records for tests, complete and plain unless a test says otherwise."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from shared.models import Article, Publisher, SocialAccount, SocialPost

NOW = datetime(2018, 4, 20, 9, 0, tzinfo=UTC)


def publisher(session: Session, name: str = "Test Agency") -> Publisher:
    made = Publisher(slug=name.lower().replace(" ", "-"), name=name, created_at=NOW)
    session.add(made)
    session.flush()
    return made


def article(session: Session, of: Publisher, **fields: Any) -> Article:
    values = {
        "id": str(uuid.uuid4()),
        "publisher_id": of.id,
        "version": 1,
        "fingerprint": "f" * 64,
        "submission": {"headline": "A headline", "body": "A body."},
        "accepted_at": NOW,
        "updated_at": NOW,
        **fields,
    }
    made = Article(**values)
    session.add(made)
    session.flush()
    return made


def social_account(session: Session, name: str, **fields: Any) -> SocialAccount:
    values = {
        "name": name,
        "network": "mastodon",
        "settings": {},
        "choice": {},
        "secrets": "sealed",
        "reminded": [],
        "created_at": NOW,
        **fields,
    }
    made = SocialAccount(**values)
    session.add(made)
    session.flush()
    return made


def social_post(
    session: Session, about: Article, by: SocialAccount, kind: str = "article", **fields: Any
) -> SocialPost:
    values = {
        "article_seq": about.seq,
        "account_id": by.id,
        "kind": kind,
        "state": "planned",
        "history": [],
        "not_after": 0.0,
        "parts": [],
        "planned_at": 0.0,
        **fields,
    }
    made = SocialPost(**values)
    session.add(made)
    session.flush()
    return made
