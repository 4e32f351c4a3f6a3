"""`masthead accounts add` and `set`: what is judged, asked and tried before an account counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from services.social.settings import SocialSettings
from shared.db import Database
from shared.models import SocialAccount
from tests.factories import NOW
from tests.networks.bluesky import BlueskyServer
from tests.networks.mastodon import TOKEN, MastodonServer
from tests.networks.matrix import MatrixServer
from tests.networks.server import NetworkServer
from tests.networks.slack import SlackWebhookServer
from tests.networks.telegram import TelegramServer
from tests.networks.x import XServer
from tests.newsroom import Newsroom
from tests.office import add, as_json, run, told

SERVERS: dict[str, type[NetworkServer]] = {
    "mastodon": MastodonServer,
    "bluesky": BlueskyServer,
    "matrix": MatrixServer,
    "slack-webhook": SlackWebhookServer,
    "telegram": TelegramServer,
    "x": XServer,
}

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def newsroom(
    db: Database, database_url: str, valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Newsroom:
    """A record with nobody at work on it."""
    settings = {"DATABASE_URL": database_url, "REDIS_URL": valkey_url, "VAR": str(tmp_path), "CLOCK": NOW.isoformat()}
    for name, value in {**settings, "BASE_URL": "https://courier.example"}.items():
        monkeypatch.setenv(f"MASTHEAD_{name}", value)
    return Newsroom(db)


@pytest.fixture
def server(
    request: pytest.FixtureRequest, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> Iterator[NetworkServer]:
    """The network that a test names, else Mastodon."""
    started = SERVERS[getattr(request, "param", "mastodon")]()
    monkeypatch.setenv("MASTHEAD_SOCIAL_ALLOW", f"127.0.0.1:{started.port}")
    yield started
    started.close()


def on(network: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("server", [network], indirect=True)


def stored(newsroom: Newsroom) -> SocialAccount:
    with newsroom.db.read() as session:
        row = session.scalars(select(SocialAccount)).one()
        session.expunge_all()
        return row


def test_secrets_are_stored_encrypted_and_never_shown(newsroom: Newsroom, server: NetworkServer) -> None:
    shown = add(server, "courier").output + told("accounts", "list") + told("accounts", "list", "--json")
    shown += told("accounts", "test", "courier") + told("accounts", "set", "courier", "hashtags=1")
    wrong = add(server, "second", typed="token=another-s3cret\n")
    assert wrong.exit_code == 1 and "The access token is invalid" in wrong.output
    assert TOKEN not in shown and "another-s3cret" not in wrong.output
    row = stored(newsroom)
    assert TOKEN not in repr({column.name: getattr(row, column.name) for column in row.__table__.columns})


def test_everything_that_cannot_be_used_is_named_at_once(server: NetworkServer) -> None:
    wrong = ("sectons=economy", "quiet=22-7", "hashtags=many", "visibility=everyone", "token=s3cret", "burst.posts=5")
    given = [part for each in wrong for part in ("--set", each)]
    result = run("accounts", "add", "mastodon", "The Courier", "--server", "http://example.com", *given)
    assert result.exit_code == 1
    lines = {line.split(":")[0].strip(): line for line in result.output.splitlines()[1:]}
    assert set(lines) == {
        "name", "server", "sectons", "quiet.0", "hashtags", "visibility", "token", "burst.minutes",
    }  # fmt: skip
    assert 'found: "22-7"' in lines["quiet.0"] and "22:00-07:00" in lines["quiet.0"]
    assert "accepted: public, unlisted, private" in lines["visibility"] and "sections" in lines["sectons"]
    assert lines["burst.minutes"].strip() == "burst.minutes: Field required"
    assert "s3cret" not in result.output
    assert server.requests == [] and as_json("accounts", "list") == []


def test_wrong_usage_says_what_is_right(server: NetworkServer) -> None:
    unknown = run("accounts", "add", "friendster", "courier")
    assert unknown.exit_code == 1 and "accepted: mastodon, bluesky" in unknown.output
    signed = run("accounts", "add", "mastodon", "courier", "--server", "https://me:s3cret@example.com/")
    assert "holds a user name or password" in signed.output and "s3cret" not in signed.output
    private = add(server, "courier", "--server", "https://10.0.0.1")
    assert private.output.startswith("masthead: The account cannot be used: 10.0.0.1 ") and private.exit_code == 1
    nobody = run("accounts", "add", "mastodon", "courier", "--server", "https://example.com")
    assert nobody.exit_code == 2 and "--secrets-from" in nobody.output
    typo = run("accounts", "add", "mastodon", "courier", "--set", "token s3cret")
    assert typo.exit_code == 1 and "name=value" in typo.output and "s3cret" not in typo.output
    assert run("accounts", "set", "courier").exit_code == 2
    absent = run("accounts", "test", "courier")
    assert absent.exit_code == 1 and "masthead accounts add" in absent.output
    assert "masthead accounts add" in told("accounts", "list") and "masthead accounts add" in told(
        "accounts", "results"
    )
    for lines in ("s3cret", "password=s3cret", "token=s3cret\ntoken=s3cret", "# the newsroom's\n"):
        result = add(server, "courier", typed=f"{lines}\n")
        assert result.exit_code == 1 and "token" in result.output and "s3cret" not in result.output
    server.close()
    assert add(server, "courier").exit_code == 3, "away, and not refused"


def test_nobody_is_posted_to_twice(server: NetworkServer) -> None:
    add(server, "courier")
    again = add(server, "courier-again")
    assert again.exit_code == 1 and "it would get everything twice" in again.output
    assert add(server, "courier").exit_code == 1
    assert run("accounts", "remove", "courier").exit_code == 2, "nobody was asked"
    told("accounts", "remove", "courier", "--yes")
    assert "choose another name" in add(server, "courier").output
    assert add(server, "courier-again").exit_code == 0


def test_settings_come_from_a_file_too(server: NetworkServer, tmp_path: Path) -> None:
    file, secrets = tmp_path / "courier.toml", tmp_path / "secrets"
    file.write_text(f'server = "{server.url}"\nhashtags = 2\nslots = [07:30:00]\n[burst]\nposts = 3\nminutes = 15\n')
    secrets.write_text(f"token = {TOKEN}\n")
    given = ("--file", str(file), "--set", "hashtags=1", "--secrets-from", str(secrets))
    told("accounts", "add", "mastodon", "courier", *given)
    (account,) = as_json("accounts", "list")
    assert account["rules"] == {"slots": ["07:30"], "burst": {"posts": 3, "minutes": 15}}
    assert (account["server"], account["settings"]["hashtags"]) == (server.url, 1)


def test_a_template_is_tried_before_it_counts(newsroom: Newsroom, server: NetworkServer) -> None:
    newsroom.publish(headline="Harbour reopens")
    loop = add(server, "courier", "--set", "template={% for x in url %}{{ x }}{% endfor %}")
    assert loop.exit_code == 1 and "template: Line 1: A loop" in loop.output
    assert as_json("accounts", "list") == []
    assert add(server, "courier", "--set", f"template={'long ' * 150}{{{{ url }}}}", "--json").exit_code == 0
    assert "(Harbour reopens) cannot be posted" in told("accounts", "test", "courier")
    changed = told("accounts", "set", "courier", "template={{ headline }} {{ url }}")
    assert "of 500 graphemes" in changed and "    Harbour reopens https://courier.example/" in changed
    assert as_json("accounts", "test", "courier")["problems"] == []


@on("x")
def test_what_costs_money_needs_a_cap_and_consent(newsroom: Newsroom, server: NetworkServer) -> None:
    newsroom.publish_many([{"published_at": NOW}] * 3)
    assert "monthly_cap" in add(server, "courier-x").output
    asked = add(server, "courier-x", "--set", "monthly_cap=20")
    assert asked.exit_code == 2 and "--yes" in asked.output
    assert "posted 3 of 3 articles. That costs about $0.60 a month" in asked.output
    assert as_json("accounts", "list") == []
    assert add(server, "courier-x", "--set", "monthly_cap=20", "--yes").exit_code == 0
    assert as_json("accounts", "list")[0]["settings"]["monthly_cap"] == 20


@on("bluesky")
def test_bluesky_is_logged_in_to_and_its_session_kept(newsroom: Newsroom, server: NetworkServer) -> None:
    result = add(server, "courier-sky")
    assert result.exit_code == 0 and "newsroom.example" in result.output
    secrets = SocialSettings().make_vault().open(stored(newsroom).secrets)
    assert secrets["access"] and secrets["access"] not in result.output


@on("matrix")
def test_a_password_that_opens_more_than_posting_is_not_kept(newsroom: Newsroom, server: NetworkServer) -> None:
    result = add(server, "room", "--set", f"user={server.identity}", typed="password=p4ssword\n")
    assert result.exit_code == 0, result.output
    secrets = SocialSettings().make_vault().open(stored(newsroom).secrets)
    assert secrets["token"] and "password" not in secrets
    told("accounts", "set", "room", "notice=true")


@on("telegram")
def test_where_an_account_posts_is_asked_for_when_it_changes(server: NetworkServer) -> None:
    assert add(server, "courier-tg").exit_code == 0
    calls = len(server.requests)
    told("accounts", "set", "courier-tg", "hashtags=1")
    assert len(server.requests) == calls
    wrong = run("accounts", "set", "courier-tg", "chat=@elsewhere")
    assert wrong.exit_code == 1 and len(server.requests) > calls
    (account,) = as_json("accounts", "list")
    assert account["settings"]["hashtags"] == 1 and account["settings"]["chat"] != "@elsewhere"


@on("slack-webhook")
def test_a_network_that_cannot_be_asked_is_believed(newsroom: Newsroom, server: NetworkServer) -> None:
    assert "cannot be asked" in add(server, "desk").output
    with newsroom.db.write() as session:
        row = session.scalars(select(SocialAccount)).one()
        row.state, row.reason = "broken", "no_service"
    assert "It is well again" in told("accounts", "test", "desk")
    assert stored(newsroom).state == "active"


def test_an_outside_poster_is_told_its_feed_once(newsroom: Newsroom, server: NetworkServer) -> None:
    newsroom.publish(headline="Harbour reopens")
    wrong = run("accounts", "add", "outside", "zapier", "--set", "for=friendster", "--set", "gap=soon")
    assert wrong.exit_code == 1 and "for:" in wrong.output and "gap:" in wrong.output
    assert (
        "for: outside needs the setting for; accepted: see docs/posters.md"
        in run("accounts", "add", "outside", "zapier").output
    )
    added = as_json("accounts", "add", "outside", "zapier", "--set", "for=mastodon", "--set", "gap=30")
    assert added["feed"].startswith("https://courier.example/posters/") and added["texts"]
    told("accounts", "set", "zapier", "gap=90")
    assert added["feed"] not in told("accounts", "list", "--json") + told("accounts", "test", "zapier")
    first = stored(newsroom).address_hash
    assert as_json("accounts", "rotate", "zapier")["feed"] != added["feed"]
    assert stored(newsroom).address_hash not in (None, first)
    assert told("accounts", "remove", "zapier", "--yes").endswith("Its feed is gone.\n")
