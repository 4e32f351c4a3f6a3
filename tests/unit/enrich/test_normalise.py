"""Text in one form, and nothing removed in silence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrich.characters import REMOVED, clean_characters, compose, in_one_line
from services.enrich.steps.normalise import normalise
from shared.text import clean_xml
from tests.unit.enrich.articles import CONTEXT, draft, enriched, notices, submission


def test_text_becomes_nfc() -> None:
    assert enriched(headline="Cafe\u0301").headline == "Café"


def test_composing_never_swallows_the_end_of_a_tag() -> None:
    assert compose("<p>\u0338e\u0301") == "<p>\u0338é"
    assert enriched(body="<p>\u0338x</p>").html == "<p>\u0338x</p>"


@pytest.mark.parametrize(
    ("headline", "cleaned", "notice"),
    [
        ("A\x00\x1b[31mB", "A[31mB", "removed: control character (2)"),
        ("A\x85B\x9fC", "A BC", "removed: control character (1)"),
        ("\u202eevil\u202c", "evil", "removed: bidirectional embedding or override (2)"),
        ("\ufeffA", "A", "removed: byte order mark (1)"),
        ("A\uffff\ufffeB", "AB", "removed: character outside XML 1.0 (2)"),
        ("A\u2067B", "AB", "removed: unpaired bidirectional isolate (1)"),
        ("A\u206aB", "AB", "removed: deprecated format character (1)"),
    ],
)
def test_what_is_removed_from_a_field_is_noted_with_its_number(headline: str, cleaned: str, notice: str) -> None:
    result = enriched(headline=headline)
    assert result.headline == cleaned
    assert notices(result, "headline") == [notice]


@pytest.mark.parametrize(
    "text", ["می‌شود", "ශ්‍රී", "👨‍👩‍👧", "abc\u200e!", "\u200fאבג", "\u061cعربي", "\u2067abc\u2069 d", "ไทย", "ﷺ"]
)
def test_marks_that_belong_to_the_script_stay(text: str) -> None:
    result = enriched(headline=text)
    assert result.headline == text
    assert notices(result, "headline") == []


def test_each_field_has_its_own_note() -> None:
    result = enriched(
        bylines=["A\x01nn"],
        tags=["\u202ato"],
        section="Sp\x02ort",
        dateline="ANK\x03ARA",
        summary="S\x04um",
        source={"name": "Wi\x05re"},
        image={"url": "https://e.example/a.jpg", "alt": "a\x06b", "credit": "c\x07d"},
        body="B\x08ody",
    )
    fields = [note["field"] for note in result.notes if note["step"] == "normalise"]
    assert sorted(fields) == ["body", "bylines", "dateline", "image", "image", "section", "source", "summary", "tags"]
    assert result.image == {"url": "https://e.example/a.jpg", "alt": "ab", "credit": "cd"}
    assert result.text == "Body"


def test_a_byline_of_marks_alone_is_left_out_with_a_note() -> None:
    result = enriched(bylines=["\u200f\u200f", "Ann"], summary="\u200f \u200e")
    assert [each["label"] for each in result.bylines] == ["Ann"]
    assert notices(result, "bylines") == ["holds nothing a reader could see and was left out"]
    assert result.summary == "The harbour reopened."


def test_a_body_of_marks_alone_is_noted() -> None:
    result = enriched(body="<p>&rlm;&#x200e;</p>")
    assert notices(result, "body") == ["nothing a reader could see is left of it"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a \n\t b", "a b"),
        ("a\nb", "a b"),
        ("10\u00a0%", "10\u00a0%"),
        ("北京\u3000上海", "北京\u3000上海"),
        ("a\u00a0 b", "a b"),
    ],
)
def test_a_field_of_one_line_has_single_spaces_and_keeps_typographic_ones(text: str, line: str) -> None:
    assert in_one_line(text) == line


def test_line_breaks_of_every_kind_become_one_kind_in_the_body() -> None:
    step = normalise(draft(submission=submission(body="a\r\nb\rc\u2028d\u2029e\x0bf")), CONTEXT)
    assert step.submission.body == "a\nb\nc\nd\ne\nf"


@given(st.text(st.characters()))
def test_cleaned_text_is_xml_and_cleaning_it_again_changes_nothing(text: str) -> None:
    cleaned, removed = clean_characters(text)
    assert clean_xml(cleaned) == cleaned
    assert clean_characters(cleaned) == (cleaned, {})
    assert set(removed) <= {*REMOVED, "unpaired bidirectional isolate"}
