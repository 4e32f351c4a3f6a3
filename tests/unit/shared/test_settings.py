"""Where settings come from, and what is said when one cannot be used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from shared.bus import broker_url
from shared.errors import ConfigurationError
from shared.settings import Settings, reachable, with_password


def settings_in(environment: dict[str, str], expression: str) -> str:
    """What an expression over `Settings` gives in a process with just this environment."""
    program = f"from shared.settings import Settings; print({expression})"
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_a_secret_is_read_from_a_file_named_like_its_variable(tmp_path: Path) -> None:
    (tmp_path / "masthead_database_url").write_text("postgresql://db/masthead\n")
    (tmp_path / "masthead_database_password").write_text("s3cret/?\n")
    found = settings_in({"CREDENTIALS_DIRECTORY": str(tmp_path)}, "Settings().sql_url")
    assert found == "postgresql://:s3cret%2F%3F@db/masthead"


def test_a_variable_wins_over_a_file_and_an_empty_one_counts_as_absent(tmp_path: Path) -> None:
    (tmp_path / "masthead_log_level").write_text("ERROR")
    folder = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert settings_in(folder | {"MASTHEAD_LOG_LEVEL": "DEBUG"}, "Settings().log_level") == "DEBUG"
    assert settings_in(folder | {"MASTHEAD_LOG_LEVEL": ""}, "Settings().log_level") == "ERROR"


def test_secrets_are_not_shown_when_settings_are_printed() -> None:
    assert "hush" not in repr(Settings(database_password=SecretStr("hush")))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", ""),
        ("postgresql://masthead@db:5432/masthead", "postgresql://masthead:p%40ss@db:5432/masthead"),
        ("redis://valkey:6379/0", "redis://:p%40ss@valkey:6379/0"),
        ("amqp://masthead:old@rabbitmq//", "amqp://masthead:p%40ss@rabbitmq//"),
        ("rediss://[::1]:6380/0", "rediss://:p%40ss@[::1]:6380/0"),
        ("unix:///run/valkey.sock?db=0", "unix://:p%40ss@/run/valkey.sock?db=0"),
    ],
)
def test_a_password_is_put_into_the_url(url: str, expected: str) -> None:
    assert with_password(url, SecretStr("p@ss")) == expected
    assert with_password(url, SecretStr("")) == url


def test_the_broker_is_the_redis_in_use_unless_another_is_named() -> None:
    own = Settings(redis_url="redis://valkey:6379/0", redis_password=SecretStr("a"))
    assert broker_url(own) == "redis://:a@valkey:6379/1"
    other = Settings(broker_url="amqp://masthead@rabbitmq//", broker_password=SecretStr("b"))
    assert broker_url(other) == "amqp://masthead:b@rabbitmq//"


@pytest.mark.parametrize("clock", ["2018", "2018-04-20", "2018-04-20T09:00:00", "yesterday", "1524211200"])
def test_a_clock_that_is_no_instant_is_refused_with_an_example(clock: str) -> None:
    with pytest.raises(ConfigurationError, match=f"MASTHEAD_CLOCK: .*2018-04-20T09:00:00.03:00.*{clock}"):
        Settings(clock=clock)


def test_every_setting_that_cannot_be_used_is_named_with_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASTHEAD_FEED_PORT", "http")
    monkeypatch.setenv("MASTHEAD_INGEST_PORT", "70000")
    with pytest.raises(ConfigurationError, match=r"MASTHEAD_FEED_PORT: .*'http'.*MASTHEAD_INGEST_PORT: .*'70000'"):
        Settings()


@pytest.mark.parametrize(
    ("host", "name"), [("0.0.0.0", "127.0.0.1"), ("::", "127.0.0.1"), ("::1", "[::1]"), ("web", "web")]
)
def test_an_address_to_listen_on_becomes_one_to_call(host: str, name: str) -> None:
    assert reachable(host) == name
