"""`masthead accounts` and `masthead posts` as programs: exit codes, usage lines, and a person at a terminal."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from services.cli import settings
from services.cli.__main__ import masthead
from shared.db import Database
from shared.errors import ConfigurationError
from tests.factories import NOW
from tests.networks.mastodon import TOKEN, MastodonServer
from tests.system import MASTHEAD, free_port
from tests.terminal import Terminal

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def environment(
    db: Database, database_url: str, valkey_url: str, tmp_path: Path, mastodon: MastodonServer
) -> dict[str, str]:
    values = {
        "DATABASE_URL": database_url,
        "REDIS_URL": valkey_url,
        "VAR": str(tmp_path),
        "CLOCK": NOW.isoformat(),
        "SOCIAL_ALLOW": f"127.0.0.1:{mastodon.port}",
    }
    outer = {name: value for name, value in os.environ.items() if not name.startswith("MASTHEAD_")}
    return outer | {f"MASTHEAD_{name}": value for name, value in values.items()} | {"TERM": "dumb", "COLUMNS": "200"}


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*MASTHEAD, *arguments], env=environment, capture_output=True, text=True, timeout=60)


def test_the_program_takes_the_place_of_the_command(environment: dict[str, str]) -> None:
    shown = run(environment, "posts", "retry", "--help")
    assert shown.returncode == 0 and shown.stdout.startswith("Usage: masthead posts retry [OPTIONS] NUMBER")
    refused = run(environment, "accounts", "test", "nobody")
    assert refused.returncode == 1 and refused.stderr.startswith("masthead: There is no account 'nobody'.")
    away = run(environment | {"MASTHEAD_DATABASE_URL": "sqlite:////nowhere/masthead.sqlite3"}, "posts", "list")
    assert away.returncode == 3 and away.stderr.startswith("masthead: the record does not answer")


def test_where_social_is_not_installed_the_command_says_where_it_is(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(name: str) -> Any:
        return None if name == "services.social" else True

    monkeypatch.setattr(settings, "find_spec", found)
    result = CliRunner().invoke(masthead, ["accounts", "list"])
    assert isinstance(result.exception, ConfigurationError)
    assert "`python -m services.social.office accounts` in its container" in str(result.exception)


def test_what_is_typed_is_not_seen(environment: dict[str, str], mastodon: MastodonServer) -> None:
    terminal = Terminal([*MASTHEAD, "accounts", "add", "mastodon", "courier", "--server", mastodon.url], environment)
    try:
        terminal.until("with a browser")
        terminal.type("n")
        terminal.until("token: ")
        terminal.type(TOKEN)
        terminal.until("posts from now on")
        assert terminal.end() == 0 and TOKEN not in terminal.screen
    finally:
        terminal.close()


@pytest.mark.parametrize("elsewhere", [False, True], ids=["on this machine", "on another machine"])
def test_a_person_signs_in_with_a_browser(
    environment: dict[str, str], mastodon: MastodonServer, elsewhere: bool
) -> None:
    port = str(free_port())
    command = [*MASTHEAD, "accounts", "add", "mastodon", "courier", "--server", mastodon.url, "--port", port]
    terminal = Terminal(command, environment)
    try:
        terminal.until("with a browser")
        terminal.type("")
        page = terminal.until(r"http\S+/oauth/authorize\?\S+")
        if elsewhere:
            terminal.type("http://127.0.0.1/callback?code=stolen&state=guessed")
            terminal.until("not the address")
            terminal.type(requests.get(page, allow_redirects=False, timeout=10).headers["Location"])
        else:
            assert "You can close this window" in requests.get(page, timeout=10).text
        terminal.until("posts from now on")
        assert terminal.end() == 0
    finally:
        terminal.close()
