"""No bytes make a reader raise: whatever comes is an article, a refusal or left out."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape

from hypothesis import given, settings
from hypothesis import strategies as st

from services.cli.readers import sniff
from services.cli.readers.items import Found, LeftOut, Refusal
from shared.submission import Submission
from tests.unit.cli.reading import CONTEXT, NOW
from tests.unit.cli.test_readers_json import FEED
from tests.unit.cli.test_readers_ninjs import NEW, OLD

# Text that somebody once put into one of these fields.
AWKWARD = st.sampled_from([
    "", " ", "\u200b", "http://[x", "http://[::1", "//", "javascript:1", "http://a:b@c/", "0001-01-01 00:00:00",
    "0000-00-00", "9999-12-31T23:59:59-23:59", "2018-04-20T09:30:00+99:99", "1", "-1", "a" * 600, "<p>", "</p>", "&#0;",
    "&#xD800;", "]]>", "<b>x", "x@y.z", "en_US", "\u202e", "😀" * 300, "<![CDATA[", "%", "{}", "null",
])  # fmt: skip
TEXT = AWKWARD | st.text(max_size=40)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
ITEM_NAMES = [
    "title", "link", "description", "content:encoded", "dc:creator", "author", "category", "guid", "pubDate", "dc:date",
    "source", "wp:post_type", "wp:status", "wp:post_date", "wp:post_date_gmt", "wp:post_id", "wp:post_password",
    "excerpt:encoded", "atom:author", "atom:link", "media:content", "enclosure", "dc:language",
]  # fmt: skip
ATOM_NAMES = ["title", "id", "content", "summary", "published", "updated", "link", "author", "category", "source"]


def check(content: bytes) -> None:
    for item in sniff("file", content).read(content, CONTEXT):
        assert isinstance(item, Found | Refusal | LeftOut)
        if isinstance(item, Found):
            submission = Submission.model_validate(item.submission)
            assert submission.as_record() == item.submission
            assert submission.external_id
            assert submission.published_at is None or submission.published_at <= NOW
        else:
            assert item.reason


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes(content: bytes) -> None:
    for start in (b"", b"<", b"{", b"[", b"<rss><channel>", b'{"uri": '):
        check(start + content)


@given(st.sampled_from([*NEW, *OLD, "embargoed", "title"]), ANYTHING)
@settings(max_examples=300, deadline=None)
def test_any_value_in_a_ninjs_item(name: str, value: object) -> None:
    check(json.dumps([NEW | {name: value}, OLD | {name: value}]).encode("utf-8", "surrogatepass"))


@given(st.sampled_from([*FEED["items"][0], "author", "attachments", "content_text"]), ANYTHING, ANYTHING)
@settings(max_examples=300, deadline=None)
def test_any_value_in_a_json_feed(name: str, value: object, home: object) -> None:
    item = FEED["items"][0] | {name: value}
    check(json.dumps(FEED | {"home_page_url": home, "items": [item]}).encode("utf-8", "surrogatepass"))


@given(
    st.lists(
        st.dictionaries(TEXT | st.sampled_from(["headline", "body", "sentences"]), ANYTHING, max_size=4), max_size=3
    )
)
@settings(max_examples=200, deadline=None)
def test_any_objects(values: list[object]) -> None:
    check(json.dumps(values).encode("utf-8", "surrogatepass"))


@given(st.lists(st.tuples(st.sampled_from(ITEM_NAMES), TEXT), max_size=8), TEXT)
@settings(max_examples=300, deadline=None)
def test_any_text_in_an_rss_item_or_an_export(fields: list[tuple[str, str]], home: str) -> None:
    spaces = (
        'xmlns:wp="http://wordpress.org/export/1.2/" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:atom="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/"'
    )
    inner = "".join(
        f'<{name} url="{escape(text, {chr(34): ""})}" href="{escape(text, {chr(34): ""})}">{escape(text)}</{name}>'
        for name, text in fields
    )
    content = f"<rss {spaces}><channel><link>{escape(home)}</link><item>{inner}</item></channel></rss>"
    check(content.encode("utf-8", "replace"))
    check(content.replace("wordpress.org", "wordpress.example").encode("utf-8", "replace"))


@given(st.lists(st.tuples(st.sampled_from(ATOM_NAMES), TEXT, TEXT), max_size=8), TEXT)
@settings(max_examples=300, deadline=None)
def test_any_text_in_an_atom_entry(fields: list[tuple[str, str, str]], base: str) -> None:
    def attribute(text: str) -> str:
        return escape(text, {'"': "&quot;"})

    inner = "".join(
        f'<{name} type="{attribute(kind)}" href="{attribute(text)}" term="{attribute(text)}">{escape(text)}</{name}>'
        for name, text, kind in fields
    )
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="{attribute(base)}"><entry>{inner}</entry></feed>'
    check(feed.encode("utf-8", "replace"))


def test_depth_that_the_parser_bears_and_nothing_after_it_would() -> None:
    for depth in (200, 400, 800, 990, 2000):
        check(b'{"uri": "urn:1", "headline": "T", "x": ' + b"[" * depth + b"]" * depth + b"}")
        check(b'[{"headline": "T", "body": ' + b'{"a":' * depth + b"1" + b"}" * depth + b"}]")
