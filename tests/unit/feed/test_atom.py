from __future__ import annotations

import pytest
from lxml import etree

from services.feed.formats import atom
from services.feed.story import Story
from tests.unit.feed import stories
from tests.unit.feed.golden import CASES, feed_file

NAMESPACES = {"a": "http://www.w3.org/2005/Atom", "media": "http://search.yahoo.com/mrss/"}
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def entry(story: Story) -> etree._Element:
    return found(atom.render(stories.document(story)), "//a:entry")[0]


def found(feed: bytes | etree._Element, path: str) -> list[etree._Element]:
    root = etree.fromstring(feed) if isinstance(feed, bytes) else feed
    return root.xpath(path, namespaces=NAMESPACES)


def text(element: etree._Element, name: str) -> str | None:
    return element.findtext(f"a:{name}", namespaces=NAMESPACES)


@pytest.mark.parametrize("name", CASES)
def test_the_feed_is_as_recorded(name: str) -> None:
    assert atom.render(CASES[name]) == feed_file(name, "atom").read_bytes()


def test_every_element_is_in_a_namespace_readers_know() -> None:
    tags = {etree.QName(each).namespace for each in found(atom.render(stories.COURIER), "//*")}
    assert tags == set(NAMESPACES.values())


def test_the_feed_names_itself_and_its_other_forms() -> None:
    feed = atom.render(stories.COURIER)
    assert [(link.get("rel"), link.get("type"), link.get("href")) for link in found(feed, "/a:feed/a:link")] == [
        ("self", "application/atom+xml", "https://courier.example/feed.atom"),
        ("alternate", "text/html", "https://courier.example/"),
        ("alternate", "application/rss+xml", "https://courier.example/feed.rss"),
        ("alternate", "application/feed+json", "https://courier.example/feed.json"),
        ("hub", None, "https://courier.example/hub"),
    ]


def test_links_of_an_entry_keep_their_relation() -> None:
    links = found(entry(stories.SYNDICATED), "a:link")
    assert [(link.get("rel"), link.get("hreflang"), link.get("href")) for link in links] == [
        ("alternate", "en", stories.SYNDICATED.url),
        ("via", None, stories.SYNDICATED.canonical_url),
    ]


def test_the_body_is_html_and_the_summary_plain_text() -> None:
    found_entry = entry(stories.MARKUP_TITLE)
    (content,) = found(found_entry, "a:content")
    assert (content.get("type"), content.text) == ("html", stories.MARKUP_TITLE.html)
    assert text(found_entry, "summary") == stories.MARKUP_TITLE.summary
    assert text(found_entry, "title") == stories.MARKUP_TITLE.headline


def test_every_entry_and_the_feed_name_their_language() -> None:
    feed = etree.fromstring(atom.render(stories.COURIER))
    assert feed.get(LANG) == "en"
    assert [each.get(LANG) for each in found(feed, "a:entry")] == [story.language for story in stories.STORIES]


def test_authors_have_name_and_page_and_an_entry_without_byline_has_the_feeds() -> None:
    authors = found(entry(stories.ARABIC), "a:author")
    assert [text(each, "name") for each in authors] == ["ليلى حدّاد"]
    assert text(authors[0], "uri") == (
        "https://courier.example/bylines/%D9%84%D9%8A%D9%84%D9%89-%D8%AD%D8%AF%D8%A7%D8%AF/"
    )
    assert not found(entry(stories.CHINESE), "a:author")
    assert text(etree.fromstring(atom.render(stories.EMPTY)).find("a:author", NAMESPACES), "name") == "The Courier"


def test_the_source_of_syndicated_copy_is_named_with_and_without_address() -> None:
    (full,) = found(entry(stories.SYNDICATED), "a:source")
    assert text(full, "title") == "Northern Agency"
    assert found(full, "a:link")[0].get("href") == "https://agency.example/feed.rss"
    (bare,) = found(entry(stories.SOURCE_WITHOUT_ADDRESS), "a:source")
    assert [each.text for each in bare] == ["Old Gazette"]


def test_a_withdrawal_keeps_id_and_published_and_moves_updated() -> None:
    after = entry(stories.WITHDRAWN)
    assert text(after, "id") == stories.WITHDRAWN.urn
    assert text(after, "published") == text(entry(stories.story(10)), "published")
    assert text(after, "updated") == "2018-04-20T11:57:05+00:00"
    (status,) = found(after, "a:category")
    assert (status.get("scheme"), status.get("term")) == ("http://cv.iptc.org/newscodes/pubstatusg2/", "canceled")


def test_categories_carry_slug_scheme_and_label() -> None:
    categories = found(entry(stories.ENGLISH), "a:category")
    assert [(each.get("term"), each.get("scheme"), each.get("label")) for each in categories] == [
        ("world", "https://courier.example/sections/", "World"),
        ("harbour", "https://courier.example/tags/", "harbour"),
        ("climate-change", "https://courier.example/tags/", "climate change"),
    ]
