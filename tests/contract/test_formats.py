"""What every feed format promises, and what programs in use make of it: the same items, as the record has them."""

from __future__ import annotations

import calendar
import html
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import feedparser
import pytest
from lxml import etree
from sqlalchemy import select
from werkzeug.serving import make_server

from services.feed.formats import FORMATS
from services.feed.story import Document
from services.feed.wording import withdrawal_notice
from shared.listeners import FEED_REMOVE_NOTICE
from shared.localised import date_line
from shared.models import Article, Enrichment, FeedEntry
from shared.publication import load_publication
from shared.slices import Slice
from shared.urls import article_path, feed_path
from tests.contract import parsers, readers
from tests.contract.parsers import make_reader
from tests.newsroom import let_pass
from tests.paper import BASE, Paper, Replica
from tests.unit.feed import stories

every_format = pytest.mark.parametrize("format", FORMATS)
ATOM = "{http://www.w3.org/2005/Atom}"


@dataclass(frozen=True)
class Item:
    """What a reader program knows of one item."""

    id: str
    link: str
    title: str
    summary: str
    body: str
    language: str
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    published: datetime
    updated: datetime


def expected(document: Document) -> list[Item]:
    return [
        Item(
            story.urn,
            story.url,
            story.headline,
            story.summary,
            story.html,
            story.language,
            tuple(each.label for each in story.bylines),
            tuple(term.label for term in (*([story.section] if story.section else []), *story.tags)),
            story.published_at,
            story.withdrawn_at or story.updated_at,
        )
        for story in document.stories
    ]


def read(format: str, feed: bytes) -> list[Item]:
    """The items as feedparser sees them, and JSON Feed as its own text says."""
    if format == "json":
        return [_json_item(each) for each in json.loads(feed)["items"]]
    parsed = feedparser.parse(feed, sanitize_html=False, resolve_relative_uris=False)
    assert not parsed.bozo
    return [_parsed_item(format, each, parsed.feed.language) for each in parsed.entries]


def _json_item(item: dict[str, Any]) -> Item:
    return Item(
        item["id"],
        item["url"],
        item["title"],
        item["summary"],
        item["content_html"],
        item["language"],
        tuple(each["name"] for each in item.get("authors", [])),
        tuple(item.get("tags", [])),
        datetime.fromisoformat(item["date_published"]),
        datetime.fromisoformat(item["date_modified"]),
    )


def _parsed_item(format: str, entry: Any, feed_language: str) -> Item:
    # A reader shows an RSS title and description as HTML; in Atom both say that they are text.
    shown = html.unescape if format == "rss" else str
    tags = [tag for tag in entry.get("tags", []) if "pubstatus" not in tag.scheme]
    return Item(
        entry.id,
        entry.link,
        shown(entry.title),
        shown(entry.summary),
        entry.content[0].value,
        entry.title_detail.language or entry.get("language") or feed_language,
        tuple(each.name for each in entry.get("authors", []) if each.get("name")),
        tuple(tag.label or tag.term for tag in tags),
        _moment(entry.published_parsed),
        _moment(entry.updated_parsed),
    )


def _moment(parsed: Any) -> datetime:
    return datetime.fromtimestamp(calendar.timegm(parsed), UTC)


@every_format
def test_a_reader_finds_every_item_as_it_is_in_the_record(format: str) -> None:
    assert read(format, FORMATS[format].render(stories.COURIER)) == expected(stories.COURIER)


@every_format
def test_ids_and_links_are_unique(format: str) -> None:
    items = read(format, FORMATS[format].render(stories.COURIER))
    assert len({item.id for item in items}) == len({item.link for item in items}) == len(items)


@every_format
def test_a_feed_without_items_is_complete(format: str) -> None:
    feed = FORMATS[format].render(stories.EMPTY)
    assert read(format, feed) == []
    assert b"Nothing yet" in feed


@every_format
def test_the_content_type_names_format_and_charset(format: str) -> None:
    assert FORMATS[format].content_type.endswith("; charset=utf-8")
    assert FORMATS[format].name == format


def test_an_rss_channel_has_what_rss_requires_and_one_self_link() -> None:
    root = etree.fromstring(FORMATS["rss"].render(stories.EMPTY))
    (channel,) = root
    assert (root.tag, root.get("version"), channel.tag) == ("rss", "2.0", "channel")
    assert all(channel.findtext(name) for name in ("title", "link", "description", "lastBuildDate", "ttl", "docs"))
    assert channel.findtext("generator") == "Masthead"
    assert len(channel.findall(f"{ATOM}link[@rel='self']")) == 1


