"""The hub as WebSub says it: asked, agreed, told of changes, renewed, ended; on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hub import HubOffice, hub_office
from tests.paper import BASE, Paper
from tests.subscribers import Subscribers

HUB = "https://push.example/hub"


@pytest.fixture
def subscribers() -> Iterator[Subscribers]:
    with Subscribers() as made:
        yield made


@pytest.fixture
def hub(paper: Paper, subscribers: Subscribers, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubOffice]:
    with hub_office(paper, subscribers, monkeypatch) as made:
        yield made


def test_a_subscriber_is_asked_and_then_sent_the_feed_when_it_changes(hub: HubOffice) -> None:
    hub.publish(headline="Before")
    answer = hub.ask(hub_lease_seconds="100000")
    assert (answer.status_code, answer.data, answer.mimetype) == (202, b"", "text/plain")
    assert hub.subscriptions() == []
    hub.until(lambda: hub.subscriptions())
    (question,) = hub.subscribers.questions()
    assert question.query["hub.mode"] == "subscribe"
    assert question.query["hub.topic"] == f"{BASE}/feed.rss"
    assert question.query["hub.lease_seconds"] == "100000"
    assert len(question.query["hub.challenge"]) > 20
    hub.rest()
    assert hub.subscribers.deliveries() == []  # it asked for what changes, not for what there is

    hub.publish(headline="Harbour reopens")
    (told,) = hub.told()
    served = hub.paper.replica().get("/feed.rss")
    assert told.body == served.data and b"Harbour reopens" in told.body
    assert told.headers["content-type"] == served.content_type
    assert told.headers["link"] == f'<{HUB}>; rel="hub", <{BASE}/feed.rss>; rel="self"'
    assert "x-hub-signature" not in told.headers
    hub.rest()
    assert len(hub.subscribers.deliveries()) == 1
