"""JSON Feed 1.1 with full content, and Masthead's extension `_masthead`. Field rules: docs/feeds.md."""

from __future__ import annotations

import json
from typing import Any

from services.feed.formats.fields import ABOUT_PATH, byline_url, changed_at, instant, legal
from services.feed.networks import NETWORKS
from services.feed.share import can_take, subject_of
from services.feed.story import Document, Story
from shared.urls import share_path

VERSION = "https://jsonfeed.org/version/1.1"
ABOUT = """\
_masthead, Masthead's extension of JSON Feed 1.1

At the top of a feed:
  about            this page
  direction        writing direction of the feed's own words, ltr or rtl
  updated          when anything in the feed last changed (RFC 3339)
  since            address to ask from now on for what has changed since this document, see below
  prev_archive     address of the archive of the day before, or of the newest day that the feed does not hold whole
  next_archive     address of the archive of the day after
  archive          true for the archive of a day

In an item:
  direction        writing direction of the item, ltr or rtl
  words            length in words, in characters for scripts that do not separate words
  reading_minutes  time to read it
  urgency          the IPTC's editorial urgency, 1 (the most) to 9, where the publisher gave one
  image            alt and credit of the picture in `image`
  source           name and url of the publication that syndicated copy comes from
  share            for each network the address that leads to its window for a new post
  withdrawn        true for a withdrawn article: the item then holds the notice in place of the text

#since, the relation of links in RSS and Atom feeds, the same address as in `since`

It leads to all articles of the feed that were published, edited or withdrawn since the document was made, oldest change
first, 100 at a time. The answer has such a link again; where there is more at once, it has `next` too.
"""


def render(document: Document) -> bytes:
    """The document as JSON Feed 1.1: the same bytes for the same document, in every process, thread and locale."""
    try:
        return _written(document)
    except UnicodeEncodeError:  # a lone surrogate; text is cleaned on its way in, so this is rare
        return _written(legal(document))


def _written(document: Document) -> bytes:
    return json.dumps(_feed(document), ensure_ascii=False, separators=(",", ":")).encode()


def _feed(document: Document) -> dict[str, Any]:
    return {
        "version": VERSION,
        "title": document.title or document.publication_name,
        "home_page_url": document.home_url,
        "feed_url": document.identity["json"],
        **_present(next_url=_address(document, "next") or (document.is_archive and _address(document, "prev-archive"))),
        **_present(description=document.description),
        "authors": [{"name": document.publication_name, "url": document.base_url}],
        "language": document.language,
        **_present(hubs=[{"type": "WebSub", "url": document.hub_url}] if document.hub_url else []),
        "_masthead": {
            "about": document.base_url + ABOUT_PATH,
            "direction": document.direction,
            "updated": instant(document.changed_at).isoformat(),
            **_present(
                since=_address(document, "since"),
                prev_archive=_address(document, "prev-archive"),
                next_archive=_address(document, "next-archive"),
                archive=document.is_archive,
            ),
        },
        "items": [_item(document, story) for story in document.stories],
    }


def _address(document: Document, relation: str) -> str:
    return document.links.get(relation, {}).get("json", "")


def _item(document: Document, story: Story) -> dict[str, Any]:
    section = [story.section] if story.section else []
    return {
        "id": story.urn,
        "url": story.url,
        **_present(external_url=story.canonical_url),
        "title": story.headline,
        "content_html": story.html,
        "content_text": story.text,
        **_present(summary=story.summary, image=story.image.url if story.image else ""),
        "date_published": instant(story.published_at).isoformat(),
        "date_modified": changed_at(story).isoformat(),
        **_present(
            authors=[{"name": each.label, "url": byline_url(document, each)} for each in story.bylines],
            tags=[term.label for term in (*section, *story.tags)],
        ),
        "language": story.language,
        "_masthead": _extension(document, story),
    }


def _extension(document: Document, story: Story) -> dict[str, Any]:
    if story.withdrawn_at:
        return {"withdrawn": True, "direction": story.direction}
    return {
        "direction": story.direction,
        "words": story.words,
        "reading_minutes": story.reading_minutes,
        **_present(
            urgency=story.urgency,
            image=_present(alt=story.image.alt, credit=story.image.credit) if story.image else {},
            source=_present(name=story.source.name, url=story.source.url) if story.source else {},
        ),
        "share": _share(document, story),
    }


def _share(document: Document, story: Story) -> dict[str, str]:
    """Our own redirects, not the networks' addresses: those repeat headline and link percent-encoded, which makes an
    Arabic item 8 KB longer, and a copy kept by a reader would outlive a correction."""
    subject = subject_of(story)
    return {name: document.base_url + share_path(name, story.id) for name in NETWORKS if can_take(name, subject)}


def _present(**members: Any) -> dict[str, Any]:
    """The members that have something to say."""
    return {name: value for name, value in members.items() if value}
