"""Making and changing accounts: everything about one is judged before it is stored."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.social.accounts import ACTIVE, REMOVED, place_of
from services.social.choice import Choice, read_choice
from services.social.credentials import Secrets
from services.social.expiry import renewal
from services.social.measuring import DAY
from services.social.network import Access, Account, Checked, Network
from services.social.networks import AVAILABLE
from services.social.vault import Vault
from shared.db import db_now
from shared.errors import AddressRefused, Conflict, Fault, Refused
from shared.http import Door, shown
from shared.models import SocialAccount

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?", re.ASCII)
# What a setting's value has to be, in words.
_KINDS: dict[type, str] = {
    str: "text",
    list: "a list of texts",
    bool: "true or false",
    int: "a whole number",
}


class Writing(BaseModel):
    """How an account writes, whatever its network (services.social.text.writing.Style)."""

    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)

    template: str | dict[str, str] = ""
    hashtags: int = Field(3, ge=0, le=30)
    emoji: str = Field("", max_length=20)
    posts: int = Field(1, ge=1, le=25)
    warning: str = Field("", max_length=200)
    attach: str = Field("", pattern="^(picture)?$")
    monthly_cap: float | None = Field(None, ge=0)


@dataclass(frozen=True)
class Application:
    """What a person wants: an account by this name; its settings as networks have them, its choice as `Choice` has.

    `expires` and `renew_at` come with secrets that a network has given: see `with_access`.
    """

    name: str
    network: str
    server: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    choice: Mapping[str, Any] = field(default_factory=dict)
    secrets: Secrets = field(default_factory=Secrets)
    expires: datetime | None = None
    renew_at: datetime | None = None

    def account(self) -> Account:
        return Account(self.network, self.name, self.server, self.settings, self.secrets)

    def with_access(self, access: Access, at: datetime) -> Application:
        """With what a sign-in or a refresh brought at that instant."""
        return replace(
            self,
            settings={**self.settings, **access.settings},
            secrets=access.secrets,
            expires=access.expires or self.expires,
            renew_at=renewal(at, access.ends) if access.ends else None,
        )


def application_of(row: SocialAccount) -> Application:
    """An account as it would be applied for again, without its secrets."""
    return Application(
        row.name,
        row.network,
        row.server,
        row.settings,
        row.choice,
        expires=row.expires_at,
        renew_at=row.renew_at,
    )


def judge(application: Application, door: Door, *, before: Mapping[str, Any] | None = None) -> tuple[Network, Choice]:
    """`before` are the settings of an account that is changed: what it has of them is not asked for its name again.

    Raises Refused, naming everything that cannot be used, what was found and what is accepted.
    """
    faults = _faults(application, door, before or {})
    if faults:
        raise Refused("The account cannot be used as it is.", faults=faults)
    return AVAILABLE[application.network], read_choice(dict(application.choice))


def needed_secrets(network: Network, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The secrets without which an account with these settings cannot post: its tokens, or what it logs in with."""
    secrets = (*network.secrets, *network.more_secrets)
    named = [name for name in network.log_in if name not in secrets]
    if named and all(settings.get(name) for name in named):
        return tuple(name for name in network.log_in if name in secrets)
    return network.secrets


def split(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Given values as settings of the network and of writing, and as rules of choice and time."""
    rules = {name: value for name, value in values.items() if name in Choice.model_fields}
    return {name: value for name, value in values.items() if name not in rules}, rules


def store(
    session: Session, application: Application, choice: Choice, checked: Checked | None, vault: Vault, now: datetime
) -> SocialAccount:
    """The account's row; nothing published before `now` is posted by it. Raises Conflict where there is one already."""
    refuse_name(session, application.name)
    settings = {**application.settings, **(checked.settings if checked else {})}
    identity = checked.identity if checked else ""
    _refuse_second(session, application.network, identity, settings)
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
        expires_at=(checked.expires if checked else None) or application.expires,
        renew_at=_renewal(application),
        check_at=session.scalars(select(db_now())).one() + DAY,
        paused_until=0.0,
        failures=0,
        reminded=[],
    )
    session.add(row)
    session.flush()
    return row


