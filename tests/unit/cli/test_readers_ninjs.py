"""ninjs, the agencies' JSON, in its three generations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.cli.readers import sniff
from services.cli.readers.items import Found
from tests.unit.cli.reading import fields, kinds, only, read, refusal

NEW: dict[str, Any] = {
    "uri": "urn:agency:7",
    "type": "text",
    "firstCreated": "2018-04-20T09:30:00+03:00",
    "versionCreated": "2018-04-20T10:00:00+03:00",
    "pubStatus": "usable",
    "language": "en",
    "by": "By Ada Byron",
    "located": "Island",
    "urgency": 3,
    "copyrightHolder": "Agency",
    "headlines": [{"role": "short", "value": "Boats"}, {"role": "main", "value": "Boats &amp; tides"}],
    "descriptions": [{"role": "text", "value": "Short."}, {"role": "creditline", "value": "AGENCY"}],
    "bodies": [
        {"role": "text", "contentType": "text/plain", "value": "Plain body."},
        {"role": "nitf", "contentType": "application/xml", "value": "<nitf/>"},
        {
            "role": "html5",
            "contentType": "text/html",
            "value": "<html><head><title>x</title></head><body><h1>Boats &amp; tides</h1><p>The body.</p></body>",
        },
    ],
    "subjects": [{"name": "Sea", "uri": "x:1"}, {"uri": "x:2"}, {"name": "Economy"}],
    "genres": [{"name": "Background"}],
    "infoSources": [{"name": "Island Wire"}],
    "associations": [
        {
            "name": "main",
            "uri": "urn:p:1",
            "type": "picture",
            "by": "Cleo",
            "descriptions": [{"role": "caption", "value": "A boat"}],
            "renditions": [
                {"name": "a", "contentType": "image/jpeg", "href": "https://i.example/5000.jpg", "width": 5000},
                {"name": "b", "contentType": "image/jpeg", "href": "https://i.example/1000.jpg", "width": 1000},
                {"name": "c", "contentType": "image/jpeg", "href": "https://i.example/100.jpg", "width": 100},
                {"name": "d", "contentType": "text/xml", "href": "https://i.example/caption.xml"},
            ],
        }
    ],
}

# What 3.x calls versionCreated is versioncreated in 2.x.
MIDDLE = json.loads(json.dumps(NEW), object_hook=lambda it: {key.lower(): value for key, value in it.items()})

OLD: dict[str, Any] = {
    "uri": "urn:agency:7",
    "type": "text",
    "versioncreated": "2018-04-20T09:30:00+03:00",
    "pubstatus": "usable",
    "language": "en",
    "byline": "Ada Byron",
    "located": "Island",
    "urgency": 3,
    "headline": "Boats &amp; tides",
    "description_text": "Short.",
    "body_text": "Plain body.",
    "body_xhtml": "<body><h1>Boats &amp; tides</h1><p>The body.</p></body>",
    "subject": [{"name": "Sea"}, {"name": "Economy"}],
    "infosource": [{"name": "Island Wire"}],
    "associations": {
        "main": {
            "uri": "urn:p:1",
            "type": "picture",
            "byline": "Cleo",
            "description_text": "A boat",
            "renditions": {"b": {"mimetype": "image/jpeg", "href": "https://i.example/1000.jpg", "width": 1000}},
        }
    },
}

READ_AS = {
    "headline": "Boats & tides",
    "body": "<p>The body.</p>",
    "body_format": "html",
    "summary": "Short.",
    "language": "en",
    "bylines": ["Ada Byron"],
    "section": "economy",
    "tags": ["Sea", "Economy"],
    "dateline": "Island",
    "urgency": 3,
    "source": {"name": "Island Wire"},
    "external_id": "urn:agency:7",
    "published_at": "2018-04-20T09:30:00+03:00",
    "image": {"url": "https://i.example/1000.jpg", "alt": "A boat", "credit": "Cleo"},
}


@pytest.mark.parametrize("item", [NEW, MIDDLE, OLD], ids=["3.x", "2.x", "1.x"])
def test_all_generations_are_read_alike(item: dict[str, Any]) -> None:
    content = json.dumps(item)
    assert sniff("x.json", content.encode()).format == "ninjs"
    assert only(content).notes == ()
    assert fields(content) == READ_AS


def test_many_items_are_read_from_an_array_and_from_lines() -> None:
    other = NEW | {"uri": "urn:agency:8"}
    for content in (json.dumps([NEW, other]), f"{json.dumps(NEW)}\n{json.dumps(other)}\n"):
        assert [each.submission["external_id"] for each in read(content) if isinstance(each, Found)] == [
            "urn:agency:7",
            "urn:agency:8",
        ]
    assert kinds(read(json.dumps([NEW, {"headline": "no uri"}, 7]))) == (1, 2, 0)


@pytest.mark.parametrize("kind", ["picture", "video", "audio", "graphic", "event", "planning", "component"])
def test_what_is_not_text_is_refused_with_its_type(kind: str) -> None:
    assert refusal(json.dumps(NEW | {"type": kind}))[0] == f"is of type {kind}, not text"


@pytest.mark.parametrize("name", ["pubStatus", "pubstatus"])
@pytest.mark.parametrize("status", ["withheld", "canceled"])
def test_what_is_not_usable_is_refused(name: str, status: str) -> None:
    item = {key: value for key, value in NEW.items() if key != "pubStatus"} | {name: status}
    assert refusal(json.dumps(item))[0] == f"its pubStatus is {status}, not usable"


@pytest.mark.parametrize("name", ["embargoed", "embargoedUntil"])
def test_an_embargo_holds_until_it_is_over(name: str) -> None:
    assert refusal(json.dumps(NEW | {name: "2033-01-01T00:00:00Z"})) == (
        "is under embargo",
        "until 2033-01-01T00:00:00Z",
    )
    assert only(json.dumps(NEW | {name: "2018-04-20T09:00:00Z"}))


def test_a_plain_body_has_its_lines_as_paragraphs() -> None:
    bodies = [{"role": "text", "value": "One.\nTwo."}, {"role": "nitf", "contentType": "application/xml", "value": "x"}]
    found = fields(json.dumps(NEW | {"bodies": bodies}))
    assert (found["body"], found["body_format"]) == ("One.\n\nTwo.", "text")


def test_without_a_body_the_description_is_one() -> None:
    found = fields(json.dumps({key: value for key, value in NEW.items() if key != "bodies"}))
    assert (found["body"], found["body_format"]) == ("Short.", "text")
    assert "summary" not in found


def test_without_anything_the_headline_stands_for_the_text_and_nothing_is_refused() -> None:
    item = only(json.dumps({"uri": "urn:1", "headline": "Flash: it floats"}))
    assert item.submission["body"] == "Flash: it floats"
    assert refusal(json.dumps({"uri": "urn:1", "type": "text"}))[0] == "has neither a headline nor text"


def test_the_first_genre_is_the_section_when_no_name_is_one_of_the_publications() -> None:
    assert fields(json.dumps(NEW | {"subjects": [{"name": "Sea"}]}))["section"] == "Background"
    assert "section" not in fields(json.dumps(NEW | {"subjects": [], "genres": []}))


def test_names_of_wrong_types_do_no_harm() -> None:
    wrong = dict.fromkeys(
        ["by", "located", "subjects", "genres", "associations", "renditions", "language", "bodies"], 7
    )
    found = fields(json.dumps(NEW | wrong | {"descriptions": [1, None, {"value": 2}]}))
    assert found["headline"] == "Boats & tides"
    assert found["body"] == "Boats & tides"


def test_an_urgency_as_a_number_of_2_x_is_read() -> None:
    assert fields(json.dumps(MIDDLE | {"urgency": 3.0}))["urgency"] == 3


@pytest.mark.parametrize("urgency", [0, 10, 2.5, "3", True, [3]])
def test_an_urgency_that_there_is_not_costs_a_note_and_not_the_article(urgency: Any) -> None:
    item = only(json.dumps(NEW | {"urgency": urgency}))
    assert "urgency" not in item.submission
    assert item.notes == ("urgency is no whole number from 1 to 9 and left out",)


def test_superdesk_items_are_known_by_their_guid() -> None:
    item = {
        "guid": "urn:sd:1",
        "type": "text",
        "headline": "T",
        "body_html": "<p>B</p>",
        "versioncreated": "2018-04-20T09:00:00+0000",
    }
    found = fields(json.dumps(item))
    assert (found["external_id"], found["body"]) == ("urn:sd:1", "<p>B</p>")
    assert found["published_at"] == "2018-04-20T09:00:00Z"
