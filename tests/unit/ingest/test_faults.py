"""Every fault of an article names the field, what was found and what is accepted, in words of a newsroom."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.bodies import parse_submission
from shared.errors import Refused
from shared.faults import MOST_FAULTS, accepted, shown
from shared.submission import Submission
from tests.unit.ingest.submissions import PLAIN, fault, faults, refused, written

TIME = "an ISO 8601 time with its zone, such as 2018-04-20T09:30:00+03:00"


@pytest.mark.parametrize(
    ("fields", "pointer", "detail", "found", "accepted"),
    [
        ({"headline": ...}, "/headline", "is missing", None, "text of 1 to 500 characters"),
        ({"headline": ""}, "/headline", "is empty", "", "text of 1 to 500 characters"),
        ({"headline": "  \n"}, "/headline", "is empty", "  \n", "text of 1 to 500 characters"),
        ({"headline": "\u200b\u2060"}, "/headline", "holds nothing a reader could see", "\u200b\u2060", "text of"),
        ({"headline": "\u2800\u3164"}, "/headline", "holds nothing a reader could see", "\u2800\u3164", "text of"),
        ({"headline": "\x00\x1f"}, "/headline", "holds nothing a reader could see", "\x00\x1f", "text of"),
        ({"headline": 5}, "/headline", "is no text", 5, "text of 1 to 500 characters"),
        ({"headline": None}, "/headline", "is no text", None, "text of 1 to 500 characters"),
        ({"body": ["x"]}, "/body", "is no text", "a list of 1", "text of 1 to 1,000,000 characters"),
        ({"body_format": "docx"}, "/body_format", "is none of the values accepted", "docx", "one of auto, html"),
        ({"language": "klingonish"}, "/language", "has another form than accepted", "klingonish", "BCP 47"),
        ({"urgency": 0}, "/urgency", "is no whole number from 1 to 9", 0, "a whole number from 1 to 9. The IPTC's"),
        ({"urgency": 10}, "/urgency", "is no whole number from 1 to 9", 10, "5 normal"),
        ({"urgency": 2.5}, "/urgency", "is no whole number from 1 to 9", 2.5, "5 normal"),
        ({"urgency": "3"}, "/urgency", "is no whole number from 1 to 9", "3", "5 normal"),
        ({"urgency": True}, "/urgency", "is no whole number from 1 to 9", True, "5 normal"),
        ({"tags": "a, b"}, "/tags", "is no list", "a, b", "a list of up to 100 entries"),
        ({"tags": ["a", {"b": 1}]}, "/tags/1", "is no text", "an object with b", "text of 1 to 200"),
        ({"byline": 5}, "/byline", "is no text", 5, "text of 1 to 200"),
        ({"byline": ["A", ""]}, "/byline/1", "is empty", "", "text of 1 to 200"),
        ({"byline": "A", "bylines": ["B"]}, "/byline", "is the same field as bylines; send one of them", "A", "text"),
        ({"source": ""}, "/source", "is empty", "", "text of 1 to 200"),
        ({"source": {"nam": "X"}}, "/source/name", "is missing", None, "text of 1 to 200"),
        ({"image": "a.jpg"}, "/image", "is no JSON object", "a.jpg", "an object with url"),
        ({"image": {"url": "a.jpg"}}, "/image/url", "is not an absolute http or https address", "a.jpg", "absolute"),
        ({"external_id": "a\nb"}, "/external_id", "has another form than accepted", "a\nb", "no control characters"),
        ({"published_at": "2018-04-20T09:30:00"}, "/published_at", "has no zone", "2018-04-20T09:30:00", TIME),
        ({"published_at": "2018-04-20"}, "/published_at", "is no time as ISO 8601 writes it", "2018-04-20", TIME),
        ({"published_at": 1524209400}, "/published_at", "is no time as ISO 8601 writes it", 1524209400, TIME),
        ({"published_at": "1524209400"}, "/published_at", "is no time as ISO 8601 writes it", "1524209400", TIME),
        ({"published_at": True}, "/published_at", "is no time as ISO 8601 writes it", True, TIME),
        (
            {"published_at": "2018-02-30T00:00:00Z"},
            "/published_at",
            "is no time that a calendar knows",
            "2018-02-30T00:00:00Z",
            TIME,
        ),
        (
            {"published_at": "0000-01-01T00:00:00Z"},
            "/published_at",
            "is no time that a calendar knows",
            "0000-01-01T00:00:00Z",
            TIME,
        ),
        (
            {"published_at": "0900-01-01T00:00:00Z"},
            "/published_at",
            "lies outside the years 1500 to 9998",
            "0900-01-01T00:00:00Z",
            TIME,
        ),
        (
            {"published_at": "9999-12-31T23:59:59-14:00"},
            "/published_at",
            "lies outside the years 1500 to 9998",
            "9999-12-31T23:59:59-14:00",
            TIME,
        ),
    ],
)
def test_a_fault_says_where_what_was_found_and_what_is_accepted(
    fields: dict[str, Any], pointer: str, detail: str, found: Any, accepted: str
) -> None:
    wrong = faults(**fields)[pointer]
    assert (wrong.detail, wrong.found) == (detail, found)
    assert accepted in wrong.accepted


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://example.com/a?b#c", True),
        ("HTTP://example.com", True),
        (" https://example.com/a ", True),
        ("https://مثال.example/خبر", True),
        ("//example.com/a", False),
        ("ftp://example.com/a", False),
        ("javascript:alert(1)", False),
        ("https://user:secret@example.com/", False),
        ("https:///a", False),
        ("https://example.com/a b", False),
        ("https://example.com/\x00", False),
        ("https://example.com\\@evil.example", False),
    ],
)
def test_addresses_are_absolute_web_addresses(url: str, good: bool) -> None:
    if good:
        assert parse_submission(written(canonical_url=url)).canonical_url == url.strip()
    else:
        assert fault(canonical_url=url).detail == "is not an absolute http or https address"


@pytest.mark.parametrize(
    "time",
    ["2018-04-20T09:30:00z", "2018-04-20 09:30+03", "2018-04-20T09:30:00.123456789+0300", "1500-01-01T00:00:00+14:00"],
)
def test_times_are_read_in_the_ways_cms_write_them(time: str) -> None:
    assert parse_submission(written(published_at=time)).published_at is not None


def test_several_faults_are_told_at_once() -> None:
    error = refused(written(headline=..., tags=[""], language="x", image={"url": "x"}))
    assert [each.pointer for each in error.faults] == ["/headline", "/language", "/tags/0", "/image/url"]
    assert error.detail == "Nothing was stored. To be mended: /headline, /language, /tags/0, /image/url."


def test_a_headline_of_100_000_letters_is_refused_with_its_length() -> None:
    wrong = fault(headline="x" * 100_000)
    assert wrong.detail == "is too long"
    assert wrong.found.endswith("… (100,000 characters)") and len(wrong.found) < 200


def test_10_000_tags_are_refused_with_one_fault() -> None:
    wrong = fault(tags=[f"tag {number}" for number in range(10_000)])
    assert (wrong.pointer, wrong.detail, wrong.found) == ("/tags", "has too many entries", "a list of 10,000")


def test_a_misspelt_field_is_told_what_was_meant() -> None:
    wrong = fault(headlin="y")
    assert wrong.detail == "is no field here"
    assert wrong.accepted.startswith("Did you mean headline? The fields are headline, body,")
    inside = faults(image={"url": "https://example.com/a.jpg", "credits": "B"})["/image/credits"]
    assert inside.accepted == "Did you mean credit? The fields are url, alt, credit"


def test_a_hundred_thousand_unknown_fields_get_a_short_answer() -> None:
    error = refused(written(**{f"field {number}": number for number in range(100_000)}))
    assert len(error.faults) == MOST_FAULTS
    assert "and 99,980 more" in error.detail
    assert len(json.dumps([each.as_json() for each in error.faults])) < 20_000


def test_the_whole_body_may_be_wrong() -> None:
    for body in (b"[]", b"null", b"5", b'"article"'):
        error = refused(body)
        assert error.status == 422
        assert (error.faults[0].pointer, error.faults[0].detail) == ("", "is no JSON object")
        assert "the whole body" in error.detail


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from([*Submission.model_fields, "byline", "unknown"])


@given(st.dictionaries(FIELDS, JSON_VALUES, max_size=6))
def test_whatever_is_sent_is_taken_or_refused_with_faults_that_json_can_carry(fields: dict[str, Any]) -> None:
    try:
        parsed = parse_submission(json.dumps(PLAIN | fields).encode())
    except Refused as error:
        assert error.faults
        json.dumps([each.as_json() for each in error.faults], allow_nan=False).encode()
    else:
        assert Submission.model_validate(parsed.as_record()).fingerprint() == parsed.fingerprint()


def test_a_wrong_value_is_shown_short_and_never_as_what_json_cannot_hold() -> None:
    assert shown(float("-inf")) == "a number too large"
    assert shown("\ud800") == "?"
    assert shown({}) == "an object with nothing in it"
    assert len(shown({f"k{number}" * 100: 1 for number in range(50)})) < 1000


@pytest.mark.parametrize("field", [*Submission.model_fields, "byline"])
def test_every_field_says_in_words_what_it_accepts(field: str) -> None:
    words = accepted(Submission, (field,))
    assert words
    assert not any(jargon in words for jargon in ("anyOf", "null", "str", "pattern", "None", "{"))
