"""RSS 2.0 with full content. Field rules: docs/feeds.md."""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

from feedgen.entry import FeedEntry

from services.feed.formats.extension import new_feed
from services.feed.formats.fields import MEDIA_TYPES, categories, legal
from services.feed.story import Document, Story

DOCS = "https://www.rssboard.org/rss-specification"
TTL_MINUTES = 5  # a poll without news costs a 304, so readers may ask often

_TAG = re.compile(r"<[A-Za-z/!?]")


def render(document: Document) -> bytes:
    """The document as RSS 2.0: the same bytes for the same document, in every process, thread and locale."""
    try:
        return _render(document)
    except ValueError:  # a character XML cannot carry; text is cleaned on its way in, so this is rare
        return _render(legal(document))


def text_for_html_readers(text: str) -> str:
    """Plain text for an RSS title or description, escaped as HTML only where a reader would lose some of it.

    RSS calls a title plain text, and the RSS Advisory Board's profile ("Character Data") wants it escaped once; yet
    most readers show it as HTML. `AT&T`, `I <3 RSS` and `A < B` read the same either way and stay plain. In
    `The <title> element` and `The &amp; entity` an HTML reader would swallow words, so these are escaped: the worst
    that can happen is a plain-text reader showing `&lt;`. Nothing in a title can thus act as markup.
    """
    as_html_reads_it = html.unescape(text)
    return html.escape(text, quote=False) if as_html_reads_it != text or _TAG.search(text) else text


def _render(document: Document) -> bytes:
    feed = new_feed(document)
    feed.title(text_for_html_readers(document.title or document.publication_name))
    feed.description(text_for_html_readers(document.description or document.title or document.publication_name))
    feed.link(href=document.feed_urls["rss"], rel="self", type=MEDIA_TYPES["rss"])
    feed.link(href=document.home_url)  # the last one becomes the channel's own link
    feed.docs(DOCS)
    feed.ttl(TTL_MINUTES)
    if document.cloud_url:
        cloud = urlsplit(document.cloud_url)
        port = cloud.port or {"https": 443}.get(cloud.scheme, 80)
        feed.cloud(cloud.hostname, str(port), cloud.path, registerProcedure="", protocol="http-post")
    for story in document.stories:
        _describe(feed.add_entry(order="append"), document, story)
    return bytes(feed.rss_str())


def _describe(item: FeedEntry, document: Document, story: Story) -> None:
    item.guid(story.urn, permalink=False)
    item.link(href=story.url)
    item.title(text_for_html_readers(story.headline))
    item.description(text_for_html_readers(story.summary), isSummary=True)
    item.content(story.html, type="CDATA")
    for each in categories(document, story):
        item.category(term=each.term, scheme=each.scheme, label=each.label)
    if story.source and story.source.url:  # RSS cannot name a source without its address
        item.source(url=story.source.url, title=story.source.name)
    item.masthead.document = document
    item.masthead.story = story
