"""Atom 1.0 (RFC 4287) and its forerunner 0.3: one entry as the fields of a submission."""

from __future__ import annotations

import html

from services.cli.readers import elements, markup
from services.cli.readers.dates import read_date
from services.cli.readers.elements import XML, Channel, Element, FeedFormat
from services.cli.readers.fitting import person, qualified_id
from services.cli.readers.items import Context, Fields


def channel_of(root: Element) -> Channel:
    return Channel(
        title=_words(elements.child(root, "atom:title")),
        url=_link(root, "alternate") or _link(root, "self"),
        language=elements.language_of(root),
        authors=tuple(_people(root)),
    )


def entries_of(root: Element) -> list[Element]:
    return [root] if elements.name(root) == "atom:entry" else list(elements.children(root, "atom:entry"))


def fields(entry: Element, channel: Channel, context: Context, notes: list[str]) -> Fields:
    """An entry; `summary` is its summary, or its body when the content is absent or lies elsewhere."""
    content, summary = elements.child(entry, "atom:content"), elements.child(entry, "atom:summary")
    body, short = _markup(content), _markup(summary)
    origin = elements.child(entry, "atom:source")
    categories = [each.get("label") or each.get("term") or "" for each in elements.children(entry, "atom:category")]
    categories += elements.texts(entry, "dc:subject")
    date = elements.text(entry, "atom:published", "atom:issued", "atom:created", "atom:updated", "atom:modified")
    url = elements.text(entry, "feedburner:origLink") or _link(entry, "alternate")
    language = elements.language_of(content if content is not None else entry) or channel.language
    authors = _people(entry) or (_people(origin) if origin is not None else []) or list(channel.authors)
    return {
        "headline": _words(elements.child(entry, "atom:title")),
        "body": body or short,
        "summary": markup.plain(short) if body else "",
        "language": language,
        "bylines": authors or elements.texts(entry, "dc:creator"),
        "section": context.section_among(categories),
        "tags": categories,
        "canonical_url": elements.joined(channel.url, url),
        "source": (channel_of(origin).as_source() if origin is not None else None) or channel.as_source(),
        "external_id": qualified_id(elements.text(entry, "atom:id") or url, channel.url),
        "published_at": read_date(date, context, notes, language) if date else None,
        "image": elements.picture_of(entry) or _enclosed_picture(entry),
    }


def _markup(construct: Element | None) -> str:
    """A text construct or content (sections 3.1 and 4.1.3) as HTML; empty for content that lies elsewhere."""
    if construct is None or construct.get("src"):
        return ""
    kind = (construct.get("type") or "text").lower()
    if kind in ("xhtml", "application/xhtml+xml") or len(construct):
        return elements.inner(construct)
    written = elements.content(construct)
    if construct.get("mode") == "escaped" or kind in ("html", "text/html"):
        return written
    return html.escape(written, quote=False) if markup.has_markup(written) else written


def _words(construct: Element | None) -> str:
    return markup.title(_markup(construct))


def _people(parent: Element) -> list[str]:
    names = [elements.text(author, "atom:name") for author in elements.children(parent, "atom:author")]
    return [clean for each in names if (clean := person(each))]


def _link(parent: Element, relation: str) -> str:
    for each in elements.children(parent, "atom:link"):
        href: str = (each.get("href") or "").strip()
        if href and each.get("rel", "alternate") == relation:
            return elements.joined(_base(each), href)
    return ""


def _base(element: Element | None) -> str:
    """xml:base of an element; each one is relative to the one around it."""
    if element is None:
        return ""
    outer = _base(element.getparent())
    return elements.joined(outer, element.get(XML + "base") or "") or outer


def _enclosed_picture(entry: Element) -> dict[str, str] | None:
    for each in elements.children(entry, "atom:link"):
        if each.get("rel") == "enclosure" and (each.get("type") or "").startswith("image/"):
            return {"url": (each.get("href") or "").strip(), "alt": each.get("title") or ""}
    return None


FORMAT = FeedFormat(channel_of, entries_of, fields)
