"""What people in the newsroom are told: once, in the record first, and then to where the operator wants it sent."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared import outbox
from shared.clock import Clock
from shared.db import Database, insert_into
from shared.events import StaffNoticeRaised
from shared.models import SocialAccount, StaffNotice

log = logging.getLogger(__name__)


def tell(session: Session, clock: Clock, account: SocialAccount | None, key: str, headline: str, text: str) -> None:
    """Raises a notice, unless one with this key was raised before. Call it in the transaction of what it is about."""
    now = clock.now()
    added = insert_into(session, StaffNotice).values(
        key=key[:200], account_id=account.id if account else None, headline=headline, text=text, created_at=now
    )
    notice = session.scalar(added.on_conflict_do_nothing(index_elements=["key"]).returning(StaffNotice.id))
    if notice is not None:
        outbox.record(session, [StaffNoticeRaised(notice, now)])


class StaffTasks:
    """Sends notices. `send` raises when a notice was not taken; the row is then tried again."""

    def __init__(self, db: Database, clock: Clock, send: Callable[[str, str], None]) -> None:
        self._db = db
        self._clock = clock
        self._send = send

    def notify(self, claim: outbox.Claim) -> None:
        with self._db.read() as session:
            ids = [row.target_id for row in claim.rows]
            notices = list(session.scalars(select(StaffNotice).where(StaffNotice.id.in_(ids))))
            session.expunge_all()
        for notice in notices:
            log.warning("%s: %s", notice.headline, notice.text)
            self._send(notice.headline, notice.text)
        with self._db.write() as session:
            held = {row.target_id for row in outbox.finish(session, claim)}
            for row in session.scalars(select(StaffNotice).where(StaffNotice.id.in_(held))):
                row.sent_at = self._clock.now()
