"""An account's life: when it is asked how it is, when its access is renewed, and when people are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.social.credentials import Secrets
from services.social.network import Access, Account, Checked
from services.social.networks import NETWORKS
from services.social.outcomes import TokenExpired
from services.social.vault import Vault, keys_in, make_keys, new_key, write_keys
from shared.errors import ConfigurationError
from tests.networks.bluesky import BlueskyServer
from tests.networks.server import NetworkServer
from tests.networks.suite import SERVERS
from tests.paper import Paper
from tests.social import SocialDesk, social_desk

# One database: tests/integration/test_social_posting.py has accounts' turns on both.
pytestmark = pytest.mark.databases("sqlite")

REFRESH = "/xrpc/com.atproto.server.refreshSession"


@pytest.fixture
def bluesky() -> Iterator[BlueskyServer]:
    server = BlueskyServer()
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


def test_access_is_looked_at_when_it_is_to_be_renewed_and_is_renewed_once(
    desk: SocialDesk, bluesky: NetworkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.add(bluesky)
    renewed: list[str] = []

    def refresh(account: Account, door: object) -> Access:
        renewed.append(account.secrets["access"])
        return Access(account.secrets, ends=datetime.now(UTC) + timedelta(hours=2))

    monkeypatch.setattr(NETWORKS["bluesky"], "refresh", refresh)
    soon = datetime.now(UTC) + timedelta(minutes=30)
    asked_now(desk, renew_at=soon)
    assert renewed == [] and desk.account("bluesky").check_at == pytest.approx(soon.timestamp())
    desk.change_account("bluesky", renew_at=datetime.now(UTC))
    desk.let_pass(minutes=31)
    desk.rest()
    assert len(renewed) == 1
    asked = len(bluesky.requests)
    desk.let_pass(minutes=91)  # the account is looked at, long before its new token is to be renewed
    desk.rest()
    assert len(renewed) == 1 and len(bluesky.requests) > asked


def test_access_that_is_refused_although_it_was_just_renewed_is_not_renewed_again(
    desk: SocialDesk, bluesky: BlueskyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.add(bluesky)

    def refused(account: Account, door: object) -> Checked:
        raise TokenExpired("Token could not be verified")

    monkeypatch.setattr(NETWORKS["bluesky"], "check", refused)
    asked_now(desk, renew_at=datetime.now(UTC) - timedelta(seconds=1))
    assert [request.path for request in bluesky.requests] == [REFRESH]
    assert desk.account("bluesky").state == "broken"


def test_a_renewal_that_is_refused_breaks_the_account_and_people_are_told_once(
    desk: SocialDesk, bluesky: BlueskyServer
) -> None:
    desk.add(bluesky)
    bluesky.closed = True
    asked_now(desk, renew_at=datetime.now(UTC) - timedelta(seconds=1))
    assert desk.account("bluesky").state == "broken"
    for asked in (2, 3):
        desk.let_pass(minutes=61)
        desk.rest()
        assert [request.path for request in bluesky.requests].count(REFRESH) == asked
    (notice,) = desk.notices()
    assert notice.key.startswith("broken:") and "taken down" in notice.sentence
    bluesky.closed = False
    desk.let_pass(minutes=61)
    desk.rest()
    assert desk.account("bluesky").state == "active" and len(desk.notices()) == 1


def test_a_check_that_finds_no_answer_breaks_nothing_and_is_repeated_an_hour_later_after_ever_longer_pauses(
    desk: SocialDesk, bluesky: NetworkServer
) -> None:
    desk.add(bluesky)
    bluesky.garbled = True
    pauses = []
    for failures in (1, 2, 3):
        desk.let_pass(minutes=61) if pauses else asked_now(desk)
        desk.rest()
        account, now = desk.account("bluesky"), desk.now()
        pauses.append(account.paused_until - now)
        assert (account.state, account.failures) == ("active", failures)
        assert account.check_at == pytest.approx(now + 3600, abs=30)
    assert 0 < pauses[0] <= 2 < pauses[1] <= 10 < pauses[2] <= 30
    assert desk.notices() == []
    bluesky.garbled = False
    desk.let_pass(minutes=61)
    desk.rest()
    assert (desk.account("bluesky").failures, desk.account("bluesky").paused_until) == (0, 0.0)


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


def test_lost_keys_are_not_replaced_by_others_and_open_everything_when_they_are_back(
    desk: SocialDesk, bluesky: NetworkServer
) -> None:
    desk.add(bluesky)
    file = desk.settings.keys_file
    aside = file.rename(file.with_name("elsewhere"))
    desk.succeed()
    desk.publish()
    (post,) = desk.until_states("held")
    assert "social-keys is missing" in str(post.reason) and not file.exists()
    aside.rename(file)
    desk.change_account("bluesky", check_at=desk.now(), turn=None, turn_at=None)
    desk.until_states("sent")


def test_keys_are_made_once_for_this_user_only_and_a_rotation_keeps_every_secret(tmp_path: Path) -> None:
    file = tmp_path / "var" / "social-keys"
    make_keys(file)
    (first,) = keys_in(file)
    make_keys(file)
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
