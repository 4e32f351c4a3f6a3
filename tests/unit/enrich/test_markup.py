"""The body as HTML from each form, and back to plain text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrich.markup import paragraphs, plain_text
from services.enrich.steps.markup import holds_tags
from services.enrich.steps.sanitise import clean_html
from tests.unit.enrich.articles import enriched


@pytest.mark.parametrize("text", ["<p>x", "a<br>b", "<B>x</B>", "</div>", '<a href="x">y</a>', "<br/>", "<img\nsrc=x>"])
def test_a_tag_of_the_html_standard_makes_html(text: str) -> None:
    assert holds_tags(text)


@pytest.mark.parametrize(
    "text",
    [
        "a < b and c > d",
        "<3",
        "<https://example.com>",
        "<ann@example.com>",
        "x <y> z",
        "AT&amp;T",
        "< p >",
        "<p",
        "if a<b:",
    ],
)
def test_anything_else_is_text(text: str) -> None:
    assert not holds_tags(text)


def test_text_keeps_paragraphs_lines_and_every_character() -> None:
    result = enriched(body="One <3 & two\nthree\n\n \nhttps://example.com/?a=1&b=2")
    assert result.html == "<p>One &lt;3 &amp; two<br/>three</p>\n<p>https://example.com/?a=1&amp;b=2</p>"
    assert result.text == "One <3 & two\nthree\n\nhttps://example.com/?a=1&b=2"


def test_tags_in_a_body_declared_as_text_are_shown_as_text() -> None:
    assert enriched(body="Use <b> here", body_format="text").html == "<p>Use &lt;b&gt; here</p>"


def test_markdown_is_rendered_with_tables_and_strikethrough_and_shows_html_as_text() -> None:
    result = enriched(
        body="## Quay\n\n*New* ~~old~~ [plan](/plan) <script>alert(1)</script>\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        body_format="markdown",
    )
    assert "<h2>Quay</h2>" in result.html
    assert "<em>New</em> <s>old</s>" in result.html
    assert 'href="https://courier.example/plan"' in result.html
    assert "&lt;script&gt;" in result.html
    assert "<td>1</td>" in result.html


def test_a_script_in_markdown_links_is_not_a_link() -> None:
    result = enriched(body="[x](javascript:alert(1)) ![y](data:image/png;base64,AA)", body_format="markdown")
    assert "href" not in result.html
    assert "<img" not in result.html


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<p>One\n  line<br/>next</p>", "One line\nnext"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("<table><tbody><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></tbody></table>", "a b\nc"),
        ("<p>a<b>b</b>c</p>", "abc"),
        ("<h2>T</h2>text", "T\n\ntext"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("<p>&lt;b&gt; &amp;amp; &quot;</p>", '<b> &amp; "'),
        ("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>字", "漢字"),
        ('<p title="a &gt; b">x</p><img src="https://e.example/x.jpg" alt="not text"/>', "x"),
    ],
)
def test_plain_text_knows_blocks_from_words(html: str, text: str) -> None:
    assert plain_text(html) == text


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Cn"])))
def test_text_survives_the_way_through_html(text: str) -> None:
    html, _ = clean_html(paragraphs(text))
    assert plain_text(html).split() == plain_text(paragraphs(text)).split()
