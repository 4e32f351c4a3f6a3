"""What comes back of posts on the receipt of their article."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, get_args

import pytest

from services.ingest.forms import PostState
from services.social.post import STATES
from tests.ingest_api import Api
from tests.networks.server import NetworkServer
from tests.networks.suite import SERVERS
from tests.paper import Paper
from tests.social import SocialDesk, social_desk

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def mastodon() -> Iterator[NetworkServer]:
    server = SERVERS["mastodon"]()
    yield server
    server.close()


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
    with social_desk(paper, monkeypatch, [mastodon, slack]) as made:
        yield made


def posted(api: Api, desk: SocialDesk, seq: int) -> list[dict[str, Any]]:
    """What the receipt of an article says of its posts."""
    answer = api.ask("GET", f"/v1/articles/{desk.paper.article_id(seq)}")
    assert answer.json is not None
    return list(answer.json["stages"].get("posted", []))


def until_measured(desk: SocialDesk, post: int = 0) -> None:
    desk.let_pass()
    desk.until(lambda: desk.posts()[post].likes)


class TestReceipts:
    def test_every_state_is_described(self) -> None:
        assert set(get_args(PostState)) == set(STATES)

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
        reason = "It could not be taken back: slack-webhook has no deletion."
        assert (kept["state"], kept["reason"]) == ("sent", reason)

    def test_articles_of_one_digest_share_its_reactions(
        self, desk: SocialDesk, mastodon: NetworkServer, api: Api
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

    @ON_SQLITE
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
