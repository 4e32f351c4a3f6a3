"""`masthead accounts rotate`: another key for all secrets, or other secrets for one account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import click
from sqlalchemy import select

from services.social import enrolling, wellbeing
from services.social.accounts import REMOVED, lock, network_of
from services.social.choice import Choice
from services.social.enrolling import Application, application_of
from services.social.network import Checked
from services.social.office.asking import ask_for_secrets
from services.social.office.feeds import in_words, new_feed_address
from services.social.office.opening import Keep, Office, open_office
from services.social.office.options import as_json_option, port_option, secrets_option
from services.social.office.telling import show_json
from services.social.trying import ask
from services.social.vault import Vault, changing, keys_in, make_keys, new_key, write_keys
from services.social.wellbeing import Desk
from services.social.work import Conclusion
from shared.errors import ConfigurationError, Conflict
from shared.models import SocialAccount


@click.command("rotate")
@click.argument("name", default="")
@click.option("--keep-old", is_flag=True, help="Leave the old keys in the file, behind the new one.")
@secrets_option
@port_option
@as_json_option
def rotate(name: str, keep_old: bool, secrets_from: str, port: int, as_json: bool) -> None:
    """Encrypt the secrets of all accounts with a new key; or, with a NAME, replace that account's secrets.

    Workers go on meanwhile. Keys that stand in MASTHEAD_SOCIAL_KEYS are yours to change: put a new one before the
    others, start the workers anew, and rotate: everything is encrypted with the first one then.
    """
    told: dict[str, Any]
    with open_office() as office:
        if not name:
            count, left = renew_all(office, keep_old=keep_old)
            told, said = {"accounts": count, "old_keys": left}, _in_words(office, count, left)
        elif network_of(row := office.account(name)).can.fetched:
            feed = new_feed_address(office, row)
            told, said = {"name": name, "feed": feed}, f"{in_words(feed)}{name} has another address."
        else:
            replace_secrets(office, row, secrets_from, port)
            told, said = {"name": name}, f"{name} has other secrets, and posts with them."
    if as_json:
        show_json(told)
    else:
        click.echo(said)


def replace_secrets(office: Office, row: SocialAccount, source: str, port: int) -> None:
    """Asks for an account's secrets, tries them, and stores them. Raises Conflict for those of another account.

    Where the keys are lost, a new one begins here: what the others opened is lost with them.
    """
    if not office.settings.given_keys:
        make_keys(office.settings.keys_file)
    wanted = replace(application_of(row), expires=None, renew_at=None)  # those of the old secrets
    asked = ask_for_secrets(network_of(row), wanted, source, office.door, port)
    brought = {name: value for name, value in asked.settings.items() if row.settings.get(name) != value}

    def act(row: SocialAccount, keep: Keep) -> Conclusion:
        wanted = replace(asked, settings={**row.settings, **brought}, choice=row.choice)
        network, choice = enrolling.judge(wanted, office.door, before=row.settings)
        wanted, checked = ask(network, wanted, office.door)
        if checked is not None and row.identity and checked.identity != row.identity:
            told = f"These are the secrets of {checked.identity}; {row.name} posts as {row.identity}."
            raise Conflict(f"{told} Add the other as an account of its own.")
        return partial(_store, wanted=wanted, choice=choice, checked=checked, vault=office.vault)

    office.in_turn(row.id, act)


def renew_all(office: Office, *, keep_old: bool) -> tuple[int, int]:
    """How many accounts' secrets were encrypted anew, and how many old keys there are still.

    Whatever ends in between: every secret can be opened by a key that is in the file.
    """
    given = office.settings.given_keys
    if given:
        return _renew(office), len(given) - 1
    file = office.settings.keys_file
    with changing(file):
        old = keys_in(file)
        _prove(office, old)
        write_keys(file, [new_key(), *old])
        count = _renew(office)
        if keep_old:
            return count, len(old)
        newest = keys_in(file)[:1]
        _prove(office, newest)
        write_keys(file, newest)
        return count, 0


def _store(desk: Desk, *, wanted: Application, choice: Choice, checked: Checked | None, vault: Vault) -> None:
    enrolling.change(desk.session, desk.account, wanted, choice, checked, vault)
    wellbeing.well(desk)
    wellbeing.remind(desk)


def _renew(office: Office) -> int:
    with office.db.write() as session:
        ids = session.scalars(select(SocialAccount.id).where(SocialAccount.state != REMOVED)).all()
        rows = lock(session, ids).values()
        for row in rows:
            row.secrets = office.vault.renew(row.secrets)
        return len(rows)


def _prove(office: Office, keys: Sequence[str]) -> None:
    """Raises ConfigurationError, naming the account, for secrets that these keys do not open."""
    vault = Vault(lambda: keys)
    with office.db.read() as session:
        for row in session.scalars(select(SocialAccount).where(SocialAccount.state != REMOVED)):
            try:
                vault.open(row.secrets)
            except ConfigurationError as error:
                told = f"{row.name}: {error} No key was taken away; `masthead accounts rotate {row.name}` asks for its "
                raise ConfigurationError(f"{told}secrets anew.") from error


def _in_words(office: Office, count: int, left: int) -> str:
    said = f"Accounts whose secrets were encrypted anew: {count}."
    if not office.settings.given_keys:
        return f"{said} The old keys are {'kept behind the new one' if left else 'gone'}: {office.settings.keys_file}"
    if left:
        return f"{said} Of MASTHEAD_SOCIAL_KEYS only the first is needed now: the other {left} can be taken away."
    return f"{said} MASTHEAD_SOCIAL_KEYS holds one key: put a new one before it to change it."
