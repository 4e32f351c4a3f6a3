"""What comes back of posts: on the receipt of their article, and as reactions to all posts of an account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, get_args

import pytest
from click.testing import CliRunner

from services.cli.statistics import stats_command
from services.ingest.forms import PostState
from services.social import sweeping
from services.social.post import STATES
from shared.reactions import Reactions, Totals
from tests.ingest_api import Api
from tests.networks.server import NetworkServer
from tests.networks.suite import SERVERS
from tests.paper import NOWHERE, Paper
from tests.social import SocialDesk, social_desk


@pytest.fixture
def slack() -> Iterator[NetworkServer]:
    """A webhook: it tells no address, nothing can be taken back, and nobody can be asked for reactions."""
    server = SERVERS["slack-webhook"]()
    yield server
    server.close()


@pytest.fixture
def desk(
    paper: Paper, mastodon: NetworkServer, slack: NetworkServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SocialDesk]:
    monkeypatch.setattr(sweeping, "EVERY", 0.0)
    monkeypatch.setattr(sweeping, "REST", 0)
    with social_desk(paper, monkeypatch, [mastodon, slack]) as made:
        yield made


@pytest.fixture
def reactions(desk: SocialDesk) -> Reactions:
    return Reactions(desk.paper.redis, desk.db, desk.paper.installation)


def posted(api: Api, desk: SocialDesk, seq: int) -> list[dict[str, Any]]:
    """What the receipt of an article says of its posts."""
    answer = api.ask("GET", f"/v1/articles/{desk.paper.article_id(seq)}")
    assert answer.json is not None
    return list(answer.json["stages"].get("posted", []))


def until_measured(desk: SocialDesk, post: int = 0) -> None:
    desk.let_pass(minutes=6)
    desk.until(lambda: desk.posts()[post].likes)


class TestReceipts:
    def test_every_state_is_described(self) -> None:
        assert set(get_args(PostState)) == set(STATES)

    @pytest.mark.databases("sqlite")
    def test_a_receipt_tells_what_became_of_each_post(
        self, desk: SocialDesk, mastodon: NetworkServer, slack: NetworkServer, api: Api
    ) -> None:
        desk.add(mastodon)
        desk.add(slack)
        seq = desk.publish(headline="Harbour reopens")
        assert posted(api, desk, seq) == []
        sent, _ = desk.until_states("sent", "sent")
        until_measured(desk)
        first, second = posted(api, desk, seq)
        assert sent.url and first.pop("url") == sent.url
        assert datetime.fromisoformat(first.pop("at")).timestamp() == pytest.approx(sent.sent_at, abs=0.01)
        named = {"account": "mastodon", "network": "mastodon", "kind": "article"}
        assert first == named | {"state": "sent", "reason": None, "likes": 3, "reposts": 2, "replies": 1}
        assert (second["url"], second["likes"], second["reposts"], second["replies"]) == (None,) * 4

        desk.paper.newsroom.withdraw(seq)
        desk.until_states("deleted", "sent")
        desk.until(lambda: desk.posts()[1].reason)
        deleted, kept = posted(api, desk, seq)
        assert mastodon.posts == []
        assert (deleted["state"], deleted["reason"]) == ("deleted", "the article was withdrawn")
        reason = "it cannot be taken back: slack-webhook has no deletion."
        assert (kept["state"], kept["reason"]) == ("sent", reason)

    def test_articles_of_one_digest_share_its_reactions(
        self, desk: SocialDesk, mastodon: NetworkServer, api: Api, reactions: Reactions
    ) -> None:
        desk.add(mastodon, choice={"burst": {"posts": 1, "minutes": 60}})
        desk.paper.newsroom.publish_many(
            [{"headline": name, "published_at": desk.paper.clock.now()} for name in ("Harbour reopens", "Ferry late")]
        )
        carrier, follower = desk.until_states("sent", "sent")
        desk.paper.newsroom.withdraw(carrier.article_seq)
        desk.until_states("deleted", "edited")
        until_measured(desk)
        (gone,), (there,) = (posted(api, desk, post.article_seq) for post in (carrier, follower))
        assert gone["reason"] == "it was taken out of the post that it shared with others"
        assert (there["url"], there["likes"]) == (carrier.url, 3)
        assert reactions.read() == {"mastodon": Totals("mastodon", 1, 3, 2, 1)}

    @pytest.mark.databases("sqlite")
    def test_publishing_waits_for_no_post(self, desk: SocialDesk, mastodon: NetworkServer, api: Api) -> None:
        desk.add(mastodon)
        desk.change_account("mastodon", state="held")
        seq = desk.publish(headline="Harbour reopens")
        desk.until_states("held")
        path = f"/v1/articles/{desk.paper.article_id(seq)}"
        answer = api.ask("GET", path, headers={"Prefer": "wait=30"})
        assert answer.json is not None and answer.json["state"] == "published"
        (post,) = answer.json["stages"]["posted"]
        assert (post["state"], post["reason"], post["url"]) == ("held", "The account is held: by a person", None)


class TestReactions:
    def test_totals_come_back_after_a_flush(
        self, desk: SocialDesk, mastodon: NetworkServer, slack: NetworkServer, api: Api, reactions: Reactions
    ) -> None:
        desk.add(mastodon)
        desk.add(slack)
        desk.publish(headline="Harbour reopens")
        desk.publish(headline="Ferry late")
        desk.until(lambda: [post.state for post in desk.posts()] == ["sent"] * 4)
        desk.let_pass(minutes=6)
        desk.until(lambda: [post.likes for post in desk.posts()] == [3, None, 3, None])
        totals = {
            "mastodon": Totals("mastodon", 2, 6, 4, 2),
            "slack-webhook": Totals("slack-webhook", 2, None, None, None),
        }
        client, key = desk.paper.redis, f"masthead:{desk.paper.installation}:reactions"
        for _ in range(2):
            assert client.exists(key) == 0 and reactions.read() == totals, "from SQL"
            desk.duties.pulse()
            assert client.exists(key) == 1 and reactions.read() == totals
            client.flushall()

        answer = api.ask("GET", "/v1/stats")
        assert answer.json is not None
        assert answer.json["accounts"] == [{"account": name, **vars(each)} for name, each in totals.items()]

    @pytest.mark.databases("sqlite")
    @pytest.mark.parametrize("fault", ["garbled", "locked"])
    def test_a_network_that_does_not_tell_them_is_asked_again_and_keeps_nothing_from_being_posted(
        self, desk: SocialDesk, mastodon: NetworkServer, monkeypatch: pytest.MonkeyPatch, fault: str
    ) -> None:
        desk.add(mastodon)
        desk.publish(headline="Harbour reopens")
        desk.until_states("sent")
        monkeypatch.setattr(mastodon, fault, True)
        desk.let_pass(minutes=6)
        desk.rest()
        (post,) = desk.posts()
        account = desk.account("mastodon")
        assert (post.state, post.likes, post.reason) == ("sent", None, None)
        assert (account.state, account.failures) == ("active", 0) and account.paused_until <= 0
        assert post.measure_at == pytest.approx((post.sent_at or 0) + 15 * 60), "at the next age"
        monkeypatch.setattr(mastodon, fault, False)
        desk.publish(headline="Ferry late")
        desk.until_states("sent", "sent")
        desk.let_pass(minutes=10)
        desk.until(lambda: [each.likes for each in desk.posts()] == [3, 3])

    @pytest.mark.databases("sqlite")
    def test_a_post_that_is_gone_from_its_network_is_not_asked_for_again(
        self, desk: SocialDesk, mastodon: NetworkServer
    ) -> None:
        desk.add(mastodon)
        desk.publish(headline="Harbour reopens")
        desk.until_states("sent")
        mastodon.posts.clear()
        desk.let_pass(minutes=6)
        desk.rest()
        (post,) = desk.posts()
        assert (post.state, post.likes, post.measure_at) == ("sent", None, None)
        asked = len(mastodon.requests)
        desk.let_pass(minutes=60)
        desk.rest()
        assert len(mastodon.requests) == asked and desk.account("mastodon").failures == 0

    @pytest.mark.databases("sqlite")
    def test_the_copy_is_what_readers_get_and_follows_the_record(
        self, desk: SocialDesk, mastodon: NetworkServer, reactions: Reactions
    ) -> None:
        desk.add(mastodon)
        seq = desk.publish(headline="Harbour reopens")
        desk.until_states("sent")
        desk.duties.pulse()
        until_measured(desk)
        assert reactions.read()["mastodon"].likes is None, "as it was copied"
        desk.duties.pulse()
        assert reactions.read()["mastodon"] == Totals("mastodon", 1, 3, 2, 1)
        desk.paper.newsroom.withdraw(seq)
        desk.until_states("deleted")
        desk.duties.pulse()
        assert reactions.read()["mastodon"] == Totals("mastodon", 0, None, None, None)

    @pytest.mark.databases("sqlite")
    def test_stats_show_accounts_also_without_redis(
        self, desk: SocialDesk, mastodon: NetworkServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        desk.add(mastodon)
        desk.publish(headline="Harbour reopens")
        desk.until_states("sent")
        until_measured(desk)
        monkeypatch.setenv("MASTHEAD_REDIS_URL", NOWHERE)
        shown = CliRunner().invoke(stats_command, catch_exceptions=False).stdout
        (row,) = (line.split() for line in shown.splitlines() if line.strip().startswith("mastodon"))
        assert row == ["mastodon", "1", "3", "2", "1"] and "Social accounts" in shown
        desk.change_account("mastodon", state="removed")
        assert "Social accounts" not in CliRunner().invoke(stats_command, catch_exceptions=False).stdout
