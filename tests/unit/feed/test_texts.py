"""An article as text and as Markdown: complete, readable in every script, and never markup of its own making."""

from __future__ import annotations

import re
from html import escape, unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from services.enrich.steps.sanitise import clean_html
from services.feed.formats.texts import markdown, plain
from services.feed.story import Image, Story
from shared.localised import date_line
from shared.publication import Publication
from tests.unit.feed.stories import ARABIC, BASE, ENGLISH, MARKUP_TITLE, STORIES, WITHDRAWN, story

COURIER = Publication(name="The Courier", base_url=BASE, languages=("en", "tr", "ar"))
READER = MarkdownIt("commonmark", {"html": True}).enable("table")


def read(of: Story) -> str:
    return str(READER.render(markdown(of, COURIER).decode()))


def kinds(of: Story) -> set[str]:
    tokens = READER.parse(markdown(of, COURIER).decode())
    return {each.type for token in tokens for each in (token, *(token.children or ()))}


def test_the_text_has_headline_byline_date_body_and_address() -> None:
    assert plain(ENGLISH, COURIER).decode() == (
        "Harbour reopens after storm\n\nBy Ana Díaz, Ben Okri\n\n20 April 2018 11:00\n\nLISBON\n\n"
        f"The harbour reopened on Friday.\nPort\n\n{ENGLISH.url}\n"
    )


def test_markdown_has_the_same_and_the_links() -> None:
    assert markdown(ENGLISH, COURIER).decode() == (
        "# Harbour reopens after storm\n\nBy Ana Díaz, Ben Okri\n\n20 April 2018 11:00\n\nLISBON\n\n"
        "The harbour reopened on *Friday*.\n\n[Port](https://port.example/?a=1&b=2)\n\n"
        f"[The Courier]({ENGLISH.url})\n"
    )


def test_words_of_ours_are_in_the_language_of_the_article() -> None:
    for form in (plain, markdown):
        said = form(ARABIC, COURIER).decode()
        assert "بقلم ليلى حدّاد" in said
        assert date_line(ARABIC.published_at, COURIER, "ar") in said


@pytest.mark.parametrize("each", STORIES, ids=lambda each: each.id[-2:])
def test_markdown_reads_as_the_article(each: Story) -> None:
    html = read(each)
    assert f"<h1>{escape(each.headline)}</h1>" in html.replace("'", "&#x27;")
    for word in re.sub(r"<[^>]+>", " ", each.html).split():
        assert escape(unescape(word), quote=False) in html


def test_a_withdrawn_article_is_its_notice() -> None:
    assert plain(WITHDRAWN, COURIER).decode() == f"{WITHDRAWN.headline}\n\n{WITHDRAWN.text}\n\n{WITHDRAWN.url}\n"
    assert WITHDRAWN.text in read(WITHDRAWN)


def test_code_that_holds_fences_stays_code() -> None:
    made = story(html="<pre><code>```\n&lt;script&gt;alert(1)&lt;/script&gt;\n````\n</code></pre>")
    assert "html_block" not in kinds(made)
    assert "<code>```\n&lt;script&gt;alert(1)&lt;/script&gt;\n````\n</code>" in read(made)


def test_what_a_picture_or_link_says_of_itself_is_no_markup() -> None:
    hostile = "](x) <script>alert(1)</script> ![\n\n<b>"
    made = story(
        html=f'<p><img src="https://a.example/(1).jpg" alt="{escape(hostile)}" title="{escape(hostile)}"/>'
        f'<a href="https://a.example/)&lt;b&gt;" title="{escape(hostile)}">a</a></p>',
        image=Image("https://a.example/lead.jpg", hostile),
    )
    assert not {"html_block", "html_inline"} & kinds(made)
    assert "<script" not in read(made)


def test_an_article_of_very_many_elements_keeps_its_words_only() -> None:
    many = story(html="<ul><li>a</li></ul>" * 50_000, text="One\n\n* Two <b>")
    assert re.findall(r"<p>(.*)</p>", read(many))[1:3] == ["One", "* Two &lt;b&gt;"]


@settings(max_examples=150)
@given(st.text(alphabet=st.sampled_from("<>&;`*_~#-+=[]()!\\|\"' \n\tab1./:"), max_size=60))
def test_no_text_becomes_markup(text: str) -> None:
    html, _ = clean_html(f"<p>{escape(text)}</p><pre>{escape(text)}</pre><ul><li>{escape(text)}</ul>")
    made = story(headline=f"H {text}", html=html)
    assert not {"html_block", "html_inline"} & kinds(made)


def test_a_hostile_title_is_harmless() -> None:
    assert not {"html_block", "html_inline"} & kinds(MARKUP_TITLE)
    assert "Why &lt;b&gt;bold&lt;/b&gt; &amp; ]]&gt; still matter" in read(MARKUP_TITLE)
