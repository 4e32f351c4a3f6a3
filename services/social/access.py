"""Calls with an account's access, which is renewed when it has run out or is about to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from services.social.accounts import keep_access, lock
from services.social.network import Account
from services.social.outcomes import TokenExpired
from services.social.vault import Vault
from services.social.work import Work
from shared.db import Database
from shared.http import Door

T = TypeVar("T")


class Access:
    """Only the worker whose turn it is renews an account's access: some networks take a refresh token only once."""

    def __init__(self, db: Database, vault: Vault, door: Door) -> None:
        self._db = db
        self._vault = vault
        self.door = door

    def call(self, work: Work, what: Callable[[Account, Door], T]) -> T:
        """Calls, once more with renewed access when it has run out. Raises PostError."""
        try:
            return what(work.account, self.door)
        except TokenExpired:
            if work.renewed or not work.network.refreshes(work.account):
                raise
        self._renew(work)
        return what(work.account, self.door)

    def renew_in_time(self, work: Work) -> None:
        """Renews what is about to run out. Raises PostError."""
        due = work.row.renew_at is not None and work.row.renew_at <= work.at
        if due and work.network.refreshes(work.account):
            self._renew(work)

    def _renew(self, work: Work) -> None:
        """New secrets are stored before they are used: the old ones may be worth nothing any more."""
        work.renewed = True
        fresh = work.network.refresh(work.account, self.door)
        with self._db.write() as session:
            row = lock(session, [work.row.id])[work.row.id]
            keep_access(row, fresh, self._vault, work.at)
            settings = row.settings
        work.account = replace(work.account, secrets=fresh.secrets, settings=settings)
