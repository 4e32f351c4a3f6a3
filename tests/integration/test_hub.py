"""The hub as WebSub says it: asked, agreed, told, renewed, ended; what hangs on the record, on both databases."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Iterator

import pytest

from tests.hub import HubOffice, hub_office
from tests.newsroom import work
from tests.paper import BASE, Paper
from tests.subscribers import Received, Subscribers, only_verified, says

# What a subscription is depends on the record, so this is tried on both databases; how requests are read does not.
# What a subscription is depends on the record, so that is tried on both databases; how requests are read is not.
pytestmark = pytest.mark.databases("sqlite")

HUB = "https://push.example/hub"


@pytest.fixture
def subscribers() -> Iterator[Subscribers]:
    with Subscribers() as made:
        yield made


@pytest.fixture
def hub(paper: Paper, subscribers: Subscribers, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubOffice]:
    with hub_office(paper, subscribers, monkeypatch) as made:
        yield made


@pytest.mark.databases("sqlite", "postgresql")
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


@pytest.mark.databases("sqlite", "postgresql")
def test_what_changes_between_the_request_and_the_agreement_is_told(hub: HubOffice) -> None:
    """However long the hub takes to ask: to the subscriber it is subscribed from its request on."""
    hub.publish(headline="Before")
    hub.ask()
    seq = hub.paper.newsroom.publish(headline="Meanwhile")
    work(hub.db, hub.paper.handlers)  # all but the hub's own work
    assert hub.paper.is_enriched(seq) and hub.subscriptions() == []
    (told,) = hub.told()
    assert b"Meanwhile" in told.body
    hub.rest()
    assert len(hub.subscribers.deliveries()) == 1


# The cases of websub.rocks for hubs


def test_100_a_plain_subscription_gets_the_topic_with_its_type_and_links(hub: HubOffice) -> None:
    hub.subscribe(topic="/feed.atom")
    hub.publish()
    (told,) = hub.told()
    assert told.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert told.body == hub.paper.replica().get("/feed.atom").data
    assert told.headers["link"] == f'<{HUB}>; rel="hub", <{BASE}/feed.atom>; rel="self"'
    assert (told.target, told.headers["host"]) == ("/callback", f"127.0.0.1:{hub.subscribers.port}")


def test_101_a_secret_signs_exactly_what_is_sent(hub: HubOffice) -> None:
    secret = "geheim ø سر " * 8
    methods = [None, "sha1", "sha256", "sha384", "sha512"]
    for method in methods:
        hub.subscribe(f"/{method}", hub_secret=secret, hub_signature_method=method)
    hub.publish(headline="Signed")
    for method in methods:
        (told,) = hub.told(path=f"/{method}")
        expected = hmac.new(secret.encode(), told.body, method or "sha256").hexdigest()
        assert told.headers["x-hub-signature"] == f"{method or 'sha256'}={expected}"


def test_102_parameters_nobody_knows_are_ignored(hub: HubOffice) -> None:
    hub.subscribe(hub_verify=["sync", "async"], hub_verify_token="x", foo="bar")
    hub.publish()
    hub.told()


@pytest.mark.databases("sqlite", "postgresql")
def test_103_a_second_request_replaces_the_first_once_it_is_agreed_to(hub: HubOffice) -> None:
    first = hub.subscribe(hub_secret="old", hub_lease_seconds="90000")
    again = hub.subscribe(hub_secret="new", hub_lease_seconds="900000")
    assert again.id == first.id
    assert again.lease_until - first.lease_until == pytest.approx(810_000, abs=60)
    hub.publish()
    (told,) = hub.told()
    assert told.headers["x-hub-signature"] == "sha256=" + hmac.new(b"new", told.body, "sha256").hexdigest()
    hub.subscribe()
    hub.publish()
    *_, told = hub.told(2)
    assert "x-hub-signature" not in told.headers


def test_104_who_has_unsubscribed_is_told_nothing_more(hub: HubOffice) -> None:
    hub.subscribe()
    assert hub.ask("unsubscribe").status_code == 202
    hub.until(lambda: not hub.subscriptions())
    question = hub.subscribers.questions()[-1]
    assert question.query["hub.mode"] == "unsubscribe" and "hub.lease_seconds" not in question.query
    hub.publish()
    hub.rest()
    assert hub.subscribers.deliveries() == []


def test_106_a_topic_of_json_comes_as_json(hub: HubOffice) -> None:
    hub.publish(section="World", tags=["budget"])
    topics = ["/feed.json", "/tags/budget/feed.json", "/feeds?section=world&language=en&format=json"]
    for number, topic in enumerate(topics):
        hub.subscribe(f"/{number}", topic=topic)
    hub.publish(section="World", tags=["budget"])
    for number, topic in enumerate(topics):
        (told,) = hub.told(path=f"/{number}")
        assert told.headers["content-type"] == "application/feed+json; charset=utf-8"
        assert told.body == hub.paper.replica().get(topic).data


# What a callback is asked


def test_a_callback_keeps_its_own_query(hub: HubOffice) -> None:
    hub.ask(callback=hub.subscribers.url("/callback?k=a%20b&hub.mode=mine"))
    hub.until(lambda: hub.subscriptions())
    (question,) = hub.subscribers.questions()
    assert question.target.startswith("/callback?k=a%20b&hub.mode=mine&hub.mode=subscribe&hub.topic=")
    hub.publish()
    (told,) = hub.told()
    assert told.target == "/callback?k=a%20b&hub.mode=mine"


def test_challenges_are_never_the_same(hub: HubOffice) -> None:
    for _ in range(3):
        hub.subscribe()
    assert len({each.query["hub.challenge"] for each in hub.subscribers.questions()}) == 3


REFUSING = {
    "404": says(404),
    "redirect": says(302, Location="/other"),
    "500": says(500),
    "something else": says(200, b"yes"),
    "nothing": says(200),
}


def test_what_is_not_agreed_to_changes_nothing(hub: HubOffice) -> None:
    kept = {answer: hub.subscribe(f"/{number}", hub_secret="old") for number, answer in enumerate(REFUSING)}
    for number, answer in enumerate(REFUSING):
        hub.subscribers.behaviours[f"/{number}"] = lambda received, answer=answer: REFUSING[answer]  # type: ignore[misc]
        for mode in ("subscribe", "unsubscribe"):
            asked = hub.ask(mode, hub.subscribers.url(f"/{number}"), hub_secret="forged")
            assert asked.status_code == 202
    hub.until(lambda: hub.verifications() == 0)
    for number, still in enumerate(hub.subscriptions()):
        assert (still.secret, still.lease_until) == ("old", list(kept.values())[number].lease_until)
        assert len(hub.subscribers.questions(f"/{number}")) == 3
    assert hub.subscribers.questions("/other") == []  # where the redirect led


def test_a_challenge_with_anything_around_it_is_not_the_challenge(hub: HubOffice) -> None:
    def in_html(received: Received) -> bytes:
        return says(200, f"<p>{received.query['hub.challenge']}</p>".encode(), Content_Type="text/html")

    hub.subscribers.behaviours["/callback"] = in_html
    hub.ask()
    hub.until(lambda: hub.verifications() == 0)
    assert hub.subscriptions() == []


# Leases


def test_a_lease_is_between_a_day_and_thirty(hub: HubOffice) -> None:
    day = 86_400
    leases = {None: 10 * day, "": 10 * day, "0": 10 * day, "60": day, "100000": 100_000, "9" * 400: 30 * day}
    for number, (asked, given) in enumerate(leases.items()):
        made = hub.subscribe(f"/{number}", hub_lease_seconds=asked)
        (question,) = hub.subscribers.questions(f"/{number}")
        assert question.query["hub.lease_seconds"] == str(given)
        assert made.lease_until - hub.now() == pytest.approx(given, abs=30)


def test_a_lease_that_is_over_ends_the_subscription(hub: HubOffice) -> None:
    made = hub.subscribe()
    hub.change(made, lease_until=hub.now() - 1)
    hub.publish()
    hub.rest()
    assert hub.subscribers.deliveries() == []
    hub.duties.pulse()
    assert hub.subscriptions() == []


# What follows from the answer to a delivery


@pytest.mark.databases("sqlite", "postgresql")
def test_changes_while_a_delivery_is_under_way_come_as_one_and_none_comes_late(hub: HubOffice) -> None:
    hub.subscribe(topic="/feed.json")
    answered = threading.Event()
    hub.subscribers.behaviours["/callback"] = lambda received: answered
    hub.publish(headline="First")
    hub.until(lambda: hub.subscribers.deliveries())
    for number in range(5):
        hub.publish(headline=f"Later {number}")
    answered.set()
    hub.told(2)
    hub.rest()
    first, second = hub.subscribers.deliveries()
    assert b"Later" not in first.body and b"Later 4" in second.body


def test_a_feed_that_has_moved_without_changing_is_not_sent_again(hub: HubOffice) -> None:
    hub.publish(section="World")
    made = hub.subscribe()
    hub.publish()
    hub.told()
    hub.rest()
    (served,) = hub.subscriptions()
    hub.change(made, delivered_seq=served.delivered_seq - 1)
    hub.duties.pulse()
    hub.until(lambda: hub.subscriptions()[0].delivered_seq == served.delivered_seq)
    hub.rest()
    assert len(hub.subscribers.deliveries()) == 1


@pytest.mark.databases("sqlite", "postgresql")
def test_whatever_is_no_success_is_tried_again_later(hub: HubOffice) -> None:
    statuses = [301, 302, 307, 400, 404, 429, 500, 503]
    elsewhere = hub.subscribers.url("/elsewhere")
    for status in statuses:
        hub.subscribe(f"/{status}")
        hub.subscribers.behaviours[f"/{status}"] = lambda received: says(int(received.path[1:]), Location=elsewhere)
    hub.publish(headline="Tried")
    hub.until(lambda: all(each.failures == 1 for each in hub.subscriptions()))
    hub.rest()
    assert len(hub.subscribers.received) == 2 * len(statuses)
    hub.subscribers.behaviours.clear()
    hub.let_pass()
    for status in statuses:
        *_, told = hub.told(2, f"/{status}")
        assert b"Tried" in told.body
    hub.until(lambda: all(each.failures == 0 for each in hub.subscriptions()))
    assert hub.subscribers.deliveries("/elsewhere") == []


def test_after_five_more_attempts_the_next_change_is_waited_for(hub: HubOffice) -> None:
    hub.subscribe()
    hub.subscribers.behaviours["/callback"] = only_verified(lambda received: says(500))
    hub.publish()
    for failures in range(1, 7):
        hub.until(lambda number=failures: hub.subscriptions()[0].failures == number)  # type: ignore[misc]
        hub.let_pass()
    hub.duties.pulse()
    hub.rest()
    assert len(hub.subscribers.deliveries()) == 6
    hub.publish()
    hub.rest()  # not at once: such a callback is spared a flood
    hub.let_pass()
    hub.told(7)


def test_gone_ends_the_subscription(hub: HubOffice) -> None:
    hub.subscribe()
    hub.subscribers.behaviours["/callback"] = lambda received: says(410)
    hub.publish()
    hub.until(lambda: not hub.subscriptions())


@pytest.mark.databases("sqlite", "postgresql")
def test_five_days_of_failure_disable_it_and_a_renewal_revives_it(hub: HubOffice) -> None:
    made = hub.subscribe()
    hub.change(made, failures=6, failing_since=hub.now() - 5 * 86_400 - 60)
    hub.subscribers.behaviours["/callback"] = only_verified(lambda received: says(500))
    hub.publish(headline="Missed")
    hub.let_pass()
    hub.until(lambda: hub.subscriptions()[0].state == "disabled")
    assert hub.subscriptions()[0].reason == "it failed for 5 days, at last: HTTP 500"
    hub.publish()
    hub.duties.pulse()
    hub.rest()
    assert len(hub.subscribers.deliveries()) == 1
    del hub.subscribers.behaviours["/callback"]
    revived = hub.subscribe()
    assert (revived.state, revived.failures, revived.reason) == ("active", 0, None)
    *_, told = hub.told(2)
    assert b"Missed" in told.body


def test_a_delivery_that_died_does_not_hold_up_the_next(hub: HubOffice) -> None:
    made = hub.subscribe()
    hub.change(made, delivery_id=987_654)
    hub.publish()
    hub.told()


def test_a_renewal_hastens_what_waits_for_a_later_attempt(hub: HubOffice) -> None:
    hub.subscribe()
    hub.subscribers.behaviours["/callback"] = only_verified(lambda received: says(500))
    hub.publish()
    hub.until(lambda: hub.subscriptions()[0].failures == 1)
    del hub.subscribers.behaviours["/callback"]
    hub.subscribe()
    hub.told(2)


def test_while_the_feed_service_is_away_no_callback_is_blamed(
    paper: Paper, subscribers: Subscribers, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub_office(paper, subscribers, monkeypatch) as hub:
        hub.subscribe()
        hub.feed.stop()
        hub.publish()
        hub.until(lambda: hub.put_off())
        assert hub.subscriptions()[0].failures == 0
        hub.feed.start()
        hub.let_pass()
        hub.told()


# The door itself


def test_the_hub_says_what_it_is(hub: HubOffice) -> None:
    answer = hub.app.test_client().get("/hub?hub.challenge=echo-me")
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert "WebSub" in answer.text and "echo-me" not in answer.text


@pytest.mark.parametrize("parameter", ["hub.url", "hub.topic"])
def test_a_publishers_ping_is_taken_for_own_topics(hub: HubOffice, parameter: str) -> None:
    client = hub.app.test_client()
    mine = {"hub.mode": "publish", parameter: [f"{BASE}/feed.rss", f"{BASE}/feed.json"]}
    assert client.post("/hub", data=mine).status_code == 204
    foreign = {"hub.mode": "publish", parameter: "https://elsewhere.example/feed"}
    answer = client.post("/hub", data=foreign)
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")


def test_a_ping_brings_what_slipped_through(hub: HubOffice) -> None:
    made = hub.subscribe()
    hub.publish()
    hub.told()
    hub.rest()
    hub.change(made, delivered_seq=0, delivered_hash="")
    hub.post(hub_mode="publish", hub_url=f"{BASE}/feed.rss")
    hub.told(2)
