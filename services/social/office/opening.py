"""What the commands have in common: the record, the publication, and acting for an account beside its worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.social import turns
from services.social.accounts import REMOVED, by_name, keep_access, lock, prepare_keys
from services.social.network import Access
from services.social.settings import SocialSettings
from services.social.vault import Vault, changing
from services.social.wellbeing import Desk
from services.social.work import Conclusion
from shared import bus, outbox
from shared.db import Database, db_now
from shared.errors import Conflict, LeaseLost
from shared.http import Door
from shared.installation import installation_id
from shared.models import SocialAccount
from shared.publication import load_publication
from shared.standing import load_for_effect

# Seconds for which a turn of an account that is under way is waited for, and between two looks.
PATIENCE, LOOK = 60.0, 0.1

Keep = Callable[[Access], None]


class Office:
    """Raises ConfigurationError when settings or publication cannot be used, or the record has no tables."""

    def __init__(self, settings: SocialSettings) -> None:
        self.settings = settings
        self.db = Database(settings.sql_url)
        self.publication = load_publication(settings.publication_file)
        self.clock = settings.make_clock()
        self.door = Door(allow=settings.allowed)
        self.installation = installation_id(self.db)

    @cached_property
    def vault(self) -> Vault:
        prepare_keys(self.db, self.settings)
        return self.settings.make_vault()

    @property
    def zone(self) -> ZoneInfo:
        return self.publication.tz

    def account(self, name: str) -> SocialAccount:
        """The account as it stands now. Raises NotFound, naming those there are."""
        with self.db.read() as session:
            row = by_name(session, name)
            session.expunge_all()
            return row

    def keeping_keys(self) -> AbstractContextManager[None]:
        """Nobody changes the keys of secrets meanwhile: for an account of which that person could not know yet."""
        return nullcontext() if self.settings.given_keys else changing(self.settings.keys_file)

    @contextmanager
    def alone(self, account_id: int, seqs: Collection[int] = ()) -> Iterator[Desk]:
        """One transaction in which nobody else acts for the account or changes these articles; then it has its turn.

        Raises LeaseLost when somebody acts for it all the time, Conflict when it was removed.
        """
        with self._interrupted(account_id, seqs) as desk:
            yield desk
            turns.give(desk.session, [desk.account], self.zone, desk.now, self.clock.now())
        self._nudge()

    def in_turn(self, account_id: int, act: Callable[[SocialAccount, Keep], Conclusion]) -> SocialAccount:
        """Calls an account's network while nobody else does, and writes what `act` concludes. The account afterwards.

        `act` gets the account and what stores renewed access. What it raises ends the turn without a conclusion.
        """
        with self._interrupted(account_id, ()) as desk:
            claim = turns.take(desk.session, desk.account, desk.now, self.clock.now())
        conclude: Conclusion = _nothing
        try:
            conclude = act(desk.account, lambda access: self._keep(account_id, access))
        finally:
            account = self._conclude(account_id, claim, conclude)
        return account

    def _conclude(self, account_id: int, claim: outbox.Claim, conclude: Conclusion) -> SocialAccount:
        with self.db.write() as session:
            if not outbox.finish(session, claim):
                raise LeaseLost("It took too long: somebody else acts for the account by now. Nothing was changed.")
            account = lock(session, [account_id])[account_id]
            now = session.scalars(select(db_now())).one()
            account.turn, account.turn_at = None, None
            conclude(Desk(session, self.clock, account, (), now))
            turns.give(session, [account], self.zone, now, self.clock.now())
        self._nudge()
        return account

    def _keep(self, account_id: int, access: Access) -> None:
        with self.db.write() as session:
            row = lock(session, [account_id])[account_id]
            keep_access(row, access, self.vault, datetime.now(UTC))

    @contextmanager
    def _interrupted(self, account_id: int, seqs: Collection[int]) -> Iterator[Desk]:
        until = time.monotonic() + PATIENCE
        while True:
            with self.db.write() as session:
                load_for_effect(session, seqs)
                account = lock(session, [account_id])[account_id]
                if account.state == REMOVED:
                    raise Conflict(f"The account {account.name} was removed: nothing is done for it any more.")
                if turns.interrupt(session, account):
                    yield Desk(session, self.clock, account, (), _now(session))
                    return
            if time.monotonic() > until:
                raise LeaseLost(f"The worker has been acting for {account.name} for a minute: try again later.")
            time.sleep(LOOK)

    def _nudge(self) -> None:
        bus.Nudge(bus.connect(self.settings, patience=bus.PATIENCE), self.installation)()


@contextmanager
def open_office() -> Iterator[Office]:
    office = Office(SocialSettings())
    try:
        yield office
    finally:
        office.db.close()


def _now(session: Session) -> float:
    return session.scalars(select(db_now())).one()


def _nothing(desk: Desk) -> None:
    """The network was not reached: all stays as it is."""
