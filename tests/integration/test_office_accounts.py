"""`masthead accounts`: what a newsroom does about its accounts, on real records, beside a real worker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from shared.models import SocialAccount
from tests.factories import NOW
from tests.networks.bluesky import BlueskyServer
from tests.networks.mastodon import TOKEN, MastodonServer
from tests.networks.server import Answer, Fault, NetworkServer, Refusal, Request
from tests.networks.slack import SlackWebhookServer
from tests.networks.telegram import TelegramServer
from tests.networks.x import XServer
from tests.office import add, as_json, run, told
from tests.paper import Paper
from tests.social import SocialDesk, social_desk

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Mastodon(MastodonServer):
    """A server on which the token may end, or come to be somebody else's."""

    valid, who = True, "newsroom"

    def answer(self, request: Request) -> Answer:
        if not self.valid:
            raise Refusal(401, {"error": "The access token is invalid"})
        answer = super().answer(request)
        if request.path == "/api/v1/accounts/verify_credentials":
            answer.content["acct"] = self.who
        return answer


@pytest.fixture
def mastodon() -> Iterator[Mastodon]:
    server = Mastodon()
    yield server
    server.close()


@pytest.fixture
def others() -> Iterator[dict[str, NetworkServer]]:
    servers: dict[str, NetworkServer] = {
        "bluesky": BlueskyServer(),
        "telegram": TelegramServer(),
        "x": XServer(),
        "slack-webhook": SlackWebhookServer(),
    }
    yield servers
    for server in servers.values():
        server.close()


@pytest.fixture
def desk(
    paper: Paper, mastodon: Mastodon, others: dict[str, NetworkServer], monkeypatch: pytest.MonkeyPatch
) -> Iterator[SocialDesk]:
    with social_desk(paper, monkeypatch, [mastodon, *others.values()]) as made:
        yield made


def test_an_account_is_asked_for_and_tried_and_posts_from_then_on(desk: SocialDesk, mastodon: Mastodon) -> None:
    desk.publish(headline="Published before", published_at=NOW - timedelta(minutes=5))
    desk.rest()
    result = add(mastodon, "courier", "--set", "template={{ headline }} {{ url }}", "--set", 'sections=["Economy"]')
    assert result.exit_code == 0, result.output
    assert "mastodon knows it: newsroom" in result.output
    assert "of 500 graphemes" in result.output and "    Published before https" in result.output
    assert "posts from now on; nothing older" in result.output
    desk.publish(headline="Harbour reopens", section="Economy")
    desk.publish(headline="Not chosen", section="Sport")
    desk.until_states("sent")
    (text,) = mastodon.texts()
    assert text.startswith("Harbour reopens https") and "?via=courier" in text


def test_secrets_are_stored_encrypted_and_never_shown(desk: SocialDesk, mastodon: Mastodon) -> None:
    shown = add(mastodon, "courier").output + told("accounts", "list") + told("accounts", "list", "--json")
    shown += told("accounts", "test", "courier") + told("accounts", "set", "courier", "hashtags=1")
    mastodon.fault = None
    wrong = add(mastodon, "second", typed="token=another-s3cret-of-mine\n")
    assert wrong.exit_code == 1 and "The access token is invalid" in wrong.output
    assert TOKEN not in shown and "another-s3cret-of-mine" not in wrong.output
    with desk.db.read() as session:
        (row,) = session.scalars(select(SocialAccount))
        assert TOKEN not in repr({column.name: getattr(row, column.name) for column in row.__table__.columns})


@ONE_DATABASE
def test_everything_that_cannot_be_used_is_named_at_once(desk: SocialDesk, mastodon: Mastodon) -> None:
    wrong = ("sectons=economy", "quiet=22-7", "hashtags=many", "visibility=everyone", "token=s3cret", "burst.posts=5")
    given = [part for each in wrong for part in ("--set", each)]
    result = run("accounts", "add", "mastodon", "The Courier", "--server", "http://example.com", *given)
    assert result.exit_code == 1
    lines = {line.split(":")[0].strip(): line for line in result.output.splitlines()[1:]}
    assert set(lines) == {
        "name", "server", "sectons", "quiet.0", "hashtags", "visibility", "token", "burst.minutes",
    }  # fmt: skip
    assert 'found: "22-7"' in lines["quiet.0"] and "22:00-07:00" in lines["quiet.0"]
    assert "accepted: public, unlisted, private" in lines["visibility"]
    assert "sections" in lines["sectons"]
    assert "s3cret" not in result.output
    assert mastodon.requests == [] and as_json("accounts", "list") == []


