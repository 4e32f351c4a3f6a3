"""Keys of accounts' secrets: another in the place of the first, while workers go on and whatever ends in between."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from services.social import turns
from services.social.accounts import lock
from services.social.credentials import Secrets
from services.social.office import rotating
from services.social.vault import Vault, keys_in, new_key, write_keys
from shared import outbox
from shared.errors import ConfigurationError
from shared.models import SocialAccount
from tests.factories import NOW
from tests.networks.bluesky import BlueskyServer
from tests.networks.mastodon import MastodonServer
from tests.office import add, as_json, run, told
from tests.paper import Paper
from tests.social import SocialDesk, social_desk
from tests.system import wait_for


@pytest.fixture
def sky() -> Iterator[BlueskyServer]:
    server = BlueskyServer()
    yield server
    server.close()


@pytest.fixture
def desk(
    paper: Paper, sky: BlueskyServer, mastodon: MastodonServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SocialDesk]:
    with social_desk(paper, monkeypatch, [sky, mastodon]) as made:
        yield made


def opened_by(desk: SocialDesk, name: str, *keys: str) -> Secrets:
    return Vault(lambda: keys).open(desk.account(name).secrets)


def test_a_new_key_takes_the_place_of_the_old_one_while_the_worker_goes_on(
    desk: SocialDesk, sky: BlueskyServer, mastodon: MastodonServer
) -> None:
    add(sky, "sky")
    add(mastodon, "courier")
    file = desk.settings.keys_file
    (old,) = keys_in(file)
    assert "2" in told("accounts", "rotate")
    (new,) = keys_in(file)
    assert new != old
    with pytest.raises(ConfigurationError):
        opened_by(desk, "sky", old)
    sky.expired = True  # the worker renews its access, and seals it with the key there is now
    desk.publish(image={"url": f"{sky.url}/card.png", "alt": "", "credit": ""})
    desk.until_states("sent", "sent")
    assert opened_by(desk, "sky", new)["access"] == f"access-{sky.session}"
    assert oct(file.stat().st_mode & 0o777) == "0o600"


@pytest.mark.databases("sqlite")
def test_old_keys_are_kept_when_somebody_says_so(desk: SocialDesk, mastodon: MastodonServer) -> None:
    add(mastodon, "courier")
    (old,) = keys_in(desk.settings.keys_file)
    assert as_json("accounts", "rotate", "--keep-old") == {"accounts": 1, "old_keys": 1}
    new, kept = keys_in(desk.settings.keys_file)
    assert kept == old
    assert opened_by(desk, "courier", new)


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("ends_at", [2, 1])
def test_a_rotation_that_ends_half_way_leaves_secrets_that_open(
    desk: SocialDesk, mastodon: MastodonServer, monkeypatch: pytest.MonkeyPatch, ends_at: int
) -> None:
    """It ends once two keys are in the file, or before the old one is taken away."""
    add(mastodon, "courier")
    file = desk.settings.keys_file
    (old,) = keys_in(file)

    def write(file: Path, keys: Sequence[str]) -> None:
        if len(keys) == 2:
            write_keys(file, keys)
        if len(keys) == ends_at:
            raise KeyboardInterrupt

    with monkeypatch.context() as ending:
        ending.setattr(rotating, "write_keys", write)
        assert run("accounts", "rotate").exit_code == 1
    assert old in keys_in(file) and len(keys_in(file)) == 2
    assert opened_by(desk, "courier", *keys_in(file))
    told("accounts", "rotate")
    (new,) = keys_in(file)
    assert new != old and opened_by(desk, "courier", new)


@pytest.mark.databases("sqlite")
def test_a_secret_whose_key_is_lost_is_named_and_no_key_is_changed(desk: SocialDesk, mastodon: MastodonServer) -> None:
    add(mastodon, "courier")
    file = desk.settings.keys_file
    write_keys(file, [new_key()])
    (before,) = keys_in(file)
    result = run("accounts", "rotate")
    assert result.exit_code == 3 and "courier" in result.output and "masthead accounts rotate courier" in result.output
    assert keys_in(file) == [before]
    told("accounts", "rotate", "courier", "--secrets-from", "-", typed="token=s3cret-token\n")
    assert opened_by(desk, "courier", before) and told("accounts", "rotate")


@pytest.mark.databases("sqlite")
def test_keys_of_the_environment_are_the_operators_to_change(
    desk: SocialDesk, mastodon: MastodonServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = new_key(), new_key()
    monkeypatch.setenv("MASTHEAD_SOCIAL_KEYS", old)
    add(mastodon, "courier")
    assert "put a new one before it" in told("accounts", "rotate")
    monkeypatch.setenv("MASTHEAD_SOCIAL_KEYS", f"{new} {old}")
    result = told("accounts", "rotate")
    assert "only the first is needed now: the other 1 can be taken away" in result
    assert old not in result and new not in result
    assert opened_by(desk, "courier", new)


def test_a_command_waits_until_what_is_on_its_way_has_ended(
    desk: SocialDesk, mastodon: MastodonServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(mastodon, "courier")
    looked = threading.Event()

    def interrupt(session: Session, account: SocialAccount) -> bool:
        found = interrupted(session, account)
        looked.set()
        return found

    interrupted = turns.interrupt
    account_id = desk.account("courier").id
    with desk.db.write() as session:
        account = lock(session, [account_id])[account_id]
        assert turns.interrupt(session, account)
        claim = turns.take(session, account, 0.0, NOW)
    monkeypatch.setattr(turns, "interrupt", interrupt)
    holding = threading.Thread(target=told, args=("accounts", "hold", "courier"))
    holding.start()
    wait_for(looked.is_set)
    assert desk.account("courier").state == "active" and holding.is_alive()
    with desk.db.write() as session:
        outbox.finish(session, claim)
    holding.join(20)
    assert desk.account("courier").state == "held"


@pytest.mark.databases("sqlite")
def test_without_its_keys_nothing_is_opened_until_they_are_back_or_an_account_has_other_secrets(
    desk: SocialDesk, mastodon: MastodonServer
) -> None:
    add(mastodon, "courier")
    file = desk.settings.keys_file
    file.unlink()
    result = run("accounts", "test", "courier")
    assert result.exit_code != 0 and f"{file} is missing" in result.output and "accounts rotate NAME" in result.output
    assert not file.exists()
    told("accounts", "rotate", "courier", "--secrets-from", "-", typed="token=s3cret-token\n")
    assert opened_by(desk, "courier", *keys_in(file))["token"] == "s3cret-token"
