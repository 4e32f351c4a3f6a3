"""Every address of a body is absolute, or gone."""

from __future__ import annotations

import pytest

from services.enrich.addresses import resolve, scheme_of
from services.enrich.pipeline import Context, enrich
from shared.publication import Publication
from tests.unit.enrich.articles import CONTEXT, enriched, notices, submission

BASE = "https://wire.example/2018/04/story.html"


@pytest.mark.parametrize(
    ("address", "resolved"),
    [
        ("page.html", "https://wire.example/2018/04/page.html"),
        ("../05/", "https://wire.example/2018/05/"),
        ("../../../../up", "https://wire.example/up"),
        ("/root", "https://wire.example/root"),
        ("//cdn.example/x", "https://cdn.example/x"),
        ("\\\\cdn.example\\x", "https://cdn.example/x"),
        ("?page=2", "https://wire.example/2018/04/story.html?page=2"),
        ("#note", "https://wire.example/2018/04/story.html#note"),
        ("", "https://wire.example/2018/04/story.html"),
        ("a b.html", "https://wire.example/2018/04/a%20b.html"),
        ("خبر", "https://wire.example/2018/04/%D8%AE%D8%A8%D8%B1"),
        ("https://e.example", "https://e.example"),
        ("https://e.example/a?b=c&d=e#f", "https://e.example/a?b=c&d=e#f"),
        ("HTTPS://E.example/%7Ex", "HTTPS://E.example/%7Ex"),
        ("https://münchen.example/", "https://xn--mnchen-3ya.example/"),
        ("mailto:desk@e.example?subject=x", "mailto:desk@e.example?subject=x"),
    ],
)
def test_addresses_are_resolved_as_browsers_do(address: str, resolved: str) -> None:
    assert resolve(address, BASE) == resolved


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        " java\nscript:alert(1)",
        "java script:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "tel:+905321234567",
        "ftp://e.example/",
        "file:///etc/passwd",
        "https://[broken",
        "https://a b/",
        "https://e.example:99999/",
        "https://ex\u202eample.com/",
        "https://e.example/\ud800",
    ],
)
def test_addresses_that_lead_nowhere_good_are_refused(address: str) -> None:
    assert resolve(address, BASE) is None


@pytest.mark.parametrize(
    ("address", "scheme"),
    [("HTTP://x", "http"), ("ja\tva\x01 script:x", "javascript"), ("/a:b", ""), ("12:30", ""), ("", ""), ("a/b:c", "")],
)
def test_a_scheme_is_seen_through_white_space_and_controls(address: str, scheme: str) -> None:
    assert scheme_of(address) == scheme


def test_links_are_resolved_against_the_canonical_address() -> None:
    result = enriched(body='<a href="b">x</a> <img src="/c.png" alt="C">', canonical_url="https://wire.example/a/")
    assert 'href="https://wire.example/a/b"' in result.html
    assert '<img src="https://wire.example/c.png" alt="C"/>' in result.html


def test_without_a_canonical_address_they_are_resolved_against_the_publication() -> None:
    html = enriched(body='<a href="b">x</a><a href="/c">y</a><a href="//d.example/e">z</a>').html
    assert 'href="https://courier.example/news/b"' in html
    assert 'href="https://courier.example/c"' in html
    assert 'href="https://d.example/e"' in html


def test_an_unusable_canonical_address_is_no_base() -> None:
    result = enriched(body='<a href="b">x</a>', canonical_url="https://[broken/")
    assert 'href="https://courier.example/news/b"' in result.html


def test_without_any_base_absolute_links_stay() -> None:
    nowhere = Context(publication=Publication(name="Nowhere"), now=CONTEXT.now)
    html = enrich(submission(body='<a href="https://e.example/">x</a><a href="/b">y</a>'), nowhere).html
    assert html.count("href") == 1
    assert 'href="https://e.example/"' in html


def test_links_say_that_they_do_not_open_the_page_to_others() -> None:
    result = enriched(body='<a href="https://e.example/" rel="author">x</a>')
    assert result.html == '<a href="https://e.example/" rel="noopener noreferrer">x</a>'
    assert notices(result, "body") == []


def test_a_link_without_a_usable_address_keeps_its_text_and_a_picture_without_one_goes() -> None:
    result = enriched(body="<p>a <a href='https://[x'>b</a> <img src='mailto:a@b.example' alt='c'> <img alt='d'> e</p>")
    assert result.text == "a b e"
    assert "href" not in result.html
    assert "img" not in result.html
    assert notices(result, "body") == [
        "removed: mailto: address (1), unusable address (1)",
        "removed: picture without a usable address (2)",
    ]


def test_values_are_escaped_again() -> None:
    html = enriched(body="""<a href="https://e.example/?a=1&amp;b='2'" title="&lt;&quot;&gt;">x</a>""").html
    assert html == (
        """<a href="https://e.example/?a=1&amp;b='2'" title="&lt;&quot;&gt;" rel="noopener noreferrer">x</a>"""
    )
