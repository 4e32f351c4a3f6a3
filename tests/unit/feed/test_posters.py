"""The feeds of outside posters: what they show, in every format, and who has fetched them."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import feedparser
import pytest
from lxml import etree

from services.feed.formats.posters import RENDER, PosterItem, rss
from services.feed.posters import Released, shown
from services.feed.visitors import is_poller
from tests.unit.feed.golden import POSTED, poster_feed, poster_file, poster_text


@pytest.mark.parametrize("format", RENDER)
@pytest.mark.parametrize("name", POSTED)
def test_a_feed_has_the_bytes_expected_of_it(name: str, format: str) -> None:
    assert RENDER[format](poster_feed(name)) == poster_file(name, format).read_bytes()


@pytest.mark.parametrize("name", POSTED)
def test_a_poller_reads_the_text_as_it_is_to_be_posted(name: str) -> None:
    text = poster_text(name)
    for format in ("rss", "atom"):
        newest, older = feedparser.parse(RENDER[format](poster_feed(name))).entries
        assert newest.published_parsed > older.published_parsed
        # feedparser shows as HTML what looks like it.
        assert newest.title == text or (newest.title_detail.type == "text/html" and name == "links-and-entities")
    assert newest.title == newest.summary == text
    channel = etree.fromstring(RENDER["rss"](poster_feed(name)))[0]
    assert channel.findtext("item/title") == text
    assert html.unescape(channel.findtext("item/description") or "") == text
    (item, _) = json.loads(RENDER["json"](poster_feed(name)))["items"]
    assert item["title"] == item["content_text"] == text


def test_what_xml_cannot_carry_is_left_out() -> None:
    feed = poster_feed("arabic")
    dirty = replace(feed, items=(replace(feed.items[0], text="a\x00b\ufffe"),))
    (entry,) = feedparser.parse(rss(dirty)).entries
    assert entry.title == "ab"


def released(number: int, *, fetched: bool = True, visible: bool = True) -> Released:
    at = datetime(2026, 11, 23, 12, number, tzinfo=UTC)
    item = PosterItem(f"urn:{number}", f"https://news.example.com/{number}", f"Text {number}", "en", at)
    return Released(number, 1, fetched, visible, item)


def numbers(*given: Released, active: bool = True) -> list[int]:
    return [each.post_id for each in shown(given, active=active)]


def test_the_newest_stands_above_what_was_fetched() -> None:
    assert numbers(released(3, fetched=False), released(2), released(1)) == [3, 2, 1]
    assert numbers(released(3, fetched=False), released(2), released(1), active=False) == [2, 1]


def test_what_was_fetched_never_comes_back_on_top() -> None:
    assert numbers(released(2, visible=False), released(1)) == []
    assert numbers(released(3, fetched=False, visible=False), released(2, visible=False), released(1)) == []
    assert numbers(released(3, fetched=False), released(2, visible=False), released(1)) == [3, 1]
    assert numbers(released(3, fetched=False, visible=False), released(2), released(1)) == [2, 1]
    assert numbers(released(3), released(2, visible=False), released(1)) == [3, 1]


@pytest.mark.parametrize(
    ("headers", "counts"),
    [
        ({}, True),
        ({"USER_AGENT": "Zapier"}, True),
        ({"USER_AGENT": "IFTTT/1.0 (https://ifttt.com/support)"}, True),
        ({"USER_AGENT": "rss-parser"}, True),
        ({"USER_AGENT": "Mozilla/5.0 (compatible; FeedToMastodonBot/2.0)"}, True),
        ({"USER_AGENT": "node", "SEC_FETCH_MODE": "cors"}, True),
        ({"USER_AGENT": "Mozilla/5.0 Firefox/140.0", "SEC_FETCH_MODE": "navigate"}, False),
        ({"USER_AGENT": "Mozilla/5.0 Firefox/140.0", "SEC_FETCH_DEST": "document"}, False),
        ({"USER_AGENT": "Mozilla/5.0 Firefox/140.0", "SEC_PURPOSE": "prefetch;prerender"}, False),
        ({"USER_AGENT": "facebookexternalhit/1.1"}, False),
        ({"USER_AGENT": "WhatsApp/2.23.20.0"}, False),
    ],
)
def test_a_program_counts_and_a_person_or_a_preview_does_not(headers: dict[str, str], counts: bool) -> None:
    environ: dict[str, Any] = {f"HTTP_{name}": value for name, value in headers.items()}
    assert is_poller({"REQUEST_METHOD": "GET", **environ}) is counts
    assert not is_poller({"REQUEST_METHOD": "HEAD", **environ})