@ONE_DATABASE
def test_wrong_usage_says_what_is_right(desk: SocialDesk) -> None:
    unknown = run("accounts", "add", "friendster", "courier")
    assert unknown.exit_code == 1 and "accepted: mastodon, bluesky" in unknown.output
    nobody = run("accounts", "add", "mastodon", "courier", "--server", "https://example.com")
    assert nobody.exit_code == 2 and "--secrets-from" in nobody.output
    typo = run("accounts", "add", "mastodon", "courier", "--set", "token s3cret")
    assert typo.exit_code == 1 and "name=value" in typo.output and "s3cret" not in typo.output
    assert run("accounts", "set", "courier").exit_code == 2
    absent = run("accounts", "test", "courier")
    assert absent.exit_code == 1 and "masthead accounts add" in absent.output
    assert "masthead accounts add" in told("accounts", "list")


@ONE_DATABASE
@pytest.mark.parametrize("lines", ["token", "password=s3cret", "token=a\ntoken=b", ""])
def test_secrets_are_lines_of_the_networks_own_names(desk: SocialDesk, mastodon: Mastodon, lines: str) -> None:
    result = add(mastodon, "courier", typed=f"# the newsroom's\n{lines}\n")
    assert result.exit_code == 1 and "token" in result.output and "s3cret" not in result.output


@ONE_DATABASE
def test_a_network_that_is_away_is_told_apart_from_one_that_refuses(desk: SocialDesk, mastodon: Mastodon) -> None:
    mastodon.close()
    assert add(mastodon, "courier").exit_code == 3
    assert as_json("accounts", "list") == []


@ONE_DATABASE
def test_nobody_is_posted_to_twice(desk: SocialDesk, mastodon: Mastodon) -> None:
    add(mastodon, "courier")
    again = add(mastodon, "courier-again")
    assert again.exit_code == 1 and "it would get everything twice" in again.output
    assert add(mastodon, "courier").exit_code == 1
    assert run("accounts", "remove", "courier").exit_code == 2, "nobody was asked"
    told("accounts", "remove", "courier", "--yes")
    assert "choose another name" in add(mastodon, "courier").output
    assert add(mastodon, "courier-again").exit_code == 0


@ONE_DATABASE
def test_bluesky_is_logged_in_to_and_its_session_kept(desk: SocialDesk, others: dict[str, NetworkServer]) -> None:
    result = add(others["bluesky"], "courier-sky")
    assert result.exit_code == 0, result.output
    assert "newsroom.example" in result.output and "of 300 graphemes" not in result.output
    secrets = desk.settings.make_vault().open(desk.account("courier-sky").secrets)
    assert secrets["access"] == "access-2" and "access-2" not in result.output
    desk.publish(headline="Harbour reopens")
    desk.until_states("sent")


@ONE_DATABASE
def test_a_template_is_tried_before_it_counts(desk: SocialDesk, mastodon: Mastodon) -> None:
    desk.publish(headline="Harbour reopens")
    desk.rest()
    loop = add(mastodon, "courier", "--set", "template={% for x in url %}{{ x }}{% endfor %}")
    assert loop.exit_code == 1 and "template: Line 1: A loop" in loop.output
    found = add(mastodon, "courier", "--set", f"template={'long ' * 150}{{{{ url }}}}", "--json")
    assert found.exit_code == 0
    assert "cannot be posted" in told("accounts", "test", "courier")
    told("accounts", "set", "courier", "template={{ headline }} {{ url }}")
    assert as_json("accounts", "test", "courier")["problems"] == []


@ONE_DATABASE
def test_what_costs_money_needs_a_cap_and_consent(desk: SocialDesk, others: dict[str, NetworkServer]) -> None:
    for _ in range(3):
        desk.publish()
    desk.rest()
    assert "monthly_cap" in add(others["x"], "courier-x").output
    asked = add(others["x"], "courier-x", "--set", "monthly_cap=20")
    assert asked.exit_code == 2 and "--yes" in asked.output
    assert "posted 3 of 3 articles. That costs about $0.60 a month" in asked.output
    assert as_json("accounts", "list") == []
    assert add(others["x"], "courier-x", "--set", "monthly_cap=20", "--yes").exit_code == 0
    (account,) = as_json("accounts", "list")
    assert account["settings"]["monthly_cap"] == 20


def test_rules_are_changed_one_by_one_and_count_at_once(desk: SocialDesk, mastodon: Mastodon) -> None:
    quiet = 'quiet=["00:00-12:00", "12:00-00:00"]'
    add(mastodon, "courier", "--set", quiet, "--set", "burst.posts=5", "--set", "burst.minutes=15")
    desk.publish()
    desk.until_states("planned")
    wrong = run("accounts", "set", "courier", "burst.minutes=0", "sectons=x")
    assert wrong.exit_code == 1 and "burst.minutes" in wrong.output and "sectons" in wrong.output
    told("accounts", "set", "courier", "burst.posts=3", "quiet=", "fresh_hours=12")
    (account,) = as_json("accounts", "list")
    assert account["rules"] == {"burst": {"posts": 3, "minutes": 15}, "fresh_hours": 12}
    desk.until_states("sent")


