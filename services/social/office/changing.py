"""`masthead accounts set` and `test`: an account is changed, or asked how it is, while nobody else acts for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial, reduce
from pathlib import Path
from typing import Any

import click

from services.social import enrolling, wellbeing
from services.social.accounts import BROKEN, choice_of, network_of
from services.social.choice import Choice
from services.social.credentials import Secrets
from services.social.enrolling import Application, Writing, application_of
from services.social.network import Checked, Network
from services.social.office.opening import Keep, Office, open_office
from services.social.office.options import as_json_option, file_option
from services.social.office.telling import show_json
from services.social.office.trials import Tried, tried
from services.social.office.values import merged, read_file, read_given
from services.social.outcomes import AccountBroken, PostError
from services.social.trying import ask
from services.social.vault import Vault
from services.social.wellbeing import Desk
from services.social.work import Conclusion
from shared.models import SocialAccount


@click.command("set")
@click.argument("name")
@click.argument("given", nargs=-1, metavar="[NAME=VALUE]...")
@file_option
@as_json_option
def change(name: str, given: tuple[str, ...], file: Path | None, as_json: bool) -> None:
    """Change settings and rules of an account, such as fresh_hours=12; NAME= takes one back to what is usual.

    The account is judged and tried as by `add`; where it posts is asked for at the network when it changes.
    """
    if not (given or file):
        raise click.UsageError("Name what to change, as in fresh_hours=12, or a --file.")
    values = [read_file(file) if file else {}, read_given(given)]
    with open_office() as office:
        found = changed(office, office.account(name), values)
    _show(found, as_json, f"Changed: {name}.")


@click.command("test")
@click.argument("name")
@as_json_option
def test(name: str, as_json: bool) -> None:
    """Ask the network now whether the account works, without posting anything, and try its texts.

    A broken account that is well again posts at once what was held for it.
    """
    with open_office() as office:
        row = office.account(name)
        found, after = tested(office, row)
    told = "It is well again: what was held goes out." if row.state == BROKEN else f"It is {after.state}."
    _show(found, as_json, f"{name}: {told}")


def changed(office: Office, row: SocialAccount, values: Sequence[Mapping[str, Any]]) -> Tried:
    """Judges, tries and stores an account with these values, of which later ones win. Raises Refused and PostError."""
    found: list[Tried] = []

    def act(row: SocialAccount, keep: Keep) -> Conclusion:
        settings, rules = enrolling.split(reduce(merged, values, {**row.settings, **row.choice}))
        secrets, network = office.vault.open(row.secrets), network_of(row)
        moves = any(settings.get(each) != row.settings.get(each) for each in _own(network))
        if moves:
            settings, secrets = _of_a_person(network, settings, secrets)
        wanted = replace(application_of(row), settings=settings, choice=rules, secrets=secrets)
        _, choice = enrolling.judge(wanted, office.door, before=row.settings)
        wanted, checked = ask(network, wanted, office.door, keep) if moves else (wanted, None)
        found.append(tried(office, network, wanted.account(), choice, checked, asked=moves))
        return partial(_store, wanted=wanted, choice=choice, checked=checked, vault=office.vault)

    office.in_turn(row.id, act)
    return found[0]


def tested(office: Office, row: SocialAccount) -> tuple[Tried, SocialAccount]:
    """What the network says and what its texts look like, and the account after that. Raises PostError, once the
    account's state says so too."""
    found: list[Tried] = []
    errors: list[PostError] = []

    def act(row: SocialAccount, keep: Keep) -> Conclusion:
        network = network_of(row)
        try:
            wanted = replace(application_of(row), secrets=office.vault.open(row.secrets))
            wanted, checked = ask(network, wanted, office.door, keep)
        except PostError as error:
            errors.append(error)
            return partial(_failed, error=error)
        found.append(tried(office, network, wanted.account(), choice_of(row), checked))
        return partial(_answered, checked=checked)

    after = office.in_turn(row.id, act)
    if errors:
        raise errors[0]
    return found[0], after


def _store(desk: Desk, *, wanted: Application, choice: Choice, checked: Checked | None, vault: Vault) -> None:
    enrolling.change(desk.session, desk.account, wanted, choice, checked, vault)
    if checked is not None:
        wellbeing.well(desk)
    wellbeing.remind(desk)


def _answered(desk: Desk, *, checked: Checked | None) -> None:
    """Where a network cannot be asked, a person's word counts: the next post shows whether it is so."""
    wellbeing.checked(desk, checked)
    wellbeing.well(desk)


def _failed(desk: Desk, *, error: PostError) -> None:
    if isinstance(error, AccountBroken):
        wellbeing.broken(desk, error)
    else:
        wellbeing.check_again(desk, error)


def _own(network: Network) -> set[str]:
    """The settings that are the network's own business."""
    return {*network.settings, *network.options} - set(Writing.model_fields)


def _of_a_person(network: Network, settings: Mapping[str, Any], secrets: Secrets) -> tuple[dict[str, Any], Secrets]:
    """What a person gave, without what the network told and the access that was got by logging in."""
    known = {*network.settings, *network.options, *Writing.model_fields}
    given = {*network.secrets, *network.more_secrets}
    return (
        {name: value for name, value in settings.items() if name in known},
        Secrets({name: value for name, value in secrets.items() if name in given}),
    )


def _show(found: Tried, as_json: bool, said: str) -> None:
    if as_json:
        show_json(found.as_json())
    else:
        found.tell()
        click.echo(said)
