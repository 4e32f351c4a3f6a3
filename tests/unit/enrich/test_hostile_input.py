"""Input that breaks lesser pipelines: it ends in time, in legal XML, with a note where something was given up."""

from __future__ import annotations

import time
from typing import Any

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from services.enrich.pipeline import Enriched
from shared.submission import BODY_LENGTH, HEADLINE_LENGTH
from tests.unit.enrich.articles import enriched, notices

SECONDS = 8.0  # on a busy machine; alone, the slowest of these takes a tenth of it


def assert_legal(result: Enriched) -> None:
    texts = [result.headline, result.html, result.text, result.summary, result.slug, *result.keywords]
    texts += [value for term in (*result.tags, *result.bylines) for value in term.values()]
    texts += [note["notice"] for note in result.notes]
    for text in texts:
        element = etree.Element("text")
        element.text = text
        assert etree.fromstring(etree.tostring(element, encoding="utf-8"), etree.XMLParser(huge_tree=True)).text in {
            text,
            text or None,
        }
    etree.fromstring(f"<root>{result.html}</root>", etree.XMLParser(huge_tree=True))


FULL = 200_000
BODIES = {
    "10,000 unclosed bold tags": "<b>x" * 10_000,
    "10,000 unclosed paragraphs": "<p>x" * 10_000,
    "10,000 closed tags": "<p>x</p>" * 10_000,
    "10,000 closing tags": "x" + "</p>" * 10_000,
    "20,000 nested elements": "<div>" * 20_000 + "x",
    "as many nested elements as fit": "<div>" * (BODY_LENGTH // 5 - 1) + "x",
    "nested lists": "<ul><li>" * 20_000 + "x",
    "nested tables": "<table><tr><td>" * 10_000 + "x",
    "formatting that every paragraph opens again": "<p>"
    + "".join(f"<b lang=a{i}>" for i in range(20_000))
    + "<p>x" * 40_000,
    "bare formatting that every paragraph opens again": "<p>" + "<b><i><u><s><em>" * 3 + "<p>x" * 40_000,
    "only opening brackets": "x" + "<" * FULL,
    "half a tag": "x" + "<a " * (FULL // 3),
    "quotes that never close": "x" + "<a title='\"" * (FULL // 11),
    "20,000 attributes": "<p " + " ".join(f"a{i}=1" for i in range(20_000)) + ">x",
    "comments that never close": "x" + "<!--" * (FULL // 4),
    "references": "<p>x" + "&#x202e;&amp;&nbsp;" * 8_000,
    "one word": "x" * FULL,
    "marks on one letter": "x" + "\u0301" * FULL,
    "line breaks": "x" + "\n" * (FULL - 1) + "y",
    "full stops": ". " * (FULL // 2) + "x",
    "families": "👨‍👩‍👧‍👦" * 20_000,
    "chinese": "市长表示港口" * 30_000,
    "words": "harbour storm " * 15_000,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize("body_format", ["html", "text"])
def test_a_body_ends_in_time_and_in_legal_xml(body: str, body_format: str) -> None:
    begun = time.monotonic()
    result = enriched(body=body[:BODY_LENGTH], body_format=body_format)
    assert time.monotonic() - begun < SECONDS
    assert_legal(result)
    assert "x" in result.text or len(result.text) > 1000


MARKDOWN = {
    "quotes": ">" * 100_000 + "x",
    "brackets": "[" * 20_000 + "x",
    "pictures": "![" * 8_000 + "x",
    "stars": "*a " * 15_000,
    "underscores": "_a__" * 10_000,
    "backticks": "`a``b" * 20_000,
    "lists": "- " * 50_000 + "x",
    "links": "[a](" * 10_000 + "x",
    "tables": "|" * 50_000 + "\n" + "|-" * 50_000,
    "references": "[a]: b\n" * 10_000 + "x",
}


@pytest.mark.parametrize("body", MARKDOWN.values(), ids=MARKDOWN.keys())
def test_markdown_ends_in_time_and_in_legal_xml(body: str) -> None:
    begun = time.monotonic()
    assert_legal(enriched(body=body, body_format="markdown"))
    assert time.monotonic() - begun < SECONDS


def test_what_cannot_be_parsed_in_reason_is_kept_as_text_and_noted() -> None:
    result = enriched(body="<div>" * 20_000 + "<script>secret</script>one<p>two &amp; three", body_format="html")
    assert result.html == "<p>one</p>\n<p>two &amp; three</p>"
    assert "its elements nest too deep; kept as plain text" in notices(result, "body")


def test_endless_formatting_goes_and_paragraphs_stay() -> None:
    body = "<p>" + "".join(f"<b lang=a{i}>" for i in range(2000)) + "<p>x</p>" * 2000
    result = enriched(body=body)
    assert result.html.count("<p>x</p>") == 2000
    assert any("unclosed formatting" in notice for notice in notices(result, "body"))


HEADLINES: dict[str, str] = {
    "one word as long as allowed": "x" * HEADLINE_LENGTH,
    "families": "👨‍👩‍👧‍👦" * 40,
    "marks": "x" + "\u0301" * (HEADLINE_LENGTH - 1),
    "script": "<script>alert(1)</script>",
    "cdata": "]]> <![CDATA[ -- &amp; '\"",
    "controls": "".join(map(chr, [*range(1, 32), *range(127, 160)])) + "x",
    "reversed": "\u202e\u2067\u2068x",
    "persian": "می‌خواهیم‌هایی",
    "thai": "ข่าวด่วน" * 30,
    "chinese": "港口重新开放" * 40,
    "arabic": "أُعِيدَ فَتْحُ المِينَاءِ",
    "template": "{{7*7}} ${x} %s {0}",
    "private use and unassigned": "\ue000\U000e0fff x",
}


@pytest.mark.parametrize("headline", HEADLINES.values(), ids=HEADLINES.keys())
def test_a_headline_stays_readable_in_every_derived_text(headline: str) -> None:
    result = enriched(headline=headline, tags=[headline[:200]], bylines=[headline[:200]], section=headline[:200])
    assert_legal(result)
    assert result.headline
    assert result.slug
    assert len(regex.findall(r"\X", result.slug)) <= 80


def test_persian_keeps_its_joiners_in_the_text_and_reads_well_in_the_address() -> None:
    result = enriched(headline="می‌خواهیم بندر را باز کنیم", body="کشتی‌ها می‌آیند.")
    assert result.headline == "می‌خواهیم بندر را باز کنیم"
    assert result.text == "کشتی‌ها می‌آیند."
    assert result.slug == "می-خواهیم-بندر-را-باز-کنیم"
    assert (result.language, result.direction) == ("fa", "rtl")


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).map(lambda text: "x" + text)


@settings(max_examples=150)
@given(ANY_TEXT, ANY_TEXT, st.lists(ANY_TEXT, max_size=3), st.sampled_from(["auto", "html", "markdown", "text"]))
def test_any_text_at_all_comes_out_legal(headline: str, body: str, terms: list[str], body_format: str) -> None:
    fields: dict[str, Any] = {"tags": terms, "bylines": terms, "summary": body, "dateline": headline}
    result = enriched(headline=headline, body=body, body_format=body_format, **fields)
    assert_legal(result)
    assert result.slug