@ONE_DATABASE
def test_another_channel_is_asked_for_at_the_network(desk: SocialDesk, others: dict[str, NetworkServer]) -> None:
    assert add(others["telegram"], "courier-tg").exit_code == 0
    calls = len(others["telegram"].requests)
    told("accounts", "set", "courier-tg", "silent=true")
    assert len(others["telegram"].requests) > calls
    calls = len(others["telegram"].requests)
    told("accounts", "set", "courier-tg", "hashtags=1")
    assert len(others["telegram"].requests) == calls
    wrong = run("accounts", "set", "courier-tg", "chat=@elsewhere")
    assert wrong.exit_code == 1, wrong.output
    (account,) = as_json("accounts", "list")
    assert account["settings"]["silent"] is True and account["settings"]["hashtags"] == 1


@ONE_DATABASE
def test_what_a_held_account_has_waits_and_goes_out_when_it_is_resumed(desk: SocialDesk, mastodon: Mastodon) -> None:
    add(mastodon, "courier")
    told("accounts", "hold", "courier", "--reason", "elections")
    desk.publish()
    (post,) = desk.until_states("held")
    assert "elections" in str(post.reason)
    desk.rest()
    (account,) = as_json("accounts", "list")
    assert (account["state"], account["reason"], account["waiting"]) == ("held", "elections", 1)
    assert "held: elections" in told("accounts", "list")
    told("accounts", "resume", "courier")
    desk.until_states("sent")
    (account,) = as_json("accounts", "list")
    assert (account["state"], account["waiting"], account["sent_today"]) == ("active", 0, 1)


def test_a_removed_account_has_no_secrets_and_nothing_waits_for_it(desk: SocialDesk, mastodon: Mastodon) -> None:
    add(mastodon, "courier")
    told("accounts", "hold", "courier")
    desk.publish()
    desk.until_states("held")
    assert as_json("accounts", "remove", "courier", "--yes") == {"name": "courier", "state": "removed", "cancelled": 1}
    (post,) = desk.posts()
    assert (post.state, post.reason) == ("skipped", "the account was removed")
    assert desk.account("courier").secrets == ""
    assert run("accounts", "resume", "courier").exit_code == 1
    assert run("posts", "retry", str(post.id)).exit_code == 1


def test_a_broken_account_that_is_well_again_posts_what_was_held(desk: SocialDesk, mastodon: Mastodon) -> None:
    add(mastodon, "courier")
    mastodon.fault = Fault.UNAUTHORISED
    desk.publish()
    desk.until_states("held")
    assert "mend it" in run("accounts", "resume", "courier").output.lower()
    assert as_json("accounts", "list")[0]["state"] == "broken"
    assert "It is well again" in told("accounts", "test", "courier")
    desk.until_states("sent")


def test_a_test_says_what_the_network_says_and_so_does_the_list(desk: SocialDesk, mastodon: Mastodon) -> None:
    add(mastodon, "courier")
    mastodon.valid = False
    result = run("accounts", "test", "courier")
    assert result.exit_code == 1 and "The access token is invalid" in result.output
    assert as_json("accounts", "list")[0]["state"] == "broken"
    assert len(desk.notices()) == 1
    mastodon.close()
    assert run("accounts", "test", "courier").exit_code == 3


@ONE_DATABASE
def test_other_secrets_take_the_place_of_old_ones_of_the_same_account_only(
    desk: SocialDesk, mastodon: Mastodon
) -> None:
    add(mastodon, "courier")
    desk.change_account("courier", state="broken", reason="HTTP 401")
    desk.publish()
    desk.until_states("held")
    wrong = run("accounts", "rotate", "courier", "--secrets-from", "-", typed="token=wrong-s3cret\n")
    assert wrong.exit_code == 1 and "wrong-s3cret" not in wrong.output
    mastodon.who = "somebody"
    other = run("accounts", "rotate", "courier", "--secrets-from", "-", typed=f"token={TOKEN}\n")
    assert other.exit_code == 1 and "These are the secrets of somebody" in other.output
    assert desk.account("courier").state == "broken"
    mastodon.who = "newsroom"
    told("accounts", "rotate", "courier", "--secrets-from", "-", typed=f"token={TOKEN}\n")
    desk.until_states("sent")


@ONE_DATABASE
def test_a_network_that_cannot_be_asked_is_believed(desk: SocialDesk, others: dict[str, NetworkServer]) -> None:
    assert "cannot be asked" in add(others["slack-webhook"], "desk").output
    desk.change_account("desk", state="broken", reason="no_service")
    assert "It is well again" in told("accounts", "test", "desk")
    assert desk.account("desk").state == "active"
