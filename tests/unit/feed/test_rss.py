from __future__ import annotations

import html
from dataclasses import replace

import feedparser
import pytest
from lxml import etree

from services.feed.formats import rss
from services.feed.story import Image
from tests.unit.feed import stories
from tests.unit.feed.golden import CASES, feed_file

NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "media": "http://search.yahoo.com/mrss/",
}


def item(story: stories.Story) -> etree._Element:
    return found(rss.render(stories.document(story)), "//item")[0]


def found(feed: bytes | etree._Element, path: str) -> list[etree._Element]:
    root = etree.fromstring(feed) if isinstance(feed, bytes) else feed
    return root.xpath(path, namespaces=NAMESPACES)


@pytest.mark.parametrize("name", CASES)
def test_the_feed_is_as_recorded(name: str) -> None:
    assert rss.render(CASES[name]) == feed_file(name, "rss").read_bytes()


def test_the_channel_names_itself_once_and_its_other_forms() -> None:
    feed = rss.render(stories.COURIER)
    assert [link.get("href") for link in found(feed, "/rss/channel/atom:link[@rel='self']")] == [
        "https://courier.example/feed.rss"
    ]
    assert [(link.get("type"), link.get("href")) for link in found(feed, "//channel/atom:link[@rel='alternate']")] == [
        ("text/html", "https://courier.example/"),
        ("application/atom+xml", "https://courier.example/feed.atom"),
        ("application/feed+json", "https://courier.example/feed.json"),
    ]


def test_items_keep_the_order_of_the_document() -> None:
    guids = [guid.text for guid in found(rss.render(stories.COURIER), "//item/guid")]
    assert guids == [story.urn for story in stories.STORIES]


def test_the_guid_is_the_urn_and_no_permalink() -> None:
    (guid,) = found(item(stories.ENGLISH), "guid")
    assert (guid.text, guid.get("isPermaLink")) == (stories.ENGLISH.urn, "false")


def test_nothing_overrides_title_or_date_in_miniflux() -> None:
    assert not found(rss.render(stories.COURIER), "//dc:date | //dc:title")


def test_the_body_is_cdata_even_around_its_own_end_mark() -> None:
    feed = rss.render(stories.document(stories.MARKUP_TITLE))
    assert b"<content:encoded><![CDATA[<p>In code" in feed
    assert found(feed, "//item/content:encoded")[0].text == stories.MARKUP_TITLE.html


def test_every_author_is_named() -> None:
    assert [each.text for each in found(item(stories.ENGLISH), "dc:creator")] == ["Ana Díaz", "Ben Okri"]


def test_a_language_is_named_where_it_differs_from_the_channel() -> None:
    languages = {
        each.findtext("guid"): each.findtext("dc:language", namespaces=NAMESPACES)
        for each in found(rss.render(stories.COURIER), "//item")
    }
    assert languages[stories.ENGLISH.urn] is None
    assert languages[stories.PERSIAN.urn] == "fa"


def test_a_source_needs_its_address() -> None:
    (source,) = found(item(stories.SYNDICATED), "source")
    assert (source.text, source.get("url")) == ("Northern Agency", "https://agency.example/feed.rss")
    assert not found(item(stories.SOURCE_WITHOUT_ADDRESS), "source")


def test_an_original_is_linked_as_via_and_the_item_to_our_page() -> None:
    found_item = item(stories.SYNDICATED)
    assert found_item.findtext("link") == stories.SYNDICATED.url
    assert found(found_item, "atom:link[@rel='via']")[0].get("href") == stories.SYNDICATED.canonical_url


def test_a_picture_carries_its_description_and_credit_without_a_group() -> None:
    (picture,) = found(item(stories.SYNDICATED), "media:content")
    assert (picture.get("url"), picture.get("medium")) == ("https://img.example/rail.jpg?w=1200&h=630", "image")
    assert found(picture, "media:description")[0].text == 'A train & the "new" bridge'
    assert found(picture, "media:credit")[0].text == "Mia Lund / Agency"
    assert not found(item(stories.SYNDICATED), "enclosure")


def test_a_picture_without_words_stays_bare() -> None:
    (picture,) = found(item(replace(stories.SYNDICATED, image=Image("https://img.example/1.png"))), "media:content")
    assert len(picture) == 0


def test_sections_and_tags_are_categories_of_their_own_scheme() -> None:
    assert [(each.get("domain"), each.text) for each in found(item(stories.ENGLISH), "category")] == [
        ("https://courier.example/sections/", "World"),
        ("https://courier.example/tags/", "harbour"),
        ("https://courier.example/tags/", "climate change"),
    ]


def test_a_withdrawal_keeps_id_and_first_date_and_says_so_to_machines() -> None:
    before = item(stories.story(10))
    after = item(stories.WITHDRAWN)
    assert after.findtext("guid") == before.findtext("guid")
    assert after.findtext("pubDate") == before.findtext("pubDate") == "Fri, 20 Apr 2018 02:00:05 +0000"
    assert after.findtext("dcterms:modified", namespaces=NAMESPACES) == "2018-04-20T11:57:05+00:00"
    (status,) = found(after, "category")
    assert (status.get("domain"), status.text) == ("http://cv.iptc.org/newscodes/pubstatusg2/", "canceled")


@pytest.mark.parametrize(
    "headline", ["AT&T", "Bill & Ted", "I <3 N.Y.", "A < B", "A<5", "R&D, Q&A; x > y", "“½” ≠ 50%"]
)
def test_signs_that_read_the_same_as_html_stay_plain_text(headline: str) -> None:
    assert item(stories.story(headline=headline)).findtext("title") == headline
    assert html.unescape(headline) == headline


@pytest.mark.parametrize(
    "headline",
    [
        "The &amp; entity",
        "The <title> element",
        "A<B",
        "Why <b>bold</b> & more",
        "<script>alert(1)</script>",
        "&copy 2018",
    ],
)
def test_a_headline_that_looks_like_markup_is_shown_whole_by_a_reader_that_takes_it_for_html(headline: str) -> None:
    title = item(stories.story(headline=headline)).findtext("title") or ""
    assert "<" not in title
    assert html.unescape(title) == headline


@pytest.mark.parametrize("story", [stories.MARKUP_TITLE, stories.PLAIN_SIGNS], ids=["markup", "signs"])
def test_feedparser_shows_title_and_summary_as_written(story: stories.Story) -> None:
    (entry,) = feedparser.parse(rss.render(stories.document(story))).entries
    assert html.unescape(entry.title) == story.headline
    assert html.unescape(entry.summary) == story.summary


def test_a_description_of_the_picture_does_not_replace_the_summary_in_feedparser() -> None:
    (entry,) = feedparser.parse(rss.render(stories.document(stories.SYNDICATED))).entries
    assert entry.summary == stories.SYNDICATED.summary
    assert entry.content[0].value == stories.SYNDICATED.html


def test_without_a_summary_the_description_is_the_body() -> None:
    found_item = item(replace(stories.ENGLISH, summary=""))
    assert found_item.findtext("description") == stories.ENGLISH.html
