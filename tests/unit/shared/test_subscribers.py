"""What aggregators say of themselves in their User-Agent, and which addresses are feeds."""

from __future__ import annotations

import pytest

from services.feed.polls import feed_at
from services.feed.visitors import is_person, visitor_of
from shared.subscribers import MOST_SUBSCRIBERS, reported

SAID = {
    "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 24 subscribers; like FeedFetcher-Google)": ("feedly", 24),
    "Mozilla/5.0 (compatible; inoreader.com; 5 subscribers)": ("inoreader", 5),
    "NewsBlur Feed Fetcher - 9 subscribers - http://www.newsblur.com/site/1234/the-courier": ("newsblur 1234", 9),
    "NewsBlur Feed Fetcher - 1 subscriber - http://www.newsblur.com/site/7/x": ("newsblur 7", 1),
    "Feedbin feed-id:1373711 - 142 subscribers": ("feedbin 1373711", 142),
    "Mozilla/5.0 (compatible; theoldreader.com; 2 subscribers; feed-id=abc123)": ("theoldreader abc123", 2),
    "Mozilla/5.0 (compatible; BazQux/2.4; +https://bazqux.com/fetcher; 3 subscribers)": ("bazqux", 3),
    "Netvibes (http://www.netvibes.com/; 3 subscribers; feedId: 99)": ("netvibes 99", 3),
    "Feedly/1.0 (999999999 subscribers)": ("feedly", MOST_SUBSCRIBERS),
}


@pytest.mark.parametrize(("user_agent", "number"), SAID.items())
def test_an_aggregator_says_for_how_many_it_asks(user_agent: str, number: tuple[str, int]) -> None:
    assert reported(user_agent) == number


@pytest.mark.parametrize(
    "user_agent",
    [
        *("", "Feedly/1.0", "NetNewsWire (RSS Reader)", "Evil/1.0 (5 subscribers)", "Feedly (-5 subscribers)"),
        *("Feedly (1.5 subscribers)", "Feedly (x5 subscribers)", "Feedly " + "9" * 5000 + " subscribers"),
        "x" * 600 + " Feedly 5 subscribers",
    ],
    ids=lambda said: said[:30],
)
def test_everybody_else_asks_for_one(user_agent: str) -> None:
    assert reported(user_agent) is None


def test_a_feed_is_counted_under_its_own_address_whatever_page_of_it_was_asked_for() -> None:
    found = {
        ("/feed.rss", ""): "/feed.rss",
        ("/feed.rss", "since=7-1"): "/feed.rss",
        ("/tags/a/feed.json", "before=x"): "/tags/a/feed.json",
        ("/feeds", "tag=a&language=ar&since=1"): "/feeds?tag=a&language=ar",
        ("/feeds", ""): "",
        ("/feeds.opml", ""): "",
        ("/2018/04/20/archive.rss", ""): "",
        ("/sitemap.xml", ""): "",
        ("/", ""): "",
    }
    assert {address: feed_at(*address) for address in found} == found


def test_forwarded_addresses_are_believed_as_far_as_there_are_proxies() -> None:
    environ = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "6.6.6.6, 192.0.2.1,10.0.0.2"}
    seen = [visitor_of(environ, proxies).address for proxies in range(5)]
    assert seen == ["10.0.0.1", "10.0.0.2", "192.0.2.1", "6.6.6.6", "10.0.0.1"]
    assert visitor_of({"REMOTE_ADDR": "10.0.0.1"}, 1).address == "10.0.0.1"


def test_a_name_as_long_as_a_book_is_read_in_no_time() -> None:
    hostile = {"REMOTE_ADDR": "10.0.0.1", "HTTP_USER_AGENT": "Mozilla " * 100_000, "HTTP_X_FORWARDED_FOR": "x" * 10**6}
    assert is_person(hostile)
    visitor = visitor_of(hostile, 1)
    assert (len(visitor.address), len(visitor.user_agent)) == (100, 500)
