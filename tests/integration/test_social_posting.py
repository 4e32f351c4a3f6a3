"""From a published article to a post, and what becomes of it when something goes wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.networks.server import NetworkServer
from tests.networks.suite import SERVERS
from tests.paper import Paper
from tests.social import SocialDesk, social_desk


@pytest.fixture
def mastodon() -> Iterator[NetworkServer]:
    server = SERVERS["mastodon"]()
    yield server
    server.close()


@pytest.fixture
def desk(paper: Paper, mastodon: NetworkServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[SocialDesk]:
    with social_desk(paper, monkeypatch, [mastodon]) as made:
        yield made


def test_an_article_is_posted_once_on_the_account_that_chooses_it(desk: SocialDesk, mastodon: NetworkServer) -> None:
    desk.add(mastodon, choice={"sections": ["economy"]})
    desk.publish(headline="Not chosen", section="Sport")
    desk.publish(headline="Harbour reopens", section="Economy", tags=["Harbour"])
    (post,) = desk.until_states("sent")
    (text,) = mastodon.texts()
    assert text.startswith("Harbour reopens") and "?via=mastodon" in text and "#Harbour" in text
    assert post.url.startswith("http")
