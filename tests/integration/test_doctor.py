"""What `masthead doctor` finds about social accounts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from services.cli.doctor import doctor_command
from shared.db import Database
from shared.models import SocialAccount, SocialPost
from tests.factories import article, publisher, social_account, social_post


@pytest.fixture(autouse=True)
def _environment(database_url: str, valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASTHEAD_DATABASE_URL", database_url)
    monkeypatch.setenv("MASTHEAD_REDIS_URL", valkey_url)
    monkeypatch.setenv("MASTHEAD_VAR", str(tmp_path))


def findings(*parts: str) -> dict[str, tuple[bool, str]]:
    """What `masthead doctor` says of these parts: whether all is well, and what it found."""
    said = json.loads(CliRunner().invoke(doctor_command, ["--json"]).stdout)
    return {each["part"]: (each["ok"], each["found"]) for each in said if each["part"] in parts}


def test_a_newsroom_without_accounts_is_well(db: Database) -> None:
    assert findings("accounts", "posts", "account keys") == {
        "accounts": (True, "none"),
        "posts": (True, "none waits for a person"),
        "account keys": (True, "none needed yet"),
    }


def test_the_doctor_names_a_broken_account_with_its_reason(db: Database) -> None:
    with db.write() as session:
        social_account(session, "courier-mastodon")
        social_account(session, "courier-x", state="broken", reason="HTTP 401: Unauthorized")
        social_account(session, "courier-old", state="removed")
    assert findings("accounts") == {"accounts": (False, "courier-x is broken: HTTP 401: Unauthorized")}
    with db.write() as session:
        session.execute(update(SocialAccount).where(SocialAccount.state == "broken").values(state="held"))
    assert findings("accounts") == {"accounts": (True, "1 active, 1 held")}


def test_the_doctor_names_posts_of_which_only_a_person_can_know(db: Database) -> None:
    with db.write() as session:
        account = social_account(session, "courier-telegram")
        known = article(session, publisher(session))
        waits = social_post(session, known, account, "article", state="unconfirmed")
        social_post(session, known, account, "correction.2", state="unconfirmed", wanted="confirm", due_at=1.0)
        number = waits.id
    said = f"unconfirmed, they may have been sent or not: {number} on courier-telegram"
    assert findings("posts") == {"posts": (False, said)}
    with db.write() as session:
        session.execute(update(SocialPost).where(SocialPost.id == number).values(state="sent"))
    assert findings("posts") == {"posts": (True, "none waits for a person")}


def test_the_doctor_misses_the_keys_of_accounts_that_have_secrets(db: Database, tmp_path: Path) -> None:
    with db.write() as session:
        social_account(session, "courier-mastodon")
    file = tmp_path / "social-keys"
    said = f"{file} is missing, and only its keys open the accounts' secrets"
    assert findings("account keys") == {"account keys": (False, said)}
    file.write_text("a key\n")
    assert findings("account keys") == {"account keys": (True, f"in {file}; keep a copy elsewhere")}


def test_keys_that_are_given_need_no_file(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with db.write() as session:
        social_account(session, "courier-mastodon")
    monkeypatch.setenv("MASTHEAD_SOCIAL_KEYS", "a key")
    assert findings("account keys") == {"account keys": (True, "in MASTHEAD_SOCIAL_KEYS")}
