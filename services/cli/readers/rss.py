"""RSS 2.0, 0.9x and 1.0 (RDF): one entry as the fields of a submission."""

from __future__ import annotations

from services.cli.readers import elements, markup
from services.cli.readers.dates import read_date
from services.cli.readers.elements import Channel, Element, FeedFormat
from services.cli.readers.fitting import is_web_url, person, qualified_id
from services.cli.readers.items import Context, Fields, Unfit

RDF_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"


def channel_of(root: Element) -> Channel:
    """Raises Unfit for an rss element without a channel."""
    channel = elements.child(root, "channel")
    if channel is None:
        raise Unfit("has no channel, so it is no RSS feed")
    return Channel(
        title=markup.title(elements.text(channel, "title")),
        url=elements.text(channel, "link") or _atom_link(channel, "alternate"),
        language=elements.text(channel, "language", "dc:language") or elements.language_of(channel),
    )


def entries_of(root: Element) -> list[Element]:
    """RSS 2.0 has its items in the channel, RSS 1.0 beside it."""
    channel = elements.child(root, "channel")
    return [*elements.children(channel, "item"), *elements.children(root, "item")]


def fields(item: Element, channel: Channel, context: Context, notes: list[str]) -> Fields:
    """An item; `content:encoded` is its body and `description` its summary, or its body where it stands alone."""
    full = elements.text(item, "content:encoded", "content", "xhtml:body", "xhtml:div")
    description = elements.text(item, "description", "dcterms:abstract", "itunes:summary")
    url = _link(item, channel)
    categories = [markup.title(each) for each in elements.texts(item, "category", "dc:subject")]
    date = elements.text(
        item, "pubDate", "dc:date", "dcterms:created", "dcterms:issued", "atom:published", "atom:updated"
    )
    language = elements.text(item, "dc:language") or channel.language
    return {
        "headline": markup.title(elements.text(item, "title", "dc:title", "media:title")),
        "body": full or description,
        "summary": markup.plain(description) if full else "",
        "language": language,
        "bylines": _bylines(item, notes),
        "section": context.section_among(categories),
        "tags": categories,
        "canonical_url": url,
        "source": _source(item, channel),
        "external_id": qualified_id(elements.text(item, "guid") or item.get(RDF_ABOUT) or url, channel.url),
        "published_at": read_date(date, context, notes, language) if date else None,
        "image": elements.picture_of(item),
    }


def _link(item: Element, channel: Channel) -> str:
    guid = elements.child(item, "guid")
    permalink = elements.content(guid) if guid is not None and guid.get("isPermaLink", "true") != "false" else ""
    found = elements.text(item, "feedburner:origLink", "link") or _atom_link(item, "alternate")
    if not found and is_web_url(permalink):
        found = permalink
    return elements.joined(channel.url, found)


def _atom_link(parent: Element, relation: str) -> str:
    links = [each for each in elements.children(parent, "atom:link") if each.get("rel", "alternate") == relation]
    return (links[0].get("href") or "").strip() if links else ""


def _bylines(item: Element, notes: list[str]) -> list[str]:
    given = elements.texts(item, "dc:creator") or elements.texts(item, "author", "itunes:author")
    if not given:
        given = [elements.text(author, "atom:name") for author in elements.children(item, "atom:author")]
    names = [person(markup.title(each)) for each in given]
    if not all(names):
        notes.append("an e-mail address in place of the author's name is left out")
    return [each for each in names if each]


def _source(item: Element, channel: Channel) -> dict[str, str] | None:
    given = elements.child(item, "source")
    if given is not None and elements.content(given):
        return {"name": markup.title(elements.content(given)), "url": (given.get("url") or "").strip()}
    return channel.as_source()


FORMAT = FeedFormat(channel_of, entries_of, fields)
