"""`masthead accounts add`: an account is judged, asked for at its network and tried before it is stored."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import select

from services.social import enrolling, offering, turns, wellbeing
from services.social.enrolling import Application, Writing
from services.social.network import Network
from services.social.networks import AVAILABLE
from services.social.office.asking import ask_for_secrets, consent
from services.social.office.feeds import feed_address, in_words
from services.social.office.opening import Office, open_office
from services.social.office.options import as_json_option, file_option, port_option, secrets_option, yes_option
from services.social.office.telling import show_json
from services.social.office.trials import tried
from services.social.office.values import merged, read_file, read_given
from services.social.sending import MONTH
from services.social.trying import ask
from services.social.wellbeing import Desk
from shared.db import db_now
from shared.errors import Fault, Refused


@click.command("add")
@click.argument("network")
@click.argument("name")
@click.option("--server", default="", help="Address of the network's server, where it has many.")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="A setting or rule; as often as needed.")
@file_option
@secrets_option
@port_option
@yes_option
@as_json_option
def add(
    network: str,
    name: str,
    server: str,
    given: tuple[str, ...],
    file: Path | None,
    secrets_from: str,
    port: int,
    yes: bool,
    as_json: bool,
) -> None:
    """Connect an account on NETWORK, called NAME here and in the links of its posts.

    It is judged, the network is asked who it is, and its texts are tried on the newest articles; only then it is
    stored. Secrets are no arguments: they are asked for, or read by --secrets-from. docs/social-commands.md tells what
    can be set.
    """
    values = merged(read_file(file) if file else {}, read_given(given))
    named = values.pop("server") if isinstance(values.get("server"), str) else ""
    settings, rules = enrolling.split(values)
    with open_office() as office:
        wanted = Application(name, network, server or named, settings, rules)
        wanted = _with_secrets(office, wanted, secrets_from, port)
        on, choice = enrolling.judge(wanted, office.door)
        wanted, checked = ask(on, wanted, office.door)
        found = tried(office, on, wanted.account(), choice, checked)
        if not as_json:
            found.tell()
        if any(on.can.cost):
            cap = float(wanted.settings["monthly_cap"])
            consent(f"Connect it, for at most ${cap:,.2f} in {MONTH.days} days?", yes)
        with office.keeping_keys(), office.db.write() as session:
            row = enrolling.store(session, wanted, choice, checked, office.vault, office.clock.now())
            now = session.scalars(select(db_now())).one()
            token = offering.new_address(row) if on.can.fetched else ""
            wellbeing.remind(Desk(session, office.clock, row, (), now))
            turns.give(session, [row], office.zone, now, office.clock.now())
        feed = feed_address(office, token)
    if as_json:
        show_json(found.as_json() | ({"feed": feed} if feed else {}))
    else:
        click.echo(f"{in_words(feed)}Connected: {name} posts from now on; nothing older.")


def _with_secrets(office: Office, wanted: Application, source: str, port: int) -> Application:
    """Whoever is to bring secrets brings them once everything else is right."""
    with office.db.read() as session:
        enrolling.refuse_name(session, wanted.name)
    network = AVAILABLE.get(wanted.network)
    if network is None or not source:
        try:
            enrolling.judge(wanted, office.door)
        except Refused as refused:
            faults = [fault for fault in refused.faults if network is None or not _is_brought(fault, network, wanted)]
            if faults:
                raise Refused(refused.detail, faults=faults) from None
    return ask_for_secrets(AVAILABLE[wanted.network], wanted, source, office.door, port)


def _is_brought(fault: Fault, network: Network, wanted: Application) -> bool:
    """Whether it is missing still because a person, or their sign-in, brings it."""
    kind, _, name = fault.pointer.strip("/").partition("/")
    sign_in = network.sign_in(wanted.account())
    found_by_sign_in = sign_in is not None and name not in (*sign_in.needs, *Writing.model_fields)
    return kind == "secrets" or (kind == "settings" and name not in wanted.settings and found_by_sign_in)
