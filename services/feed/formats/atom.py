"""Atom 1.0 (RFC 4287) with full content. Field rules: docs/feeds.md."""

from __future__ import annotations

from feedgen.entry import FeedEntry

from services.feed.formats.extension import new_feed
from services.feed.formats.fields import (
    MEDIA_TYPES,
    alternates,
    byline_url,
    categories,
    changed_at,
    instant,
    legal,
)
from services.feed.story import Document, Story


def render(document: Document) -> bytes:
    """The document as Atom 1.0: the same bytes for the same document, in every process, thread and locale."""
    try:
        return _render(document)
    except ValueError:  # a character XML cannot carry; text is cleaned on its way in, so this is rare
        return _render(legal(document))


def _render(document: Document) -> bytes:
    feed = new_feed(document)
    feed.id(document.identity["atom"])
    feed.title(document.title or document.publication_name)
    if document.description:
        feed.subtitle(document.description)
    feed.updated(instant(document.changed_at))
    # An entry without a byline has the publication for its author (RFC 4287, section 4.2.1).
    feed.author(name=document.publication_name, uri=document.base_url)
    feed.link(href=document.feed_urls["atom"], rel="self", type=MEDIA_TYPES["atom"])
    for media_type, href in alternates(document, "atom"):
        feed.link(href=href, rel="alternate", type=media_type)
    for story in document.stories:
        _describe(feed.add_entry(order="append"), document, story)
    return bytes(feed.atom_str())


def _describe(entry: FeedEntry, document: Document, story: Story) -> None:
    entry.id(story.urn)
    entry.title(story.headline)
    entry.updated(changed_at(story))
    entry.published(instant(story.published_at))
    for byline in story.bylines:
        entry.author(name=byline.label, uri=byline_url(document, byline))
    if story.summary:
        entry.summary(story.summary)
    entry.content(story.html, type="html")
    for each in categories(document, story):
        entry.category(term=each.term, scheme=each.scheme, label=each.label)
    entry.masthead.document = document
    entry.masthead.story = story
