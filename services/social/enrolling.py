"""Making and changing accounts: everything about one is judged before it is stored."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.social.accounts import ACTIVE, REMOVED, place_of
from services.social.choice import Choice, read_choice
from services.social.measuring import DAY
from services.social.network import Account, Checked, Network, Secrets
from services.social.networks import AVAILABLE
from services.social.reading import Reading, with_campaign
from services.social.text.writing import Problem, dry_run
from services.social.vault import Vault
from shared.db import db_now
from shared.errors import AddressRefused, Conflict, Fault, Refused
from shared.http import Door
from shared.models import SocialAccount

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?", re.ASCII)
# The newest articles on which an account's texts are tried before it is stored.
TRIED_ON = 20


class Writing(BaseModel):
    """How an account writes, whatever its network (services.social.text.writing.Style)."""

    model_config = ConfigDict(extra="allow")

    template: str | dict[str, str] = ""
    hashtags: int = Field(3, ge=0, le=30)
    emoji: str = Field("", max_length=20)
    posts: int = Field(1, ge=1, le=25)
    warning: str = Field("", max_length=200)
    attach: str = Field("", pattern="^(picture)?$")
    monthly_cap: float | None = Field(None, ge=0)


@dataclass(frozen=True)
class Application:
    """What a person wants: an account by this name; its settings as networks have them, its choice as `Choice` has."""

    name: str
    network: str
    server: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    choice: Mapping[str, Any] = field(default_factory=dict)
    secrets: Secrets = field(default_factory=Secrets)

    def account(self) -> Account:
        return Account(self.network, self.name, self.server, self.settings, self.secrets)


def judge(application: Application, door: Door) -> tuple[Network, Choice]:
    """Raises Refused, naming everything that cannot be used, what was found and what is accepted."""
    faults = list(_faults(application, door))
    if faults:
        raise Refused("The account cannot be used as it is.", faults=faults)
    return AVAILABLE[application.network], read_choice(dict(application.choice))


def split(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Given values as settings of the network and of writing, and as rules of choice and time."""
    rules = {name: value for name, value in values.items() if name in Choice.model_fields}
    return {name: value for name, value in values.items() if name not in rules}, rules


def try_out(account: Account, network: Network, choice: Choice, readings: Sequence[Reading]) -> list[Problem]:
    """What would go wrong with the account's texts on these articles."""
    articles = [each.article for each in readings]
    if choice.campaign:
        articles = [with_campaign(each, account.name) for each in articles]
    return dry_run(network.style(account), articles)


def store(
    session: Session, application: Application, choice: Choice, checked: Checked | None, vault: Vault, now: datetime
) -> SocialAccount:
    """The account's row; nothing published before `now` is posted by it. Raises Conflict where there is one already."""
    others = session.scalars(select(SocialAccount)).all()
    if any(row.name == application.name for row in others):
        raise Conflict(f"There is, or was, an account {application.name!r}: choose another name.")
    settings = {**application.settings, **(checked.settings if checked else {})}
    identity = checked.identity if checked else ""
    here = place_of(application.network, identity, settings)
    for row in others:
        if identity and row.state != REMOVED and here == place_of(row.network, row.identity, row.settings):
            told = f"{identity} is posted to already, by the account {row.name!r}: it would get everything twice."
            raise Conflict(told)
    row = SocialAccount(
        name=application.name,
        network=application.network,
        server=application.server,
        identity=identity,
        url=checked.url if checked else "",
        settings=settings,
        choice=choice.model_dump(mode="json", exclude_defaults=True),
        secrets=vault.seal(application.secrets),
        state=ACTIVE,
        created_at=now,
        expires_at=checked.expires if checked else None,
        check_at=session.scalars(select(db_now())).one() + DAY,
        paused_until=0.0,
        failures=0,
        reminded=[],
    )
    session.add(row)
    session.flush()
    return row


def _faults(application: Application, door: Door) -> list[Fault]:
    faults = []
    if not NAME.fullmatch(application.name):
        accepted = "small letters, digits and hyphens, at most 50"
        faults.append(Fault("/name", "This is no name for an account.", application.name[:100], accepted))
    network = AVAILABLE.get(application.network)
    if network is None:
        told = "There is no such network."
        return [*faults, Fault("/network", told, application.network[:100], ", ".join(AVAILABLE))]
    faults += _server_faults(application, network, door)
    for name in network.settings:
        if not application.settings.get(name):
            told = f"{network.name} needs the setting {name}."
            faults.append(Fault(f"/settings/{name}", told, None, "see docs/networks.md"))
    for name in network.secrets:
        if name not in application.secrets:
            told = f"{network.name} needs the secret {name}."
            faults.append(Fault(f"/secrets/{name}", told, None, "one line of ASCII"))
    faults += network.faults(application.settings)
    try:
        Writing.model_validate(dict(application.settings))
    except ValidationError as error:
        for each in error.errors():
            pointer = "/settings/" + "/".join(map(str, each["loc"]))
            faults.append(Fault(pointer, each["msg"], str(each["input"])[:200], each["msg"]))
    try:
        read_choice(dict(application.choice))
    except Refused as refused:
        faults += refused.faults
    return faults


def _server_faults(application: Application, network: Network, door: Door) -> list[Fault]:
    server = application.server or network.server
    accepted = "the https address of a public server"
    if not server and ("webhook" in network.secrets or network.can.fetched):
        return []
    if not server:
        return [Fault("/server", f"{network.name} needs the address of its server.", "", accepted)]
    try:
        private = door.check(server)
    except AddressRefused as error:
        return [Fault("/server", str(error), server[:200], accepted)]
    if not private and not server.startswith("https://"):
        return [Fault("/server", "Tokens are only sent over https.", server[:200], accepted)]
    return []
