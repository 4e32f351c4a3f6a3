"""What every feed format promises of any text: it comes back as it was, and as the same bytes everywhere."""

from __future__ import annotations

import html
import json
import locale
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from services.feed.formats import FORMATS
from services.feed.story import Document, Image, Source, Term
from tests.unit.feed import stories

every_format = pytest.mark.parametrize("format", FORMATS)
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
DC = "{http://purl.org/dc/elements/1.1/}"
ATOM = "{http://www.w3.org/2005/Atom}"


# Same bytes ---------------------------------------------------------------------------------------------------------

DIGESTS = """
from hashlib import sha256
from services.feed.formats import FORMATS
from tests.unit.feed.stories import COURIER
print(*(sha256(each.render(COURIER)).hexdigest() for each in FORMATS.values()))
"""


def digests() -> list[str]:
    return [sha256(each.render(stories.COURIER)).hexdigest() for each in FORMATS.values()]


def test_the_bytes_are_the_same_a_second_time_and_in_eight_threads() -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: digests(), range(16)))
    assert all(each == digests() for each in found)


@pytest.mark.parametrize("surroundings", [{"LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Tehran"}, {"LC_ALL": "C", "TZ": "UTC"}])
def test_the_bytes_are_the_same_in_another_process_locale_and_zone(surroundings: dict[str, str]) -> None:
    environment = {**os.environ, **surroundings, "PYTHONHASHSEED": "7"}
    answer = subprocess.run(
        [sys.executable, "-c", DIGESTS], env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == digests()


@every_format
def test_the_locale_of_the_process_is_never_touched(format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("setlocale changes every thread of the process")

    monkeypatch.setattr(locale, "setlocale", refuse)
    FORMATS[format].render(stories.COURIER)


@every_format
def test_two_moments_of_one_second_and_two_zones_of_one_moment_are_written_alike(format: str) -> None:
    elsewhere = datetime.fromisoformat("2018-04-20T15:30:05.250000+03:30")
    assert FORMATS[format].render(stories.document(changed_at=elsewhere)) == FORMATS[format].render(stories.document())


# Any text -----------------------------------------------------------------------------------------------------------

CONTROLS = "".join(map(chr, range(32))).translate({9: None, 10: None, 13: None})
legal = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=f"{CONTROLS}\ufffe\uffff"))
words = legal.filter(bool)
terms = st.builds(Term, st.just("slug"), words)
any_story = st.builds(
    lambda **values: replace(stories.story(1), **values),
    headline=words,
    html=words,
    text=legal,
    summary=words,
    language=st.sampled_from(["en", "ar", "zh-Hant"]),
    bylines=st.tuples(terms),
    section=st.none() | terms,
    tags=st.tuples(terms, terms),
    source=st.none() | st.builds(Source, words, st.just("https://a.example/?b&c")),
    image=st.none() | st.builds(Image, st.just("https://a.example/<i>.png"), legal, legal),
)
any_document = st.builds(
    lambda title, description, story: stories.document(story, title=title, description=description),
    words,
    legal,
    any_story,
)


def one_line_end(text: str) -> str:
    """XML has one line end (section 2.11); a CDATA section cannot say otherwise."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@settings(deadline=None)
@given(any_document)
def test_any_text_round_trips_through_rss(document: Document) -> None:
    channel = etree.fromstring(FORMATS["rss"].render(document))[0]
    (story,) = document.stories
    item = channel.find("item")
    assert item is not None
    assert html.unescape(channel.findtext("title") or "") == document.title
    assert html.unescape(item.findtext("title") or "") == story.headline
    assert html.unescape(item.findtext("description") or "") == story.summary
    assert item.findtext(CONTENT) == one_line_end(story.html)
    assert [each.text for each in item.findall(f"{DC}creator")] == [each.label for each in story.bylines]
    assert [each.text for each in item.findall("category")] == [
        term.label for term in (*([story.section] if story.section else []), *story.tags)
    ]


@settings(deadline=None)
@given(any_document)
def test_any_text_round_trips_through_atom(document: Document) -> None:
    root = etree.fromstring(FORMATS["atom"].render(document))
    (story,) = document.stories
    entry = root.find(f"{ATOM}entry")
    assert entry is not None
    assert root.findtext(f"{ATOM}title") == document.title
    assert entry.findtext(f"{ATOM}title") == story.headline
    assert entry.findtext(f"{ATOM}summary") == story.summary
    assert entry.findtext(f"{ATOM}content") == story.html
    assert [each.findtext(f"{ATOM}name") for each in entry.findall(f"{ATOM}author")] == [
        each.label for each in story.bylines
    ]
    if story.source:
        assert entry.findtext(f"{ATOM}source/{ATOM}title") == story.source.name


@settings(deadline=None)
@given(any_document)
def test_any_text_round_trips_through_json(document: Document) -> None:
    feed = json.loads(FORMATS["json"].render(document))
    (story,) = document.stories
    (item,) = feed["items"]
    assert feed["title"] == document.title
    assert (item["title"], item["content_html"], item["content_text"]) == (story.headline, story.html, story.text)


@every_format
@settings(deadline=None)
@given(st.text(st.characters()))
def test_a_character_no_format_can_carry_costs_itself_and_not_the_feed(format: str, text: str) -> None:
    poisoned = replace(
        stories.ENGLISH,
        headline=f"Storm\x00{text}",
        html=f"<p>Calm\ud800{text}</p>",
        summary=f"Rain{text}",
    )
    items = read_ids(format, FORMATS[format].render(stories.document(poisoned, stories.TURKISH)))
    assert items == [stories.ENGLISH.urn, stories.TURKISH.urn]


def read_ids(format: str, feed: bytes) -> list[str | None]:
    if format == "json":
        return [item["id"] for item in json.loads(feed)["items"]]
    root = etree.fromstring(feed)
    return [each.text for each in root.findall("channel/item/guid") + root.findall(f"{ATOM}entry/{ATOM}id")]
