"""What an article is embedded as elsewhere (oEmbed 1.0): a card of text and links, without a script. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from typing import Any

from lxml import etree

from services.feed.story import Story
from shared.publication import Publication
from shared.slices import Slice
from shared.text import clean_xml
from shared.urls import slice_path

OEMBED_PATH = "/oembed"
# Format -> the media type its discovery link is named after.
OEMBEDS = {"json": "application/json", "xml": "text/xml"}
# Seconds for which a consumer may keep the card: a withdrawal reaches it no later.
CACHE_AGE = 600
# The card's size in pixels, and the least it can be read in; in less, only the link is given.
WIDTH, HEIGHT = 550, 250
LEAST_WIDTH, LEAST_HEIGHT = 220, 120


def card(story: Story, publication: Publication, max_width: int = WIDTH, max_height: int = HEIGHT) -> dict[str, Any]:
    """The response's parameters (section 2.3.4). Pictures are left out: their size, which is needed, is not known."""
    author = story.bylines[0] if story.bylines else None
    known: dict[str, Any] = {
        "version": "1.0",
        "type": "link",
        "title": story.headline,
        "author_name": ", ".join(byline.label for byline in story.bylines),
        "author_url": publication.base_url + slice_path(Slice("byline", author.slug)) if author else "",
        "provider_name": publication.name,
        "provider_url": f"{publication.base_url}/",
        "cache_age": CACHE_AGE,
    }
    if max_width >= LEAST_WIDTH and max_height >= LEAST_HEIGHT:
        size = {"width": min(max_width, WIDTH), "height": min(max_height, HEIGHT)}
        known |= {"type": "rich", "html": _html(story, publication), **size}
    return {name: value for name, value in known.items() if value}


def as_json(card: dict[str, Any]) -> bytes:
    return json.dumps(card, ensure_ascii=False).encode()


def as_xml(card: dict[str, Any]) -> bytes:
    root = etree.Element("oembed")
    for name, value in card.items():
        etree.SubElement(root, name).text = clean_xml(str(value))
    return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True, standalone=True))


def _html(story: Story, publication: Publication) -> str:
    marks = f'lang="{escape(story.language)}" dir="{escape(story.direction)}"'
    summary = f"<p>{escape(story.summary)}</p>" if story.summary else ""
    return (
        f'<blockquote class="masthead-card" cite="{escape(story.url)}" {marks}>'
        f'<p><a href="{escape(story.url)}">{escape(story.headline)}</a></p>{summary}'
        f"<footer>{escape(publication.name)}</footer></blockquote>"
    )


FORMATS: dict[str, tuple[str, Callable[[dict[str, Any]], bytes]]] = {
    name: (f"{media_type}; charset=utf-8", write)
    for (name, media_type), write in zip(OEMBEDS.items(), (as_json, as_xml), strict=True)
}
