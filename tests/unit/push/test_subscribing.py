"""What may be asked of the hub, and what is refused at once, with a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from services.push import rsscloud
from services.push.subscribing import Desk, host_of, with_query
from shared.errors import NotFound, Refused
from shared.http import Door
from shared.publication import Publication

BASE = "https://courier.example/news"
DESK = Desk(Publication(name="Courier", base_url=BASE, push_url="https://push.courier.example"), Door())


def form(**given: Any) -> dict[str, list[str]]:
    asked = {
        "hub_mode": "subscribe",
        "hub_callback": "https://reader.example/cb",
        "hub_topic": f"{BASE}/feed.rss",
    } | given
    found = {name.replace("hub_", "hub.", 1): value for name, value in asked.items() if value is not None}
    return {name: value if isinstance(value, list) else [value] for name, value in found.items()}


def test_a_plain_request_is_understood() -> None:
    wish = DESK.websub(form())
    assert (wish.mode, wish.topics, wish.callback) == ("subscribe", ("/feed.rss",), "https://reader.example/cb")
    assert (wish.lease_seconds, wish.secret, wish.signature_method, wish.host) == (
        864_000,
        "",
        "sha256",
        "reader.example",
    )


@pytest.mark.parametrize(
    "callback",
    [
        "",
        "reader.example/cb",
        "ftp://reader.example/cb",
        "file:///etc/passwd",
        "gopher://reader.example/",
        "javascript:alert(1)",
        "https:///cb",
        "https://reader.example/cb#part",
        "https://user@reader.example/cb",
        "https://user:pass@reader.example/cb",
        "https://reader.example:22/cb",
        "https://reader.example:99999/cb",
        "https://reader.example:http/cb",
        "https://reader.example/a b",
        "https://reader.example/a\tb",
        "https://reader.example/a\r\nHost: other",
        "https://reader.example\\@other.example/",
        "https://leser.example/über",
        "https://[::1/cb",
        "https://reader.example/" + "a" * 2000,
        "http://127.0.0.1/cb",
        "http://10.1.2.3/cb",
        "http://192.168.0.1/cb",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/cb",
        "http://[fd00:ec2::254]/latest",
        "http://[::ffff:10.0.0.1]/cb",
        "http://0.0.0.0/cb",
        "https://push.courier.example/hub",
        "https://PUSH.courier.example:443/hub?x=1",
        "https://courier.example/news/feed.rss",
    ],
)
def test_callbacks_that_are_never_called_are_refused_at_once(callback: str) -> None:
    with pytest.raises(Refused) as refused:
        DESK.websub(form(hub_callback=callback))
    assert refused.value.status == 400 and len(refused.value.detail) > 10


@pytest.mark.parametrize(
    ("topic", "status"),
    [
        ("https://elsewhere.example/feed.rss", 400),
        ("http://courier.example/news/feed.rss", 400),
        ("https://courier.example/newsletter/feed.rss", 400),
        (f"{BASE}/", 404),
        (f"{BASE}/feed.xml", 404),
        (f"{BASE}/feed.rss?since=5", 404),
        (f"{BASE}/feeds?language=ar&section=x", 404),
        (f"{BASE}/feeds?section=x", 404),
        (f"{BASE}/tags/a%00b/feed.rss", 404),
        (f"{BASE}/2018/02/30/feed.rss", 404),
        (f"{BASE}/tags/{'a' * 201}/feed.rss", 404),
        (f"{BASE}//feed.rss", 404),
    ],
)
def test_what_is_no_canonical_feed_of_ours_is_no_topic(topic: str, status: int) -> None:
    with pytest.raises(Refused) as refused:
        DESK.websub(form(hub_topic=topic))
    assert refused.value.status == status
    assert isinstance(refused.value, NotFound) is (status == 404)


@pytest.mark.parametrize(
    "wrong",
    [
        {"hub_mode": None},
        {"hub_mode": "denied"},
        {"hub_topic": None},
        {"hub_callback": None},
        {"hub_callback": ["https://a.example/", "https://b.example/"]},
        {"hub_mode": ["subscribe", "unsubscribe"]},
        {"hub_secret": "x" * 200},
        {"hub_secret": "ö" * 100},
        {"hub_secret": "a\0b"},
        {"hub_lease_seconds": "-5"},
        {"hub_lease_seconds": "1e9"},
        {"hub_lease_seconds": "٣٦٠٠"},
        {"hub_signature_method": "md5"},
    ],
)
def test_other_parameters_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        DESK.websub(form(**wrong))


def test_a_secret_may_have_199_bytes() -> None:
    assert DESK.websub(form(hub_secret="x" * 199)).secret == "x" * 199


def test_a_host_is_counted_as_one_however_it_is_written() -> None:
    assert {host_of(f"https://{host}/cb") for host in ("Reader.example", "reader.example.:8443", "reader.example")} == {
        "reader.example"
    }


def test_parameters_are_put_behind_those_of_the_callback() -> None:
    assert with_query("https://a.example/cb", x="1 2") == "https://a.example/cb?x=1+2"
    assert with_query("https://a.example/cb?", x="1") == "https://a.example/cb?x=1"
    assert with_query("https://a.example/cb?k=%20&k", x="1") == "https://a.example/cb?k=%20&k&x=1"


# rssCloud


def notify(**given: str | None) -> dict[str, list[str]]:
    asked = {"protocol": "http-post", "port": "80", "path": "/notify", "url1": f"{BASE}/feed.rss"} | given
    return {name: [value] for name, value in asked.items() if value is not None}


def test_rsscloud_notifies_the_address_that_asks_or_the_domain_it_names() -> None:
    wish = rsscloud.read(notify(), "8.8.8.8", DESK)
    assert (wish.callback, wish.asks_challenge) == ("http://8.8.8.8:80/notify", False)
    wish = rsscloud.read(notify(domain="reader.example", port="443", path="n?k=1"), "8.8.8.8", DESK)
    assert (wish.callback, wish.asks_challenge) == ("https://reader.example:443/n?k=1", True)
    assert wish.lease_seconds == 25 * 3600
    wish = rsscloud.read(notify(url2=f"{BASE}/feed.json"), "2001:4860:4860::8888", DESK)
    assert wish.callback == "http://[2001:4860:4860::8888]:80/notify"
    assert wish.topics == ("/feed.rss", "/feed.json")


@pytest.mark.parametrize(
    "wrong",
    [
        {"protocol": "xml-rpc"},
        {"protocol": None},
        {"port": "5337"},
        {"port": "x"},
        {"port": "999999"},
        {"path": None},
        {"url1": None},
        {"url1": "https://elsewhere.example/feed"},
        {"domain": "10.0.0.1"},
        {"domain": "user@reader.example"},
        {"domain": "reader.example/x"},
        {"domain": "courier.example", "port": "443"},
        {f"url{number}": f"{BASE}/feed.rss" for number in range(1, 12)},
    ],
)
def test_rsscloud_refuses_what_makes_no_sense(wrong: dict[str, str | None]) -> None:
    with pytest.raises(Refused):
        rsscloud.read(notify(**wrong), "8.8.8.8", DESK)
    with pytest.raises(Refused):
        rsscloud.read(notify(), "10.0.0.9", DESK)
