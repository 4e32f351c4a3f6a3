"""The commands an operator uses on the record: keys, dead letters, stats."""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import redis
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from services.cli.dead import dead_group
from services.cli.keys import keys_group
from services.cli.statistics import stats_command
from shared import outbox
from shared.audience import Audience
from shared.db import Database
from shared.events import ArticleAccepted
from shared.installation import installation_id
from shared.keys import parse_key
from shared.models import ApiKey, OutboxRow
from shared.subscribers import Estimate
from shared.visitors import Visitor
from tests.factories import NOW, article, publisher


@pytest.fixture(autouse=True)
def _environment(database_url: str, valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASTHEAD_DATABASE_URL", database_url)
    monkeypatch.setenv("MASTHEAD_REDIS_URL", valkey_url)
    monkeypatch.setenv("MASTHEAD_VAR", str(tmp_path))
    monkeypatch.setenv("MASTHEAD_CLOCK", NOW.isoformat())


def run(command: object, *arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)  # type: ignore[arg-type]


def in_force(db: Database) -> list[str]:
    with db.read() as session:
        return list(session.scalars(select(ApiKey.prefix).where(ApiKey.revoked_at.is_(None))))


def test_a_key_is_made_listed_rotated_and_revoked(db: Database) -> None:
    key = parse_key(run(keys_group, "create", "Anadolu Agency", "--label", "CMS").stdout.strip())
    assert key is not None
    with db.read() as session:
        assert key.proves(session.scalars(select(ApiKey.secret_hash)).one())
    listed = run(keys_group, "list").stdout
    assert f"mh_{key.prefix}_" in listed
    assert key.secret not in listed
    rotated = json.loads(run(keys_group, "rotate", f"mh_{key.prefix}_", "--json").stdout)
    assert in_force(db) == [rotated["prefix"]]
    assert run(keys_group, "revoke", rotated["prefix"]).exit_code == 0
    assert in_force(db) == []
    states = [row["revoked_at"] for row in json.loads(run(keys_group, "list", "--json").stdout)]
    assert len(states) == 2 and all(states)


def test_two_keys_of_one_publisher_work_side_by_side(db: Database) -> None:
    run(keys_group, "create", "Agency")
    run(keys_group, "create", "Agency")
    assert len(in_force(db)) == 2


@pytest.mark.parametrize("command", ["revoke", "rotate"])
def test_a_key_that_is_not_there_is_said_to_be_so(db: Database, command: str) -> None:
    result = run(keys_group, command, "nosuchke")
    assert "nosuchke" in str(result.exception)
    assert in_force(db) == []


def test_an_empty_list_says_what_to_do(db: Database) -> None:
    assert "masthead keys create" in run(keys_group, "list").stdout


def test_a_dead_letter_is_listed_shown_and_replayed(db: Database) -> None:
    assert "no dead letters" in run(dead_group, "list").stdout
    with db.write() as session:
        made = article(session, publisher(session))
        outbox.record(session, [ArticleAccepted(made.seq, 1, NOW)])
        session.execute(update(OutboxRow).values(state="dead", due_at=None, attempt=5, reason="the step broke"))
    listed = run(dead_group, "list")
    assert listed.exit_code == 1
    assert "the step broke" in listed.stdout and made.id in listed.stdout
    (letter,) = json.loads(run(dead_group, "list", "--json").stdout)
    assert json.loads(run(dead_group, "show", str(letter["number"])).stdout)["task"] == "enrich.article"
    assert run(dead_group, "replay").exit_code == 2
    assert run(dead_group, "replay", "--all").exit_code == 0
    assert run(dead_group, "list").exit_code == 0
    with db.read() as session:
        row = session.scalars(select(OutboxRow)).one()
    assert (row.state, row.attempt) == ("waiting", 0)


def test_stats_of_an_empty_publication_are_zeros(db: Database) -> None:
    found = json.loads(run(stats_command, "--days", "3", "--json").stdout)
    assert found["total"] == 0
    assert [day["day"] for day in found["days"]] == ["2018-04-20", "2018-04-19", "2018-04-18"]
    assert "0 articles" in run(stats_command).stdout


def test_stats_show_which_share_links_were_followed(db: Database, valkey_url: str) -> None:
    with redis.Redis.from_url(valkey_url, retry=None) as client:
        audience = Audience(client, installation_id(db), ZoneInfo("UTC"))
        for number, network in enumerate(("x", "whatsapp", "whatsapp", "bluesky")):
            audience.share(network, "an-article", Visitor(f"192.0.2.{number}", "Firefox"), NOW)
        audience.click("courier-mastodon", "an-article", Visitor("192.0.2.1", "Firefox"), NOW)
    found = json.loads(run(stats_command, "--json").stdout)
    assert [(each["network"], each["clicks"]) for each in found["shares"]] == [
        ("whatsapp", 2),
        ("bluesky", 1),
        ("x", 1),
    ]
    shown = run(stats_command).stdout
    assert shown.count("whatsapp") == shown.count("courier-mastodon") == 1


def test_stats_show_what_is_read_and_who_subscribes(db: Database, valkey_url: str) -> None:
    with db.write() as session:
        read = article(session, publisher(session)).id
    with redis.Redis.from_url(valkey_url, retry=None) as client:
        installation, reader = installation_id(db), Visitor("192.0.2.1", "Firefox")
        Audience(client, installation, ZoneInfo("UTC")).read(read, reader, NOW)
        Estimate(client, installation).add([("/feed.rss", reader)], NOW.date())
    found = json.loads(run(stats_command, "--json").stdout)
    assert (found["reads"]["total"], found["reads"]["articles"]) == (1, []), "an article that is not published"
    assert found["reads"]["days"][0] == {"day": "2018-04-20", "reads": 1, "readers": 1}
    assert [(each["feed"], each["subscribers"]) for each in found["subscribers"]] == [("/feed.rss", 1)]
    shown = run(stats_command).stdout
    assert "Reads: 1" in shown and "/feed.rss" in shown


def test_stats_are_shown_without_redis_but_for_the_share_links(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASTHEAD_REDIS_URL", "unix:///nowhere/valkey.sock")
    found = json.loads(run(stats_command, "--json").stdout)
    assert (found["total"], found["shares"], found["clicks"]) == (0, [], [])