def change(
    session: Session,
    row: SocialAccount,
    application: Application,
    choice: Choice,
    checked: Checked | None,
    vault: Vault,
) -> None:
    """Gives an account, which the caller locked, other settings, rules and secrets. Raises Conflict as `store` does."""
    settings = {**application.settings, **(checked.settings if checked else {})}
    if checked is not None:
        _refuse_second(session, row.network, checked.identity, settings, but=row.id)
        row.identity, row.url = checked.identity, checked.url or row.url
    row.expires_at = (checked.expires if checked else None) or application.expires
    row.renew_at = _renewal(application)
    row.settings = settings
    row.choice = choice.model_dump(mode="json", exclude_defaults=True)
    row.secrets = vault.seal(application.secrets)


def refuse_name(session: Session, name: str) -> None:
    """Raises Conflict where an account has, or had, this name: it stands in links of posts."""
    if session.scalar(select(SocialAccount.id).where(SocialAccount.name == name)) is not None:
        raise Conflict(f"There is, or was, an account {name!r}: choose another name.")


def _refuse_second(
    session: Session, network: str, identity: str, settings: Mapping[str, Any], *, but: int | None = None
) -> None:
    here = place_of(network, identity, settings)
    for row in session.scalars(select(SocialAccount).where(SocialAccount.state != REMOVED)):
        if identity and row.id != but and here == place_of(row.network, row.identity, row.settings):
            told = f"{identity} is posted to already, by the account {row.name!r}: it would get everything twice."
            raise Conflict(told)


def _renewal(application: Application) -> datetime | None:
    first = AVAILABLE[application.network].renew_pasted
    return application.renew_at or (datetime.now(UTC) + first if first else None)


def _faults(application: Application, door: Door, before: Mapping[str, Any]) -> list[Fault]:
    faults = []
    if not NAME.fullmatch(application.name):
        accepted = "small letters, digits and hyphens, at most 50"
        faults.append(Fault("/name", "This is no name for an account.", application.name[:100], accepted))
    network = AVAILABLE.get(application.network)
    if network is None:
        told = "There is no such network."
        return [*faults, Fault("/network", told, application.network[:100], ", ".join(AVAILABLE))]
    faults += _server_faults(application, network, door)
    faults += _setting_faults(application, network, before)
    missing = not all(name in application.secrets for name in network.secrets)
    for name in needed_secrets(network, application.settings) if missing else ():
        if name not in application.secrets:
            told = f"{network.name} needs the secret {name}."
            faults.append(Fault(f"/secrets/{name}", told, None, "one line of ASCII"))
    faults += network.faults(application.settings)
    try:
        read_choice(dict(application.choice))
    except Refused as refused:
        faults += refused.faults
    return faults


def _setting_faults(application: Application, network: Network, before: Mapping[str, Any]) -> Iterator[Fault]:
    """No value of an unknown name is shown: it may be a secret in the wrong place."""
    kinds: dict[str, type | tuple[str, ...]] = {**dict.fromkeys(network.settings, str), **network.options}
    page = "docs/posters.md" if network.can.fetched else "docs/networks.md"
    for name in network.settings:
        if not application.settings.get(name):
            yield Fault(f"/settings/{name}", f"{network.name} needs the setting {name}.", None, f"see {page}")
    for name, value in application.settings.items():
        pointer = f"/settings/{name}"
        if name in Writing.model_fields or (name in before and before[name] == value):
            continue
        if name in (*network.secrets, *network.more_secrets):
            yield Fault(pointer, "This is a secret: it does not belong among the settings.")
        elif name not in kinds:
            accepted = ", ".join(sorted({*kinds, *Writing.model_fields, *Choice.model_fields}))
            yield Fault(pointer, f"There is no such setting of an account on {network.name}.", None, accepted)
        elif value and not _is_of_kind(value, kinds[name]):
            kind = kinds[name]
            accepted = _KINDS[kind] if isinstance(kind, type) else ", ".join(kind)
            yield Fault(pointer, f"It has to be {accepted}.", str(value)[:200], accepted)
    try:
        Writing.model_validate(dict(application.settings))
    except ValidationError as error:
        for each in error.errors():
            pointer = "/settings/" + "/".join(map(str, each["loc"]))
            yield Fault(pointer, each["msg"], str(each["input"])[:200], each["msg"])


def _is_of_kind(value: object, kind: type | tuple[str, ...]) -> bool:
    if isinstance(kind, tuple):
        return value in kind
    if kind is list:
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    if isinstance(value, bool):
        return kind in (bool, object)
    return isinstance(value, (str, int) if kind is str else kind)  # ids may be digits alone


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
        return [Fault("/server", str(error), shown(server), accepted)]
    if not private and not server.startswith("https://"):
        return [Fault("/server", "Tokens are only sent over https.", shown(server), accepted)]
    return []
