"""The newsroom's accounts on social networks, as far as readers' clicks are counted for them."""

from __future__ import annotations

from sqlalchemy import select

from shared.db import Database
from shared.models import SocialAccount


class Accounts:
    """Knows the names of accounts. A name that was one stays one: accounts are kept when they are removed."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: set[str] = set()

    def has(self, name: str) -> bool:
        if name not in self._known:
            with self._db.read() as session:
                if session.scalar(select(SocialAccount.id).where(SocialAccount.name == name)) is None:
                    return False
            self._known.add(name)
        return True
