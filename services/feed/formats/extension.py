"""What feedgen 1.0 cannot write itself, as one feedgen extension named `masthead` for RSS and Atom.

feedgen knows RSS dates only by way of the process-wide locale, drops every atom:link of a channel but `self`, loses
`rel` and `type` of the links of an Atom entry (so that every one reads as alternate), and has neither dcterms nor media
descriptions. The elements below fill that in; `docs/feeds.md` lists them.
"""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from urllib.parse import urlsplit

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml.etree import ProcessingInstruction, SubElement, _Element

from services.feed.assets import static_path
from services.feed.formats.fields import GENERATOR, alternates, changed_at, instant, relations
from services.feed.story import Document, Image, Source, Story

ATOM = "{http://www.w3.org/2005/Atom}"
DC = "{http://purl.org/dc/elements/1.1/}"
DCTERMS = "{http://purl.org/dc/terms/}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
MEDIA = "{http://search.yahoo.com/mrss/}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def new_feed(document: Document) -> FeedGenerator:
    """A feedgen feed with this extension and what RSS and Atom have in common."""
    feed = FeedGenerator()
    # feedgen starts with lastBuildDate = now and would write it through setlocale(), which every thread of the
    # process would feel. There is no public way to unset it; `ChannelExtension` writes it instead.
    feed._FeedGenerator__rss_lastBuildDate = None
    feed.register_extension("masthead", ChannelExtension, ItemExtension)
    feed.masthead.document = document
    feed.generator(GENERATOR)
    feed.language(document.language)
    return feed


class ChannelExtension(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    """Elements of the RSS channel and the Atom feed, and their style sheet. `document` is set by `new_feed`."""

    document: Document

    def extend_ns(self) -> dict[str, str]:
        archive = {"fh": HISTORY[1:-1]} if self.document.is_archive else {}
        return {"dc": DC[1:-1], "dcterms": DCTERMS[1:-1], "media": MEDIA[1:-1], **archive}

    def extend_rss(self, rss: _Element) -> _Element:
        channel = rss[0]
        _add(channel, "lastBuildDate", rfc822(self.document.changed_at))
        # The page comes first: SimplePie (FreshRSS, WordPress) takes the first alternate for the site's address.
        for media_type, href in alternates(self.document, "rss"):
            SubElement(channel, ATOM + "link", rel="alternate", type=media_type, href=href)
        for relation, href in relations(self.document, "rss"):
            SubElement(channel, ATOM + "link", rel=relation, href=href)
        self._finish(rss, channel)
        return rss

    def extend_atom(self, feed: _Element) -> _Element:
        for relation, href in relations(self.document, "atom"):
            SubElement(feed, "link", rel=relation, href=href)
        self._finish(feed, feed)
        return feed

    def _finish(self, root: _Element, head: _Element) -> None:
        if self.document.is_archive:  # RFC 5005, section 4
            SubElement(head, HISTORY + "archive")
        folder = urlsplit(self.document.base_url).path  # a publication may live below its host's root
        style = f'type="text/css" href="{folder}{static_path("feed.css")}"'
        root.addprevious(ProcessingInstruction("xml-stylesheet", style))


class ItemExtension(BaseEntryExtension):  # type: ignore[misc]  # feedgen has no types
    """Elements of one item or entry. `document` and `story` are set by whoever adds the entry."""

    document: Document
    story: Story

    def extend_rss(self, item: _Element) -> _Element:
        story = self.story
        _add(item, "pubDate", rfc822(story.published_at))
        # Never dc:date and dc:title: Miniflux prefers them to pubDate and title.
        _add(item, DCTERMS + "modified", changed_at(story).isoformat())
        for byline in story.bylines:
            _add(item, DC + "creator", byline.label)
        if story.language != self.document.language:
            _add(item, DC + "language", story.language)
        if story.canonical_url:
            SubElement(item, ATOM + "link", rel="via", href=story.canonical_url)
        if story.image:
            _add_image(item, story.image)
        return item

    def extend_atom(self, entry: _Element) -> _Element:
        story = self.story
        entry.set(XML_LANG, story.language)
        SubElement(entry, "link", rel="alternate", type="text/html", hreflang=story.language, href=story.url)
        if story.canonical_url:
            SubElement(entry, "link", rel="via", href=story.canonical_url)
        if story.source:
            _add_source(entry, story.source)
        if story.image:
            _add_image(entry, story.image)
        return entry


def rfc822(at: datetime) -> str:
    """RFC 822 with a year of four digits and a numeric zone, in English whatever the locale."""
    return format_datetime(instant(at))


def _add_source(entry: _Element, source: Source) -> None:
    # feedgen's own source() insists on an address, RFC 4287 (section 4.2.11) does not.
    element = SubElement(entry, "source")
    _add(element, "title", source.name)
    if source.url:
        SubElement(element, "link", href=source.url)


def _add_image(parent: _Element, image: Image) -> None:
    # media:content and not enclosure: length and type of the picture are not known, and enclosure needs both.
    content = SubElement(parent, MEDIA + "content", url=image.url, medium="image")
    if image.alt:
        _add(content, MEDIA + "description", image.alt).set("type", "plain")
    if image.credit:
        _add(content, MEDIA + "credit", image.credit)


def _add(parent: _Element, name: str, text: str) -> _Element:
    element = SubElement(parent, name)
    element.text = text
    return element
