"""What the office asks a person for: secrets, which are never shown and never an argument, and consent."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from services.social.credentials import Secrets
from services.social.enrolling import Application, needed_secrets
from services.social.network import Network
from services.social.office.signing_in import sign_in, type_secret
from shared.errors import Fault, Refused
from shared.http import Door

STDIN = "-"
_LINE = re.compile(r"\s*([a-z_]+)\s*=(.*)", re.ASCII)


def ask_for_secrets(network: Network, application: Application, source: str, door: Door, port: int) -> Application:
    """The application with its secrets: those of a file (`-`: the standard input), else what a person brings.

    That is what they type, or, where a network has a sign-in, what their browser brings back to this port of the
    machine, the account's page or organisation with it. Raises PostError.
    """
    if not network.secrets:
        return application
    if source:
        names = (*network.secrets, *network.more_secrets)
        return replace(application, secrets=Secrets(_read(_lines(source), names)))
    if not sys.stdin.isatty():
        told = f"Nobody can be asked for {', '.join(network.secrets)} here: name a file, --secrets-from FILE or -."
        raise click.UsageError(told)
    signs_in = network.sign_in(application.account()) is not None
    if signs_in and click.confirm(f"Sign in to {network.name} with a browser?", default=True, err=True):
        return sign_in(network, application, door, port)
    return replace(application, secrets=Secrets(_typed(network, application)))


def consent(question: str, yes: bool) -> None:
    """Goes on with a person's consent only."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("Nobody can be asked here: say --yes.")
    click.confirm(question, abort=True, err=True)


def _typed(network: Network, application: Application) -> dict[str, str]:
    needed = needed_secrets(network, application.settings)
    typed = {name: type_secret(network, name) for name in needed}
    for name in network.more_secrets:
        if name in network.hints and name not in (*needed, *network.log_in):
            typed[name] = type_secret(network, name, or_none=True)
    return {name: value for name, value in typed.items() if value}


def _lines(source: str) -> list[str]:
    try:
        return (sys.stdin.read() if source == STDIN else Path(source).read_text(encoding="utf-8")).splitlines()
    except OSError as error:
        raise Refused(f"{source} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Refused(f"{source} cannot be read: it is no text.") from None


def _read(lines: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Lines of name=value; empty ones, and those that begin with #, are passed over. No fault shows what was found."""
    found: dict[str, str] = {}
    faults = []
    for place, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            accepted = f"one line for each secret, with one of these names: {', '.join(names)}"
            faults.append(Fault(f"/secrets/line {place}", "It is not written as name=value.", None, accepted))
        elif match[1] not in names or match[1] in found:
            told = "It is there twice." if match[1] in found else "The network has no such secret."
            faults.append(Fault(f"/secrets/line {place}", told, None, ", ".join(names)))
        else:
            found[match[1]] = match[2]
    if faults:
        raise Refused("The secrets cannot be used.", faults=faults)
    return found
