"""An account's life: when it is asked how it is, when its access is renewed, and when people are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.social.credentials import Secrets
from services.social.network import Access, Account, Checked
from services.social.networks import NETWORKS
from services.social.vault import Vault, keys_in, new_key, write_keys
from shared.errors import ConfigurationError
from tests.networks.server import NetworkServer
from tests.networks.suite import SERVERS
from tests.paper import Paper
from tests.social import SocialDesk, social_desk

# One database: tests/integration/test_social_posting.py has accounts' turns on both.
pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def bluesky() -> Iterator[NetworkServer]:
    server = SERVERS["bluesky"]()
    yield server
    server.close()


@pytest.fixture
def desk(paper: Paper, bluesky: NetworkServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[SocialDesk]:
    with social_desk(paper, monkeypatch, [bluesky]) as made:
        yield made


def asked_now(desk: SocialDesk, **values: object) -> None:
    """The account is asked how it is, with these values in the record."""
    desk.change_account("bluesky", check_at=0.0, turn=None, turn_at=None, **values)
    desk.rest()


def test_people_are_told_fourteen_seven_and_one_day_before_access_ends_and_when_it_has(
    desk: SocialDesk, bluesky: NetworkServer
) -> None:
    desk.add(bluesky)
    told = []
    ends = datetime.now(UTC) + timedelta(days=20)
    for day in (0.0, 6.1, 7.0, 12.0, 13.1, 18.0, 19.1, 19.5, 20.1, 22.0):
        # The days pass by letting the end come nearer, each time told a little otherwise.
        asked_now(desk, expires_at=ends - timedelta(days=day), reminded=_shifted(desk, ends - timedelta(days=day)))
        told.append(len(desk.notices()))
    assert told == [0, 1, 1, 1, 2, 2, 3, 3, 4, 4]
    ways = [notice.headline.removeprefix("Access of bluesky ") for notice in desk.notices()]
    assert ways == ["ends in 14 days", "ends in 7 days", "ends tomorrow", "has ended"]


def _shifted(desk: SocialDesk, expires: datetime) -> list[dict[str, object]]:
    """What people were told, about the same end."""
    return [{**each, "expires": expires.isoformat()} for each in desk.account("bluesky").reminded]


def test_access_is_renewed_before_it_runs_out_and_an_empty_token_replaces_nothing(
    desk: SocialDesk, bluesky: NetworkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = desk.settings.make_vault().open(desk.add(bluesky).secrets)
    network = NETWORKS["bluesky"]
    seen: list[str] = []

    def refresh(account: Account, door: object) -> Access:
        fresh = account.secrets.renewed({"access": "new-access", "refresh": "  "})
        return Access(fresh, ends=datetime.now(UTC) + timedelta(hours=2))

    def check(account: Account, door: object) -> Checked:
        seen.append(account.secrets["access"])
        return Checked("newsroom")

    monkeypatch.setattr(network, "refresh", refresh)
    monkeypatch.setattr(network, "check", check)
    asked_now(desk, renew_at=datetime.now(UTC) - timedelta(seconds=1))
    kept = desk.settings.make_vault().open(desk.account("bluesky").secrets)
    assert seen == ["new-access"]
    assert kept["access"] == "new-access" and kept["refresh"] == before["refresh"]
    again = desk.account("bluesky").renew_at
    assert again is not None and timedelta(hours=1) < again - datetime.now(UTC) < timedelta(hours=2)


def test_secrets_are_not_in_the_record_in_clear_and_need_their_key(desk: SocialDesk, bluesky: NetworkServer) -> None:
    account = desk.add(bluesky)
    for secret in bluesky.secrets().values():
        assert secret not in account.secrets
    with pytest.raises(ConfigurationError, match="the key they were encrypted with is missing"):
        Vault(lambda: [new_key()]).open(account.secrets)


def test_an_account_whose_key_is_gone_holds_its_posts_and_says_so(desk: SocialDesk, bluesky: NetworkServer) -> None:
    desk.add(bluesky)
    write_keys(desk.settings.keys_file, [new_key()])
    desk.succeed()
    desk.publish()
    (post,) = desk.until_states("held")
    assert "decrypted" in str(post.reason) and desk.account("bluesky").state == "broken"
    assert bluesky.posts == []


def test_keys_are_made_once_for_this_user_only_and_a_rotation_keeps_every_secret(tmp_path: Path) -> None:
    file = tmp_path / "var" / "social-keys"
    (first,) = keys_in(file)
    assert keys_in(file) == [first] and file.stat().st_mode & 0o777 == 0o600
    sealed = Vault(lambda: [first]).seal(Secrets({"token": "tök".encode().hex()}))
    second = new_key()
    write_keys(file, [second, first])
    renewed = Vault(lambda: keys_in(file)).renew(sealed)
    assert Vault(lambda: [second]).open(renewed)["token"] == "tök".encode().hex()
    assert renewed != sealed


def test_a_key_that_is_none_is_refused_without_showing_it() -> None:
    with pytest.raises(ConfigurationError) as refused:
        Vault(lambda: ["s3cret-but-no-key"])
    assert "s3cret" not in str(refused.value)


def test_a_pasted_token_that_cannot_be_renewed_once_it_has_run_out_is_renewed_in_time(
    paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = SERVERS["threads"]()
    with social_desk(paper, monkeypatch, [server]) as desk:
        first = desk.add(server).renew_at
        assert first is not None and timedelta(days=1) < first - datetime.now(UTC) < timedelta(days=30)
        past = datetime.now(UTC) - timedelta(seconds=1)
        desk.change_account("threads", renew_at=past, check_at=0.0, turn=None, turn_at=None)
        desk.until(lambda: desk.account("threads").renew_at != past)
        assert desk.settings.make_vault().open(desk.account("threads").secrets)["token"] == "THnew"
        again = desk.account("threads").renew_at
        assert again is not None and timedelta(days=40) < again - datetime.now(UTC) < timedelta(days=60)
    server.close()
