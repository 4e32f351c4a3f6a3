"""Rate limits hold, whether Redis counts or this process does."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.errors import Refused
from shared.limits import Limiter
from shared.settings import Settings


def limiter(redis_url: str, *, rate: str = "3/minute", installation: str = "test") -> Limiter:
    return Limiter(Settings(redis_url=redis_url, rate_limit=rate, failed_login_limit="2/minute"), installation)


@pytest.fixture
def away(tmp_path: Path) -> str:
    """A Redis that nobody has started."""
    return f"unix://{tmp_path / 'nobody.sock'}"


def refused(ask: object) -> Refused:
    assert callable(ask)
    with pytest.raises(Refused) as caught:
        ask()
    return caught.value


def test_a_key_is_stopped_at_its_limit_and_told_when_to_come_back(valkey_url: str) -> None:
    limits = limiter(valkey_url, installation="stopped")
    for _ in range(3):
        limits.use("aaaaaaaa")
    error = refused(lambda: limits.use("aaaaaaaa"))
    assert (error.status, error.title) == (429, "Too many requests")
    assert 1 <= int(error.headers["Retry-After"]) <= 60
    assert "3 per 1 minute" in error.detail
    limits.use("bbbbbbbb")


def test_processes_share_their_counts(valkey_url: str) -> None:
    one, other = limiter(valkey_url, installation="shared"), limiter(valkey_url, installation="shared")
    one.use("aaaaaaaa")
    other.use("aaaaaaaa")
    one.use("aaaaaaaa")
    refused(lambda: other.use("aaaaaaaa"))


def test_an_address_that_guesses_keys_is_stopped(valkey_url: str) -> None:
    limits = limiter(valkey_url, installation="guessing")
    limits.blame("192.0.2.1")
    limits.blame("192.0.2.1")
    assert refused(lambda: limits.blame("192.0.2.1")).status == 429
    limits.blame("192.0.2.2")


def test_limits_hold_while_redis_is_away(away: str) -> None:
    limits = limiter(away)
    for _ in range(3):
        limits.use("aaaaaaaa")
    assert refused(lambda: limits.use("aaaaaaaa")).status == 429