def test_an_atom_feed_has_what_rfc_4287_requires() -> None:
    root = etree.fromstring(FORMATS["atom"].render(stories.COURIER))
    assert all(root.findtext(ATOM + name) for name in ("id", "title", "updated"))
    assert root.find(f"{ATOM}author/{ATOM}name") is not None
    assert len(root.findall(f"{ATOM}link[@rel='self']")) == 1
    for entry in root.iter(f"{ATOM}entry"):
        assert all(entry.findtext(ATOM + name) for name in ("id", "title", "updated"))
        assert len(entry.findall(f"{ATOM}link[@rel='alternate']")) == 1


def test_a_json_feed_has_what_version_1_1_requires() -> None:
    feed = json.loads(FORMATS["json"].render(stories.COURIER))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"]
    assert (feed["home_page_url"], feed["feed_url"]) == (
        "https://courier.example/",
        "https://courier.example/feed.json",
    )
    for item in feed["items"]:
        assert isinstance(item["id"], str)
        assert item["content_html"]
        assert all(author.keys() & {"name", "url", "avatar"} for author in item.get("authors", []))
        assert all("." not in key for key in item)


# Programs in use -----------------------------------------------------------------------------------------------------

# What parsers do not have, by format: `authors` of one name only, or none; everything else is compared as it is.
NO_FIELD: dict[str, dict[str, set[str]]] = {
    "feedparser": {"rss": set(), "atom": set()},
    "reader": {"rss": {"language"}, "atom": set(), "json": set()},
    "atoma": {
        "rss": {"language", "authors", "updated"},
        "atom": {"language"},
        "json": {"language", "authors"},
    },
    "fastfeedparser": {"rss": {"language"}, "atom": {"language"}, "json": {"language"}},
}
ONE_AUTHOR = {("reader", "rss"), ("reader", "atom"), *(("fastfeedparser", format) for format in FORMATS)}
# RFC 4287, 4.2.1: an entry without an author has the feed's.
INHERITS_AUTHOR = {("atoma", "atom")}


# An item without a summary borrows its text from the body.
BORROWED: dict[tuple[str, str], Callable[[str], str]] = {
    ("feedparser", "atom"): str,
    ("reader", "atom"): str,
    ("fastfeedparser", "atom"): lambda body: re.sub("<[^>]+>", "", body),
}


def seed(paper: Paper) -> None:
    """An archive of several languages and scripts, with an edited article, a withdrawn one and one without summary."""
    for each in (*stories.STORIES[:-1], replace(stories.story(20), headline="No summary", summary="")):
        paper.newsroom.publish(
            headline=each.headline,
            html=each.html,
            text=each.text,
            summary=each.summary,
            language=each.language,
            bylines=[byline.label for byline in each.bylines],
            section=each.section.label if each.section else None,
            tags=[tag.label for tag in each.tags],
            source=asdict(each.source) if each.source else None,
            canonical_url=each.canonical_url or None,
            image=asdict(each.image) if each.image else None,
            published_at=each.published_at,
        )
    paper.newsroom.edit(2, headline="İğde çiçekleri erken açtı")
    wrong = paper.newsroom.publish(headline="Wrong", section="World", bylines=["Ada Price"], language="ar")
    paper.work()
    paper.newsroom.withdraw(wrong, "The numbers were wrong & <unclear>.")
    paper.work()


def record_of(paper: Paper, which: str, format: str) -> dict[str, parsers.Item]:
    """What the record says of the articles of a slice."""
    query = (
        select(Article, Enrichment)
        .join(Enrichment, Enrichment.article_seq == Article.seq)
        .join(FeedEntry, FeedEntry.article_seq == Article.seq)
        .where(FeedEntry.slice == which)
    )
    with paper.db.read() as session:
        found = [_in_record(article, enrichment, format) for article, enrichment in session.execute(query)]
    return {item.id: item for item in found}


def _in_record(article: Article, enrichment: Enrichment, format: str) -> parsers.Item:
    headline, summary, body = enrichment.headline, enrichment.summary, enrichment.html
    if article.withdrawn_at:
        when = date_line(article.withdrawn_at, load_publication(Path("none")), enrichment.language)
        headline, summary = withdrawal_notice(enrichment.language, article.withdrawal_reason or "", when)
        body = f"<p>{html.escape(summary)}</p>"
    slug = "" if article.withdrawn_at else enrichment.slug
    return parsers.Item(
        f"urn:uuid:{article.id}",
        BASE + article_path(enrichment.day, slug, enrichment.key),
        headline,
        summary or ("" if format != "rss" else html.unescape(body)),
        body,
        enrichment.language,
        () if article.withdrawn_at else tuple(byline["label"] for byline in enrichment.bylines),
        enrichment.published_at,
        article.withdrawn_at or enrichment.updated_at,
    )


