"""The rssCloud door: asked with a challenge or without, and notified of each change with the feed's address."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest
from werkzeug.test import TestResponse

from tests.hub import HubOffice, hub_office
from tests.paper import BASE, Paper
from tests.subscribers import Subscribers, says

pytestmark = pytest.mark.databases("sqlite")

FEED = f"{BASE}/feed.rss"


@pytest.fixture
def hub(paper: Paper, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubOffice]:
    with Subscribers() as subscribers, hub_office(paper, subscribers, monkeypatch) as made:
        yield made


def please_notify(hub: HubOffice, **more: str) -> TestResponse:
    form = {"notifyProcedure": "", "port": str(hub.subscribers.port), "path": "/notify", "protocol": "http-post"}
    return hub.post("/rsscloud/pleaseNotify", client="127.0.0.1", **form, url1=FEED, **more)


def test_a_named_domain_repeats_a_challenge_and_is_notified_of_each_change(hub: HubOffice) -> None:
    answer = please_notify(hub, domain="127.0.0.1")
    assert (answer.status_code, answer.mimetype) == (200, "text/xml")
    assert b'success="true"' in answer.data
    (made,) = hub.until(hub.subscriptions)
    (question,) = hub.subscribers.questions("/notify")
    assert question.query["url"] == FEED and len(question.query["challenge"]) > 20
    assert made.lease_until - hub.now() == pytest.approx(25 * 3600, abs=30)

    for count in (1, 2):
        hub.publish()
        told = hub.told(count, "/notify")[-1]
        assert parse_qs(told.body.decode()) == {"url": [FEED]}
        assert told.headers["content-type"] == "application/x-www-form-urlencoded"
        hub.rest()


def test_without_a_domain_the_address_that_asks_is_tried_with_a_notification(hub: HubOffice) -> None:
    please_notify(hub)
    hub.until(hub.subscriptions)
    (tried,) = hub.subscribers.deliveries("/notify")
    assert (tried.method, parse_qs(tried.body.decode())) == ("POST", {"url": [FEED]})
    assert hub.subscribers.questions("/notify") == []


def test_who_does_not_agree_is_not_notified(hub: HubOffice) -> None:
    hub.subscribers.behaviours["/notify"] = lambda received: says(200, b"another word")
    please_notify(hub, domain="127.0.0.1")
    hub.until(lambda: hub.verifications() == 0)
    hub.subscribers.behaviours["/notify"] = lambda received: says(404)
    please_notify(hub)
    hub.until(lambda: hub.verifications() == 0)
    assert hub.subscriptions() == []


def test_a_request_that_makes_no_sense_is_refused_in_plain_text(hub: HubOffice) -> None:
    answer = please_notify(hub, url2="https://elsewhere.example/feed")
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert hub.verifications() == 0
