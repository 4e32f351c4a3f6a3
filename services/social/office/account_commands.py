"""`masthead accounts`: what accounts there are and how they are, holding, resuming and removing them."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import click
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.social import by_hand, turns
from services.social.accounts import REMOVED, mark_removed, network_of
from services.social.office.asking import consent
from services.social.office.changing import change, test
from services.social.office.connecting import add
from services.social.office.opening import Office, open_office
from services.social.office.options import as_json_option, yes_option
from services.social.office.results import results
from services.social.office.rotating import rotate
from services.social.office.telling import instant, short, show_json, show_table
from services.social.post import FAILED, UNCONFIRMED, WAITING
from services.social.wellbeing import Desk
from shared.db import db_now
from shared.models import SocialAccount, SocialPost


@click.group("accounts")
def accounts_group() -> None:
    """Accounts on social networks: connect them, see how they are, change, hold and remove them."""


for command in (add, test, change, rotate, results):
    accounts_group.add_command(command)


@accounts_group.command("list")
@as_json_option
def list_accounts(as_json: bool) -> None:
    """List all accounts with their state, what waits, and when their access ends."""
    with open_office() as office:
        found = described(office)
    if as_json:
        show_json(found)
    elif not found:
        click.echo("There are no accounts yet. Connect one: masthead accounts add NETWORK NAME")
    else:
        titles = ("account", "network", "who", "state", "next turn", "waiting", "sent today", "failed", "access")
        show_table(titles, [_row(each, office) for each in found], numbers=("waiting", "sent today", "failed"))


@accounts_group.command("hold")
@click.argument("name")
@click.option("--reason", default="", help="Told to whoever asks why nothing is posted.")
@as_json_option
def hold(name: str, reason: str, as_json: bool) -> None:
    """Post nothing by this account until it is resumed. Posts wait, as long as their articles are news."""
    with open_office() as office:
        with office.alone(office.account(name).id) as desk:
            by_hand.hold(desk.session, desk.account, reason)
        _tell(office, name, as_json, "It is held; what waits is held with it.")


@accounts_group.command("resume")
@click.argument("name")
@as_json_option
def resume(name: str, as_json: bool) -> None:
    """Let a held account post again, what waits first."""
    with open_office() as office:
        with office.alone(office.account(name).id) as desk:
            by_hand.resume(desk.session, desk.account)
        _tell(office, name, as_json, "It posts again.")


@accounts_group.command("remove")
@click.argument("name")
@yes_option
@as_json_option
def remove(name: str, yes: bool, as_json: bool) -> None:
    """End an account: its secrets are deleted, what waits is cancelled, what was posted stays where it is."""
    with open_office() as office:
        row = office.account(name)
        consent(
            f"Remove {name} ({row.network}, {row.identity or 'not asked who it is'})? What waits is cancelled.", yes
        )
        with office.alone(row.id) as desk:
            cancelled = _waiting(desk)
            mark_removed(desk.session, desk.account)
    if as_json:
        show_json({"name": name, "state": REMOVED, "cancelled": cancelled})
    else:
        rest = "Its feed is gone." if network_of(row).can.fetched else f"Take its access back at {row.network}, too."
        click.echo(f"Removed, with its secrets. Cancelled posts: {cancelled}. {rest}")


def described(office: Office) -> list[dict[str, Any]]:
    """Every account that was not removed, as JSON has it."""
    with office.db.read() as session:
        query = select(SocialAccount).where(SocialAccount.state != REMOVED).order_by(SocialAccount.name)
        return [_described(office, session, row) for row in session.scalars(query)]


def _described(office: Office, session: Session, row: SocialAccount) -> dict[str, Any]:
    now = session.scalars(select(db_now())).one()
    midnight = datetime.fromtimestamp(now, office.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    own = SocialPost.account_id == row.id
    states = session.execute(select(SocialPost.state, func.count()).where(own).group_by(SocialPost.state))
    posts = Counter(dict(states.all()))
    for_a_person = (own, SocialPost.state == UNCONFIRMED, SocialPost.due_at.is_(None), SocialPost.digest_id.is_(None))
    zone = office.zone
    return {
        "name": row.name,
        "network": row.network,
        "server": row.server,
        "identity": row.identity,
        "url": row.url,
        "state": row.state,
        "reason": row.reason,
        "created_at": row.created_at.astimezone(zone).isoformat(timespec="seconds"),
        "next_turn": instant(turns.next_at(session, row, zone, now), zone),
        "waiting": sum(posts[state] for state in WAITING),
        "sent_today": session.scalar(select(func.count()).where(own, SocialPost.sent_at >= midnight.timestamp())),
        "failed": posts[FAILED],
        "for_a_person": session.scalar(select(func.count()).where(*for_a_person)),
        "access_ends": row.expires_at.astimezone(zone).isoformat(timespec="seconds") if row.expires_at else None,
        "access_days": (row.expires_at - datetime.fromtimestamp(now, zone)).days if row.expires_at else None,
        "paused_until": instant(row.paused_until, zone) if row.paused_until > now else None,
        "settings": row.settings,
        "rules": row.choice,
    }


def _row(account: dict[str, Any], office: Office) -> tuple[object, ...]:
    state = f"{account['state']}: {account['reason']}" if account["reason"] else account["state"]
    if account["paused_until"]:
        state += f", paused until {short(account['paused_until'])}"
    if account["for_a_person"]:
        state += f", {account['for_a_person']} unconfirmed: see masthead posts list --state unconfirmed"
    days = account["access_days"]
    access = "" if days is None else f"ended {-days} days ago" if days < 0 else f"{days} days left"
    return (
        account["name"],
        account["network"],
        account["identity"],
        state,
        short(account["next_turn"]),
        account["waiting"],
        account["sent_today"],
        account["failed"],
        access,
    )


def _waiting(desk: Desk) -> int:
    waiting = (SocialPost.account_id == desk.account.id, SocialPost.state.in_(WAITING))
    return desk.session.scalars(select(func.count()).where(*waiting)).one()


def _tell(office: Office, name: str, as_json: bool, said: str) -> None:
    if as_json:
        show_json(next(each for each in described(office) if each["name"] == name))
    else:
        click.echo(f"{name}: {said}")
