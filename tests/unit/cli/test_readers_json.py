"""Submissions, sentences and JSON Feed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.cli.readers import sniff
from services.cli.readers.items import Found, Refusal
from tests.unit.cli.reading import fields, kinds, only, read, refusal

ARTICLE = {"external_id": "a-1", "headline": "Harbour reopens", "body": "It reopened."}


def lines(*values: Any) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def test_submissions_are_read_one_a_line_in_an_array_and_alone() -> None:
    other = ARTICLE | {"external_id": "a-2"}
    for content in (lines(ARTICLE, other), json.dumps([ARTICLE, other]), json.dumps([ARTICLE, other], indent=2)):
        assert [item.submission["external_id"] for item in read(content)] == ["a-1", "a-2"]  # type: ignore[union-attr]
    assert fields(json.dumps(ARTICLE, indent=2)) == ARTICLE
    assert fields(lines(ARTICLE)) == ARTICLE


def test_blank_lines_windows_line_ends_and_a_byte_order_mark_are_no_trouble() -> None:
    content = b"\xef\xbb\xbf" + lines(ARTICLE, ARTICLE).replace("\n", "\r\n\r\n").encode()
    items = read(content)
    assert [item.place for item in items] == ["line 1", "line 3"]
    assert kinds(items) == (2, 0, 0)


def test_an_article_without_an_id_gets_one_from_its_content() -> None:
    plain = {"headline": "A", "body": "B."}
    first, again, other = read(lines(plain, plain | {"tags": []}, plain | {"body": "C."}))
    assert isinstance(first, Found)
    assert isinstance(again, Found)
    assert isinstance(other, Found)
    assert first.submission["external_id"] == again.submission["external_id"]
    assert first.submission["external_id"] != other.submission["external_id"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"headline": "A"}, "body: Field required"),
        ({"headline": "A", "body": "B", "urgency": 10}, "urgency: is no whole number from 1 to 9"),
        ({"headline": "", "body": "B"}, "headline: String should have at least 1 character"),
        ({"headline": "A" * 501, "body": "B"}, "headline: String should have at most 500 characters"),
        ({"headline": "\u200b", "body": "B"}, "headline: holds nothing a reader could see"),
        ({"headline": "A", "body": "B", "colour": 1}, "colour: Extra inputs are not permitted"),
        ({"headline": "A", "body": "B", "published_at": "2027-01-01T00:00:00Z"}, "published_at lies in the future"),
        (
            {"headline": "A", "body": "B", "canonical_url": "/a"},
            "canonical_url: is not an absolute http or https address",
        ),
        ({"headline": "A\ud800", "body": "B"}, "headline: Input should be a valid string"),
        ([1, 2], "is no JSON object"),
        ("text", "is no JSON object"),
        (7, "is no JSON object"),
        ({"sentences": []}, "has neither a headline nor text"),
        ({"sentences": "A. B."}, "sentences is no list of texts"),
        ({"$schema": "https://json-schema.org/draft", "properties": {}}, "is a JSON Schema, not an article"),
    ],
)
def test_what_the_api_would_refuse_is_refused_while_reading(value: Any, reason: str) -> None:
    found = [item for item in read(json.dumps([value])) if isinstance(item, Refusal)]
    assert [item.place for item in found] == ["item 1"]
    assert found[0].reason.startswith(reason)


def test_an_urgency_is_kept_and_none_is_made_up() -> None:
    assert fields(json.dumps(ARTICLE | {"urgency": 2}))["urgency"] == 2
    assert "urgency" not in fields(json.dumps(ARTICLE | {"urgency": None}))
    assert fields(json.dumps({"sentences": ["One.", "Two."], "urgency": 2}))["urgency"] == 2


def test_a_time_without_a_zone_is_refused_in_a_submission() -> None:
    reason, detail = refusal(json.dumps(ARTICLE | {"published_at": "2018-04-20T09:00:00"}))
    assert reason.startswith("published_at")
    assert detail == "2018-04-20T09:00:00"


def test_other_json_is_named_as_such() -> None:
    reason, detail = refusal('{"name": "masthead", "version": "1.0"}')
    assert reason.startswith("is JSON of a kind that is not read")
    assert detail == "it holds name, version"


@pytest.mark.parametrize(
    "content",
    [
        "{",
        '{"headline": "A", "body": }',
        '[{"headline": "A"',
        '{"headline": NaN}',
        '{"headline": 1e999999999, "body": Infinity}',
        "[" * 100_000,
        '{"headline": "A", "n": ' + "1" * 5000 + "}",
        b'{"headline": "\xff"}',
        '{"headline": "\x00"}',
    ],
    ids=range(9),
)
def test_broken_json_is_refused_with_its_place(content: str | bytes) -> None:
    reason, detail = refusal(content)
    assert reason == "is not valid JSON"
    assert detail


def test_one_broken_line_harms_no_other() -> None:
    items = read(lines(ARTICLE) + '{"headline": \n' + lines(ARTICLE), "news.ndjson")
    assert kinds(items) == (2, 1, 0)
    assert items[1] == Refusal("line 2", "is not valid JSON", "column 13: Expecting value")


@pytest.mark.parametrize(("content", "reason"), [("", "is empty"), (" \n\t", "is empty"), ("[]", "holds no articles")])
def test_a_file_without_articles_says_so(content: str, reason: str) -> None:
    assert refusal(content)[0] == reason


@pytest.mark.parametrize("content", [b"\x89PNG\r\n", b"PK\x03\x04", b"Dear editor,", b"%PDF-1.7"])
def test_a_file_of_another_kind_is_refused(content: bytes) -> None:
    assert refusal(content)[0] == "is of a kind that is not read"


def test_the_first_of_several_sentences_is_the_headline() -> None:
    given = {"external_id": "x:1", "language": "en", "sentences": ["One  here.", "Two.", " ", "Three."]}
    item = only(json.dumps(given | {"source": "Agency", "licence": "CC BY 4.0", "tags": ["a"]}))
    assert item.submission == {
        "headline": "One here.",
        "body": "Two.\n\nThree.",
        "body_format": "text",
        "language": "en",
        "external_id": "x:1",
        "source": {"name": "Agency"},
        "tags": ["a"],
    }
    assert item.notes == ("licence has no place in an article and is left out",)


def test_a_single_sentence_is_headline_and_body() -> None:
    found = fields(json.dumps({"sentences": ["Only this."]}))
    assert (found["headline"], found["body"]) == ("Only this.", "Only this.")


def test_a_first_sentence_too_long_for_a_headline_is_cut_there_and_kept_in_the_body() -> None:
    long = "word " * 150
    item = only(json.dumps({"sentences": [long, "Two."]}))
    assert len(item.submission["headline"]) <= 500
    assert item.submission["headline"].endswith("word…")
    assert item.submission["body"] == f"{long.strip()}\n\nTwo."
    assert "the headline is cut" in item.notes[0]


def test_sentences_under_a_given_headline_are_the_body() -> None:
    found = fields(json.dumps({"headline": "H", "sentences": ["One.", "Two."]}))
    assert (found["headline"], found["body"]) == ("H", "One.\n\nTwo.")


FEED: dict[str, Any] = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Island News",
    "home_page_url": "https://island.example/",
    "language": "en-GB",
    "authors": [{"name": "The Desk"}],
    "items": [
        {
            "id": "https://island.example/1",
            "url": "https://island.example/1",
            "external_url": "https://elsewhere.example/",
            "title": "Lighthouse &amp; keeper",
            "content_html": "<p>Lit again.</p>",
            "content_text": "Lit again.",
            "summary": "It shines.",
            "image": "https://island.example/1.jpg",
            "date_published": "2018-04-20T09:30:00+03:00",
            "date_modified": "2019-01-01T00:00:00Z",
            "authors": [{"name": "Ada"}, {"name": "Ben"}, {"url": "https://no.name"}],
            "tags": ["Economy", "coast"],
        },
        {"id": 2, "content_text": "Fish are back. Nobody knows why.\n\nReally <b>nobody</b>.", "language": "xx_"},
    ],
}


def test_a_json_feed_is_read_item_by_item() -> None:
    content = json.dumps(FEED)
    assert sniff("feed.json", content.encode()).format == "JSON Feed"
    first, second = read(content)
    assert isinstance(first, Found)
    assert first.submission == {
        "headline": "Lighthouse & keeper",
        "body": "<p>Lit again.</p>",
        "body_format": "html",
        "summary": "It shines.",
        "language": "en-GB",
        "bylines": ["Ada", "Ben"],
        "section": "economy",
        "tags": ["Economy", "coast"],
        "canonical_url": "https://island.example/1",
        "source": {"name": "Island News", "url": "https://island.example/"},
        "external_id": "https://island.example/1",
        "published_at": "2018-04-20T09:30:00+03:00",
        "image": {"url": "https://island.example/1.jpg"},
    }
    assert isinstance(second, Found)
    assert second.submission["headline"] == "Fish are back."
    assert second.submission["body_format"] == "text", "content_text is never HTML, whatever it looks like"
    assert second.submission["external_id"] == "https://island.example/#2"
    assert second.submission["bylines"] == ["The Desk"]
    assert "language" not in second.submission
    assert len(second.notes) == 3


@pytest.mark.parametrize(("extension", "urgency"), [({"urgency": 2}, 2), ({"words": 9}, None), (["urgency"], None)])
def test_the_urgency_in_a_feed_of_another_masthead_is_read(extension: Any, urgency: int | None) -> None:
    item = FEED["items"][0] | {"_masthead": extension}
    assert fields(json.dumps(FEED | {"items": [item]})).get("urgency") == urgency


def test_version_1_0_of_json_feed_has_one_author() -> None:
    item = {"id": "a:1", "title": "T", "content_html": "<p>B</p>", "author": {"name": "Ada"}}
    feed = {"version": "https://jsonfeed.org/version/1", "title": "Old", "items": [item, "not an item"]}
    found, refused = read(json.dumps(feed))
    assert isinstance(found, Found)
    assert found.submission["bylines"] == ["Ada"]
    assert refused == Refusal("item 2", "is no JSON object")


@pytest.mark.parametrize("items", [None, [], {}, "x"])
def test_a_json_feed_without_items_says_so(items: Any) -> None:
    assert (
        refusal(json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items}))[0] == "holds no articles"
    )
