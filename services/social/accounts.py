"""Accounts: rows of the record as networks see them, and what becomes of one that cannot post."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from services.social.choice import Choice
from services.social.expiry import renewal
from services.social.network import Access, Account, Network
from services.social.networks import AVAILABLE
from services.social.post import ARMED, HELD, PLANNED, SEND, SKIPPED, UNCONFIRMED, note
from services.social.settings import SocialSettings
from services.social.vault import Vault, make_keys
from shared import posts
from shared.db import Database, db_now
from shared.errors import NotFound
from shared.http import origin
from shared.models import SocialAccount, SocialPost

ACTIVE, ON_HOLD, BROKEN, REMOVED = "active", "held", "broken", posts.REMOVED


def prepare_keys(db: Database, settings: SocialSettings) -> None:
    """Makes the first key of secrets, unless keys are given, or accounts have secrets that only lost keys open."""
    if settings.given_keys or settings.keys_file.exists():
        return
    with db.read() as session:
        sealed = session.scalar(select(SocialAccount.id).where(SocialAccount.secrets != "").limit(1))
    if sealed is None:
        make_keys(settings.keys_file)


def lock(session: Session, ids: Iterable[int]) -> dict[int, SocialAccount]:
    """These accounts by id, held until the commit; always in one order, so that nobody waits in a circle."""
    query = select(SocialAccount).where(SocialAccount.id.in_(set(ids))).order_by(SocialAccount.id).with_for_update()
    return {row.id: row for row in session.scalars(query.execution_options(populate_existing=True))}


def by_name(session: Session, name: str, *, removed: bool = False) -> SocialAccount:
    """`removed`: also one that was removed, as its posts stay. Raises NotFound, naming the accounts there are."""
    rows = {row.name: row for row in session.scalars(select(SocialAccount).order_by(SocialAccount.name))}
    found = rows.get(name)
    if found is None or (found.state == REMOVED and not removed):
        left = ", ".join(row.name for row in rows.values() if row.state != REMOVED)
        there_are = left or "none yet; make one with `masthead accounts add`"
        raise NotFound(f"There is no account {name!r}. There are: {there_are}.")
    return found


def network_of(row: SocialAccount) -> Network:
    return AVAILABLE[row.network]


def host_of(row: SocialAccount) -> str:
    """Whom calls for the account go to: what one host has under way is limited."""
    address = row.server or network_of(row).server
    return "{}:{}".format(*origin(address)) if address else row.network


def choice_of(row: SocialAccount) -> Choice:
    """The account's rules, as its network can keep them."""
    choice = Choice.model_validate(row.choice)
    if choice.burst and choice.burst.then == "thread" and not network_of(row).can.thread:
        return choice.model_copy(update={"burst": choice.burst.model_copy(update={"then": "digest"})})
    return choice


def as_seen_by_network(row: SocialAccount, vault: Vault) -> Account:
    """Raises ConfigurationError when the secrets cannot be decrypted."""
    return Account(row.network, row.name, row.server, row.settings, vault.open(row.secrets))


def keep_access(row: SocialAccount, access: Access, vault: Vault, at: datetime) -> None:
    """Stores what a refresh brought at that instant, in the transaction in which the account is locked."""
    row.secrets = vault.seal(access.secrets)
    row.settings = {**row.settings, **access.settings}
    row.expires_at = access.expires or row.expires_at
    row.renew_at = renewal(at, access.ends) if access.ends else None


def place_of(network: str, identity: str, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """What makes two accounts one: who it is, and where on the network it posts."""
    where = (
        str(settings[name]) for name in ("chat", "channel", "room", "page", "author", "thread") if settings.get(name)
    )
    return (network, identity, *where)


def why_held(account: SocialAccount) -> str:
    """Why a post waits whose account is not active."""
    return f"The account is {account.state}: {account.reason or 'by a person'}"


def hold_posts(session: Session, account: SocialAccount, reason: str) -> None:
    """What waits for the account is held, so that whoever asks sees why."""
    _turn_all(session, account, PLANNED, HELD, reason)


def release_posts(session: Session, account: SocialAccount) -> None:
    """What was held waits for its turn again, in its order."""
    _turn_all(session, account, HELD, PLANNED, "")


def _turn_all(session: Session, account: SocialAccount, before: str, after: str, reason: str) -> None:
    now = session.scalars(select(db_now())).one()
    rows = session.scalars(
        select(SocialPost).where(
            SocialPost.account_id == account.id,
            SocialPost.wanted == SEND,
            SocialPost.due_at.is_not(None),
            SocialPost.state == before,
        )
    )
    for post in rows:
        note(post, after, reason, now)


def mark_removed(session: Session, account: SocialAccount) -> None:
    """Ends the account: its secrets and feed are gone, its posts stay as they are, what waits is not posted."""
    account.state, account.reason, account.secrets, account.turn = REMOVED, None, "", None
    account.address_hash = None
    now = session.scalars(select(db_now())).one()
    open_yet = or_(SocialPost.due_at.is_not(None), SocialPost.state.in_((PLANNED, HELD)))
    for post in session.scalars(select(SocialPost).where(SocialPost.account_id == account.id, open_yet)):
        if post.state in (PLANNED, HELD):
            note(post, SKIPPED, "the account was removed", now)
        elif post.state == ARMED:
            note(post, UNCONFIRMED, "the account was removed before it was known what came of it", now)
        post.wanted, post.due_at = "", None
    session.execute(update(SocialPost).where(SocialPost.account_id == account.id).values(measure_at=None))
