"""The office's commands as a person runs them, in this process, beside the worker of `tests/social.py`."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner, Result

from services.social.office.__main__ import office
from tests.networks.server import NetworkServer


def run(*arguments: str, typed: str = "") -> Result:
    """`masthead accounts …` or `masthead posts …`; `typed` is the standard input."""
    result = CliRunner().invoke(office, arguments, input=typed, prog_name="masthead")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def told(*arguments: str, typed: str = "") -> str:
    """What a command says that succeeds."""
    result = run(*arguments, typed=typed)
    assert result.exit_code == 0, result.output
    return result.output


def as_json(*arguments: str, typed: str = "") -> Any:
    """What a command tells programs."""
    return json.loads(told(*arguments, "--json", typed=typed))


def secrets_of(server: NetworkServer, **other: str) -> str:
    """A file of secrets: those that the server's account needs."""
    values = {name: value for name, value in server.secrets().items() if name in server.network.secrets}
    return "".join(f"{name}={value}\n" for name, value in {**values, **other}.items())


def add(server: NetworkServer, name: str, *arguments: str, typed: str = "") -> Result:
    """`masthead accounts add` with the server's address, its settings, and its secrets on the standard input."""
    known = {name: value for name, value in server.settings().items() if name in server.network.settings}
    given = [part for each, value in known.items() for part in ("--set", f"{each}={value}")]
    network, address = server.network.name, ("--server", server.url)
    return run(
        "accounts", "add", network, name, *address, *given, "--secrets-from", "-", *arguments,
        typed=typed or secrets_of(server),
    )  # fmt: skip
