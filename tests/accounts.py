"""Accounts of an installation, connected as people do it."""

from __future__ import annotations

import json
from typing import Any

from tests.networks.server import NetworkServer
from tests.system import Installation


def add_account(installation: Installation, server: NetworkServer, name: str, **choice: Any) -> None:
    """An account on this server, whose address the installation allows. It posts what is published from now on."""
    network = server.network
    settings = {each: value for each, value in server.settings().items() if each in network.settings}
    secrets = {each: value for each, value in server.secrets().items() if each in network.secrets}
    file = installation.var / f"{name}.secrets"
    file.write_text("".join(f"{each}={value}\n" for each, value in secrets.items()))
    given = [f"--set={each}={json.dumps(value)}" for each, value in (settings | choice).items()]
    where = ("--server", server.url, "--secrets-from", str(file))
    installation.masthead("accounts", "add", network.name, name, *where, *given)
