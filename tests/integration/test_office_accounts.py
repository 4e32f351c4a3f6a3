"""`masthead accounts`: what a newsroom does about its accounts, on real records, beside a real worker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.factories import NOW
from tests.networks.mastodon import TOKEN, MastodonServer
from tests.networks.server import Answer, Fault, Refusal, Request
from tests.office import add, as_json, run, told
from tests.paper import Paper
from tests.social import SocialDesk, social_desk


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
def desk(paper: Paper, mastodon: Mastodon, monkeypatch: pytest.MonkeyPatch) -> Iterator[SocialDesk]:
    with social_desk(paper, monkeypatch, [mastodon]) as made:
        yield made


@pytest.mark.databases("sqlite")
def test_an_account_is_asked_for_and_tried_and_posts_from_then_on(desk: SocialDesk, mastodon: Mastodon) -> None:
    desk.publish(headline="Published before", published_at=NOW - timedelta(minutes=5))
    desk.rest()
    result = add(mastodon, "courier", "--set", "template={{ headline }} {{ url }}", "--set", "sections=Economy")
    assert result.exit_code == 0, result.output
    assert "mastodon knows it: newsroom" in result.output
    assert "of 500 graphemes" in result.output and f"    Published before {desk.feed.url}/" in result.output
    assert "posts from now on; nothing older" in result.output
    desk.publish(headline="Harbour reopens", section="Economy")
    desk.publish(headline="Not chosen", section="Sport")
    desk.until_states("sent")
    (text,) = mastodon.texts()
    assert text.startswith(f"Harbour reopens {desk.feed.url}/") and "?via=courier" in text


@pytest.mark.databases("sqlite")
def test_rules_are_changed_one_by_one_and_count_at_once(desk: SocialDesk, mastodon: Mastodon) -> None:
    quiet = "quiet=00:00-12:00,12:00-00:00"
    add(mastodon, "courier", "--set", quiet, "--set", "burst.posts=5", "--set", "burst.minutes=15")
    desk.publish()
    desk.until_states("planned")
    wrong = run("accounts", "set", "courier", "burst.minutes=0", "sectons=x")
    assert wrong.exit_code == 1 and "burst.minutes" in wrong.output and "sectons" in wrong.output
    told("accounts", "set", "courier", "burst.posts=3", "quiet=", "fresh_hours=12")
    (account,) = as_json("accounts", "list")
    assert account["rules"] == {"burst": {"posts": 3, "minutes": 15}, "fresh_hours": 12}
    desk.until_states("sent")


@pytest.mark.databases("sqlite")
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
    assert [each["number"] for each in as_json("posts", "list", "--account", "courier")] == [post.id]


@pytest.mark.databases("sqlite")
def test_a_broken_account_that_is_well_again_posts_what_was_held(desk: SocialDesk, mastodon: Mastodon) -> None:
    add(mastodon, "courier")
    mastodon.fault = Fault.UNAUTHORISED
    desk.publish()
    desk.until_states("held")
    assert "mend it" in run("accounts", "resume", "courier").output.lower()
    assert as_json("accounts", "list")[0]["state"] == "broken"
    assert "It is well again" in told("accounts", "test", "courier")
    desk.until_states("sent")


@pytest.mark.databases("sqlite")
def test_a_test_says_what_the_network_says_and_so_does_the_list(desk: SocialDesk, mastodon: Mastodon) -> None:
    add(mastodon, "courier")
    mastodon.valid = False
    result = run("accounts", "test", "courier")
    assert result.exit_code == 1 and "The access token is invalid" in result.output
    assert as_json("accounts", "list")[0]["state"] == "broken"
    assert len(desk.notices()) == 1
    mastodon.close()
    assert run("accounts", "test", "courier").exit_code == 3


@pytest.mark.databases("sqlite")
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
