"""What people in the newsroom are told: once, in the record first, and then to where the operator wants it sent."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.social.notices import Notice
from shared import outbox
from shared.clock import Clock
from shared.db import Database, insert_into
from shared.events import StaffNoticeRaised
from shared.models import SocialAccount, StaffNotice

log = logging.getLogger(__name__)


def tell(session: Session, clock: Clock, account: SocialAccount, key: str, notice: Notice) -> None:
    """Raises a notice, unless one with this key was raised before. Call it in the transaction of what it is about."""
    now = clock.now()
    values = {"key": key[:200], "account_id": account.id, "created_at": now, **asdict(notice)}
    added = insert_into(session, StaffNotice).values(values)
    raised = session.scalar(added.on_conflict_do_nothing(index_elements=["key"]).returning(StaffNotice.id))
    if raised is not None:
        outbox.record(session, [StaffNoticeRaised(raised, now)])


class StaffTasks:
    """Sends notices. `send` raises when a notice was not taken; the row is then tried again. None: they are logged."""

    def __init__(self, db: Database, clock: Clock, send: Callable[[Notice], None] | None) -> None:
        self._db = db
        self._clock = clock
        self._send = send

    def notify(self, claim: outbox.Claim) -> None:
        with self._db.read() as session:
            ids = [row.target_id for row in claim.rows]
            notices = list(session.scalars(select(StaffNotice).where(StaffNotice.id.in_(ids))))
            session.expunge_all()
        for notice in notices:
            log.warning("%s. %s %s", notice.headline, notice.sentence, notice.todo)
            if self._send is not None:
                self._send(Notice(notice.headline, notice.sentence, notice.todo))
        with self._db.write() as session:
            held = {row.target_id for row in outbox.finish(session, claim)}
            for row in session.scalars(select(StaffNotice).where(StaffNotice.id.in_(held))):
                row.sent_at = self._clock.now()
