"""JSON Feed 1.0 and 1.1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.cli.readers import markup, objects
from services.cli.readers.dates import read_date
from services.cli.readers.elements import Channel, joined
from services.cli.readers.fitting import complete, fit, qualified_id
from services.cli.readers.items import Context, Fields, Item, Refusal, Unfit, articles

VERSION = "https://jsonfeed.org/version/"


def is_feed(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("version"), str) and "jsonfeed.org" in value["version"]


def read(content: bytes, context: Context) -> Iterator[Item]:
    """Every item of a feed."""
    feed = objects.first(content)
    items = feed.get("items")
    if not isinstance(items, list) or not items:
        yield Refusal("file", "holds no articles")
        return
    channel = Channel(
        title=_text(feed, "title"),
        url=_text(feed, "home_page_url") or _text(feed, "feed_url"),
        language=_text(feed, "language"),
        authors=tuple(_authors(feed)),
    )

    def fields_of(item: Any, notes: list[str]) -> Fields:
        if not isinstance(item, dict):
            raise Unfit("is no JSON object")
        return fit(complete(_fields(item, channel, context, notes), notes), notes)

    yield from articles(((f"item {number}", item) for number, item in enumerate(items, 1)), context, fields_of)


def _fields(item: Fields, channel: Channel, context: Context, notes: list[str]) -> Fields:
    """`external_url` is what a link-blog writes about, not where its own text stands, so `url` is the original."""
    date, tags = _text(item, "date_published"), _texts(item, "tags")
    url = _text(item, "url")
    own = item.get("id")
    markup_body, text_body = _text(item, "content_html"), _text(item, "content_text")
    return {
        "headline": markup.title(_text(item, "title")),
        "body": markup_body or text_body,
        "body_format": "html" if markup_body else "text",
        "summary": _text(item, "summary"),
        "language": _text(item, "language") or channel.language,
        "bylines": _authors(item) or list(channel.authors),
        "section": context.section_among(tags),
        "tags": tags,
        "urgency": _urgency(item),
        "canonical_url": joined(channel.url, url),
        "source": channel.as_source(),
        "external_id": qualified_id(str(own) if isinstance(own, str | int | float) else url, channel.url),
        "published_at": read_date(date, context, notes) if date else None,
        "image": _image(item),
    }


def _authors(holder: Fields) -> list[str]:
    """`authors` of 1.1, else `author` of 1.0."""
    given = holder.get("authors")
    people = given if isinstance(given, list) and given else [holder.get("author")]
    return [name for each in people if isinstance(each, dict) and (name := _text(each, "name"))]


def _urgency(item: Fields) -> Any:
    """Of a feed of Masthead's own, from its extension."""
    extension = item.get("_masthead")
    return extension.get("urgency") if isinstance(extension, dict) else None


def _image(item: Fields) -> dict[str, str] | None:
    url = _text(item, "image") or _text(item, "banner_image")
    if url:
        return {"url": url}
    attachments = item.get("attachments")
    for each in attachments if isinstance(attachments, list) else []:
        if isinstance(each, dict) and _text(each, "mime_type").startswith("image/"):
            return {"url": _text(each, "url"), "alt": _text(each, "title")}
    return None


def _text(holder: Fields, name: str) -> str:
    value = holder.get(name)
    return value.strip() if isinstance(value, str) else ""


def _texts(holder: Fields, name: str) -> list[str]:
    value = holder.get(name)
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
