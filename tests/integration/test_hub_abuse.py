"""What is done to a hub by those who mean it ill, or do not care."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from services.push import subscriptions, verifying
from services.push.subscribing import Wish
from shared import engine
from shared.clock import Clock
from shared.models import OutboxRow, Subscription, Verification
from tests.hub import HubOffice, hub_office
from tests.paper import BASE, Paper
from tests.subscribers import ENDLESS, Subscribers, only_verified, says

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def subscribers() -> Iterator[Subscribers]:
    with Subscribers() as made:
        yield made


@pytest.fixture
def hub(paper: Paper, subscribers: Subscribers, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubOffice]:
    monkeypatch.setattr(engine, "STOPPING", 0.2)
    with hub_office(paper, subscribers, monkeypatch) as made:
        yield made


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Where names lead, as an attacker's own server would say."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *args: Any, **kw: Any) -> Any:
        if host not in known:
            return real(host, port, *args, **kw)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def agreed(hub: HubOffice, callback: str, **terms: Any) -> None:
    """A subscription as if its callback had agreed, at a time when its name led elsewhere."""
    wish = Wish("websub", "subscribe", ("/feed.rss",), callback, 864_000, **terms)
    with hub.db.write() as session:
        subscriptions.apply(session, [wish], Clock(None).now())


def in_plain_text(answer: Any) -> bool:
    return bool(answer.mimetype == "text/plain" and answer.text.strip() and "{" not in answer.text)


# Addresses


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["169.254.169.254"], ["10.0.0.1"], ["8.8.8.8", "192.168.1.1"]],
    ids=["loopback", "metadata", "private", "private among others"],
)
def test_a_name_that_leads_to_a_private_address_is_never_called(
    hub: HubOffice, names: dict[str, list[str]], addresses: list[str]
) -> None:
    names["victim.test"] = addresses
    callback = "http://victim.test:8443/callback"
    assert hub.ask(callback=callback).status_code == 202  # where a name leads is seen when it is called
    hub.until(lambda: hub.verifications() == 0)
    assert hub.subscriptions() == []

    agreed(hub, callback)
    hub.publish()
    hub.until(lambda: hub.subscriptions()[0].failures == 1)
    assert "it is not called" in hub.subscriptions()[0].last_answer
    assert hub.subscribers.received == []


def test_no_redirect_is_followed_to_anywhere(hub: HubOffice) -> None:
    targets = ["http://169.254.169.254/latest/", hub.subscribers.url("/canary"), "file:///etc/passwd", "//[::1]/"]
    for number, target in enumerate(targets):
        hub.subscribe(f"/{number}")
        redirect = says(307, Location=target)
        hub.subscribers.behaviours[f"/{number}"] = lambda received, redirect=redirect: redirect  # type: ignore[misc]
    for number in range(len(targets)):
        hub.ask(callback=hub.subscribers.url(f"/{number}"))
    hub.publish()
    hub.until(lambda: all(each.failures == 1 for each in hub.subscriptions()) and hub.verifications() == 0)
    assert {each.path for each in hub.subscribers.received} == {f"/{number}" for number in range(len(targets))}


def test_the_feed_service_itself_is_no_callback(hub: HubOffice) -> None:
    answer = hub.ask(callback=f"{hub.feed.url}/feed.rss")
    assert answer.status_code == 400 and in_plain_text(answer)


# Answers


def test_callbacks_that_never_answer_or_answer_without_end_hold_up_nobody(
    hub: HubOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "DEADLINE", 2.0)
    behaviours = {"/silent": 30.0, "/endless": ENDLESS, "/head": b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 3_000_000}
    for path, behaviour in behaviours.items():
        hub.subscribe(path)
        hub.subscribers.behaviours[path] = only_verified(lambda received, behaviour=behaviour: behaviour)  # type: ignore[misc]
    hub.subscribe("/well")
    hub.publish()
    hub.told(path="/well")
    hub.until(lambda: any(each.delivered_hash for each in hub.subscriptions()))
    assert not any("did not answer" in each.last_answer for each in hub.subscriptions())
    hub.until(lambda: sum(each.failures for each in hub.subscriptions()) == 2)
    failed = {each.callback.rpartition("/")[2] for each in hub.subscriptions() if each.failures}
    assert failed == {"silent", "head"}  # a body is not read, however long: its status says enough
    assert hub.subscribers.sent < 20_000_000


def test_a_verification_that_is_answered_without_end_is_no_agreement(
    hub: HubOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "DEADLINE", 1.0)
    hub.subscribers.behaviours |= {"/endless": lambda received: ENDLESS, "/silent": lambda received: 30.0}
    for path in ("/endless", "/silent"):
        hub.ask(callback=hub.subscribers.url(path))
    hub.subscribe("/well")
    hub.until(lambda: hub.verifications() == 0)
    assert [each.callback for each in hub.subscriptions()] == [hub.subscribers.url("/well")]
    assert hub.subscribers.sent < 20_000_000


def test_a_host_is_called_twice_at_a_time_however_many_callbacks_it_has(hub: HubOffice) -> None:
    for number in range(12):
        hub.subscribe(f"/{number}")
        hub.subscribers.behaviours[f"/{number}"] = lambda received: 0.02
    hub.subscribers.most_open.clear()
    hub.publish()
    hub.until(lambda: len(hub.subscribers.received) == 24)
    assert max(hub.subscribers.most_open.values()) == 2


# Floods


def test_one_host_gets_so_many_subscriptions_and_refusing_more_writes_nothing(
    paper: Paper, subscribers: Subscribers, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub_office(paper, subscribers, monkeypatch, PUSH_SUBSCRIPTIONS_PER_HOST="3") as hub:
        for number in range(3):
            hub.subscribe(f"/{number}")
        hub.subscribe("/0")  # a renewal is none too many
        before = _rows(hub)
        for number in range(300):
            answer = hub.ask(callback=hub.subscribers.url(f"/more-{number}"), client=f"198.51.100.{number % 250}")
            assert answer.status_code == 429 and answer.headers["Retry-After"] == "3600" and in_plain_text(answer)
        assert _rows(hub) == before
        assert len(hub.subscribers.received) == 4


def test_a_request_that_lost_the_race_for_the_last_place_is_denied(
    paper: Paper, subscribers: Subscribers, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub_office(paper, subscribers, monkeypatch, PUSH_SUBSCRIPTIONS_PER_HOST="1") as hub:
        for path in ("/first", "/second"):
            assert hub.ask(callback=hub.subscribers.url(path)).status_code == 202
        agreed(hub, hub.subscribers.url("/taken"))
        hub.until(lambda: hub.verifications() == 0)
        assert [each.callback for each in hub.subscriptions()] == [hub.subscribers.url("/taken")]
        (denial,) = hub.subscribers.questions("/second")
        assert denial.query["hub.mode"] == "denied" and denial.query["hub.topic"] == f"{BASE}/feed.rss"
        assert "limit" in denial.query["hub.reason"]


def test_a_storm_of_requests_waits_for_no_more_than_twenty_answers_of_a_host(hub: HubOffice) -> None:
    calls = 120
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: hub.ask(callback=hub.subscribers.url(f"/{number}")), range(calls)))
    accepted = [each for each in answers if each.status_code == 202]
    assert 20 <= len(accepted) <= 20 + 8 and {each.status_code for each in answers} == {202, 429}
    hub.until(lambda: hub.verifications() == 0)
    assert len(hub.subscribers.received) == len(accepted) == len(hub.subscriptions())  # one small GET each


def test_one_client_gets_so_many_requests_in_a_minute(hub: HubOffice) -> None:
    _past_requests(hub, 300, client="198.51.100.9", host="elsewhere.example")
    answer = hub.ask(client="198.51.100.9")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60") and in_plain_text(answer)
    assert hub.ask(client="198.51.100.10").status_code == 202


def test_a_client_that_goes_on_after_refusals_costs_the_record_nothing(
    paper: Paper, subscribers: Subscribers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "MINUTE", 10**12)  # no minute ends meanwhile
    with hub_office(paper, subscribers, monkeypatch, PUSH_REQUESTS_PER_CLIENT="2") as hub:
        _past_requests(hub, 2, client="198.51.100.9", host="elsewhere.example")
        looks: list[int] = []
        check = verifying.Requests._check_limits
        monkeypatch.setattr(verifying.Requests, "_check_limits", lambda *given: looks.append(1) or check(*given))
        assert {hub.ask(client="198.51.100.9").status_code for _ in range(50)} == {429}
        assert len(looks) == 4
        assert hub.ask(client="198.51.100.10").status_code == 202


def test_one_host_is_asked_so_often_in_a_minute_whoever_wants_it(hub: HubOffice) -> None:
    _past_requests(hub, 120, client="198.51.100.9", host="127.0.0.1")
    answer = hub.ask(client="198.51.100.10")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")


@pytest.mark.thorough
def test_a_hundred_thousand_subscriptions_of_one_host_are_refused_cheaply(hub: HubOffice) -> None:
    theirs = [
        Wish("websub", "subscribe", ("/feed.rss",), f"https://victim.example/first-{number}", 864_000)
        for number in range(1000)
    ]
    with hub.db.write() as session:
        subscriptions.apply(session, theirs, Clock(None).now())
    before = _rows(hub)
    client = hub.app.test_client()
    topic = {"hub.mode": "subscribe", "hub.topic": f"{BASE}/feed.rss"}
    for number in range(100_000):
        form = topic | {"hub.callback": f"https://victim.example/{number}"}
        assert client.post("/hub", data=form).status_code == 429
    assert _rows(hub) == before and hub.subscribers.received == []


# Requests that are none

FORM = "application/x-www-form-urlencoded"


NO_REQUESTS = [
    (b"", FORM),
    (b"{}", "application/json"),
    (b"hub.mode=subscribe", "text/plain"),
    (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x"),
    (b"hub.mode=subscribe&hub.secret=" + b"x" * 1_000_000, FORM),
    (b"&".join(b"a%d=1" % number for number in range(10_000)), FORM),
    (b"hub.mode=%00&hub.topic=%ff%fe&hub.callback=%ed%a0%80", FORM),
    (b"hub.mode=subscribe&hub.callback=https://a.example/%00&hub.topic=" + f"{BASE}/feed.rss".encode(), FORM),
    (b"\xff\xfe=\x00&&&;;==", FORM),
]


@pytest.mark.parametrize("path", ["/hub", "/rsscloud/pleaseNotify"])
def test_what_is_no_request_is_refused_in_plain_text(hub: HubOffice, path: str) -> None:
    for body, content_type in NO_REQUESTS:
        answer = hub.app.test_client().post(path, data=body, content_type=content_type)
        assert 400 <= answer.status_code < 500 and in_plain_text(answer), (body[:100], answer.text)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_feed_that_nothing_was_ever_in_is_no_topic(hub: HubOffice) -> None:
    hub.publish(tags=["harbour"])
    for topic in ("/tags/unheard-of/feed.rss", "/bylines/nobody/feed.json", "/publishers/none/feed.atom"):
        answer = hub.ask(topic=topic)
        assert answer.status_code == 404 and in_plain_text(answer)
    for topic in ("/tags/harbour/feed.rss", "/2031/01/01/feed.rss", "/sections/world/feed.rss"):
        assert hub.ask(topic=topic).status_code == 202


def test_other_methods_are_refused_in_plain_text_too(hub: HubOffice) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        answer = hub.app.test_client().open("/hub", method=method)
        assert answer.status_code == 405 and "POST" in answer.headers["Allow"] and in_plain_text(answer)


def test_no_secret_is_logged(hub: HubOffice, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    hub.subscribe("/failing", hub_secret="s3cret-of-a-subscriber")
    hub.subscribers.behaviours["/failing"] = only_verified(lambda received: says(500))
    hub.ask(hub_secret="s3cret-of-a-subscriber" * 20)
    hub.publish()
    hub.until(lambda: hub.subscriptions()[0].failures == 1)
    assert "s3cret" not in caplog.text
    with hub.db.read() as session:
        assert set(session.scalars(select(Verification.secret))) == {""}


def test_a_stop_gives_back_what_is_under_way(hub: HubOffice) -> None:
    hub.subscribe()
    hub.subscribers.behaviours["/callback"] = lambda received: threading.Event()
    hub.publish()
    hub.until(lambda: hub.subscribers.deliveries())
    hub.duties.stop()
    assert hub.put_off() and hub.subscriptions()[0].failures == 0


def _rows(hub: HubOffice) -> tuple[int, ...]:
    with hub.db.read() as session:
        tables = (Subscription, Verification, OutboxRow)
        return tuple(session.scalars(select(func.count()).select_from(table)).one() for table in tables)


def _past_requests(hub: HubOffice, count: int, *, client: str, host: str) -> None:
    """As if so many requests had been dealt with a moment ago."""
    now = hub.now()
    row = {"kind": "websub", "mode": "subscribe", "topics": ["/feed.rss"], "callback": "x", "callback_host": host}
    more = {"lease_seconds": 1, "client": client, "requested_at": now, "ended_at": now}
    with hub.db.write() as session:
        session.execute(insert(Verification), [row | more] * count)