def as_known(item: parsers.Item, parser: str, format: str) -> parsers.Item:
    """The item without what a parser does not have."""
    authors = item.authors
    if authors is not None and (parser, format) in ONE_AUTHOR:
        authors = authors[-1:] if parser == "reader" else authors[:1]
    if (parser, format) in INHERITS_AUTHOR:
        authors = authors or ("The Demo Courier",)
    summary = item.summary or BORROWED.get((parser, format), lambda _: "")(item.body or "")
    known: dict[str, Any] = {"authors": authors, "summary": summary} | dict.fromkeys(NO_FIELD[parser][format])
    return replace(item, **known)


@contextmanager
def served(replica: Replica) -> Iterator[str]:
    """The newspaper over HTTP."""
    server = make_server("127.0.0.1", 0, replica.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_four_parsers_find_in_every_feed_what_the_record_says(paper: Paper) -> None:
    seed(paper)
    replica, slices = paper.replica(), paper.slices()
    assert len(slices) > 20
    with served(replica) as address:
        for which, format in product(slices, FORMATS):
            path = feed_path(Slice.parse(which), format)
            feed, expected = replica.get(path).data, record_of(paper, which, format)
            for parser in (each for each, formats in NO_FIELD.items() if format in formats):
                if parser == "reader":
                    found = parsers.by_reader(format, address + path)
                else:
                    found = getattr(parsers, f"by_{parser}")(format, feed)
                wanted = {urn: as_known(item, parser, format) for urn, item in expected.items()}
                assert {each.id: each for each in found} == wanted, f"{parser} in {path}"
                assert len(found) == len(wanted)


@pytest.mark.parametrize("format", ["rss", "atom"])
@pytest.mark.parametrize("reader", [readers.Miniflux, readers.FreshRss])
def test_readers_keep_one_entry_its_date_and_that_it_was_read(
    paper: Paper, format: str, reader: type[readers.Miniflux | readers.FreshRss]
) -> None:
    """Through publishing, an edit, another headline, the withdrawal, and the end of its notice."""
    seq = paper.publish(headline="Bridge opens", section="World", bylines=["Ada Price"])
    paper.publish(headline="Another")
    kept, replica = reader(), paper.replica()

    def look() -> readers.Entry:
        paper.work()
        kept.refresh(replica.get(f"/feed.{format}").data)
        assert len(kept.entries) == 2
        return next(each for each in kept.entries.values() if each.shown.guid == f"urn:uuid:{paper.article_id(seq)}")

    entry = look()
    entry.read = True
    published = entry.published
    paper.newsroom.edit(seq, html="<p>Another body.</p>", tags=["harbour"], bylines=["Ada Price", "Ben Okri"])
    assert look().shown.content == "<p>Another body.</p>"
    paper.newsroom.edit(seq, headline="Bridge opens late")
    assert look().shown.title == "Bridge opens late"
    paper.newsroom.withdraw(seq, "The numbers were wrong.")
    assert look().shown.title == "Article withdrawn" and "numbers were wrong" in look().shown.content
    assert "Bridge" not in str(look().shown)
    let_pass(paper.db, FEED_REMOVE_NOTICE.name)
    entry = look()  # the feed no longer has it, the reader keeps the notice
    assert entry.shown.title == "Article withdrawn"
    assert (entry.published, entry.read) == (published, True)
    assert not getattr(kept, "degraded", False)


@every_format
def test_the_reader_library_follows_an_article_to_its_notice(paper: Paper, format: str) -> None:
    seq = paper.publish(headline="Bridge opens")
    replica = paper.replica()
    with served(replica) as address, closing(make_reader(":memory:")) as reader:
        reader.add_feed(url := f"{address}/feed.{format}")

        def look() -> Any:
            paper.work()
            reader.update_feed(url)
            (entry,) = reader.get_entries()
            return entry

        first = look()
        reader.mark_entry_as_read(first)
        paper.newsroom.edit(seq, headline="Bridge opens late")
        assert (look().title, look().id) == ("Bridge opens late", first.id)
        paper.newsroom.withdraw(seq, "The numbers were wrong.")
        last = look()
        assert (last.title, last.id, last.published, last.read) == (
            "Article withdrawn",
            first.id,
            first.published,
            True,
        )
        assert "numbers were wrong" in last.content[0].value
