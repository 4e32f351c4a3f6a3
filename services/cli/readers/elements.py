"""Looking things up in feeds, whose elements come in many namespaces and old spellings of them."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urljoin

from lxml import etree

from services.cli.readers.fitting import is_web_url
from services.cli.readers.items import Context, Fields

Element = Any  # etree._Element; its stubs lack half of what is used here

_PREFIXES = {
    "http://purl.org/rss/1.0/": "",
    "http://my.netscape.com/rdf/simple/0.9/": "",
    "http://channel.netscape.com/rdf/simple/0.9/": "",
    "http://backend.userland.com/rss2": "",
    "http://blogs.law.harvard.edu/tech/rss": "",
    "http://www.w3.org/2005/atom": "atom:",
    "http://purl.org/atom/ns#": "atom:",
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/dc/elements/1.0/": "dc:",
    "http://purl.org/dc/terms/": "dcterms:",
    "http://search.yahoo.com/mrss/": "media:",
    "http://search.yahoo.com/mrss": "media:",
    "http://video.search.yahoo.com/mrss": "media:",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes:",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner:",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf:",
    "http://www.w3.org/1999/xhtml": "xhtml:",
}
XML = "{http://www.w3.org/XML/1998/namespace}"


@dataclass(frozen=True)
class Channel:
    """What a feed says about all its entries."""

    title: str
    url: str
    language: str = ""
    authors: tuple[str, ...] = ()

    def as_source(self) -> dict[str, str] | None:
        """The feed as the source of copy taken from it; without a title, its host is its name."""
        label = self.title or self.url.partition("://")[2].partition("/")[0]
        return {"name": label, "url": self.url} if label else None


class FeedFormat(NamedTuple):
    """How one feed format is read: the channel, its entries, and one entry's fields."""

    channel: Callable[[Element], Channel]
    entries: Callable[[Element], list[Element]]
    fields: Callable[[Element, Channel, Context, list[str]], Fields]


def joined(base: str, url: str) -> str:
    """An address made whole; one that no rule can read is left as it is."""
    try:
        return urljoin(base, url) if url else ""
    except ValueError:
        return url


def name(element: Element) -> str:
    """An element's name with a prefix that is the same in every feed: "title", "dc:creator", "wp:status"."""
    return _name(element.tag) if isinstance(element.tag, str) else ""


@lru_cache(maxsize=1000)
def _name(tag: str) -> str:
    qualified = etree.QName(tag)
    space = (qualified.namespace or "").lower()
    if space.startswith("http://wordpress.org/export/"):
        return f"excerpt:{qualified.localname}" if "/excerpt" in space else f"wp:{qualified.localname}"
    return _PREFIXES.get(space, f"{space} " if space else "") + qualified.localname


def children(parent: Element, *names: str) -> Iterator[Element]:
    """Children by name, all of the first name before those of the next."""
    for wanted in names:
        yield from (child for child in parent if name(child) == wanted)


def child(parent: Element, *names: str) -> Element | None:
    return next(children(parent, *names), None)


def text(parent: Element, *names: str) -> str:
    """The text of the first child by these names that has any."""
    return next((found for each in children(parent, *names) if (found := content(each))), "")


def texts(parent: Element, *names: str) -> list[str]:
    return [found for each in children(parent, *names) if (found := content(each))]


def content(element: Element) -> str:
    """All text of an element; one that holds elements of its own, such as XHTML in place of text, gives markup."""
    if len(element):
        return inner(element)
    return (element.text or "").strip()


def inner(element: Element) -> str:
    """What stands inside an element, as markup without namespaces."""
    copy = etree.fromstring(etree.tostring(element, with_tail=False))
    for each in copy.iter():
        if isinstance(each.tag, str):
            each.tag = etree.QName(each).localname
    etree.cleanup_namespaces(copy)
    parts = [html.escape(copy.text or "", quote=False)]
    parts += [etree.tostring(each, encoding="unicode", method="html") for each in copy]
    return "".join(parts).strip()


def language_of(element: Element) -> str:
    """xml:lang, inherited as XML 1.0 (section 2.12) says."""
    while element is not None:
        if element.get(XML + "lang"):
            return str(element.get(XML + "lang"))
        element = element.getparent()
    return ""


def picture_of(entry: Element) -> dict[str, str] | None:
    """The widest picture that comes with an entry: Media RSS, enclosures, the iTunes image."""
    media = [*children(entry, "media:content")]
    media += [each for group in children(entry, "media:group") for each in children(group, "media:content")]
    pictures = [each for each in media if _is_picture(each)]
    pictures.sort(key=lambda each: int(each.get("width")) if (each.get("width") or "").isdecimal() else 0)
    others = [
        *children(entry, "media:thumbnail"),
        *(each for each in children(entry, "enclosure") if _is_picture(each)),
    ]
    for each in [*reversed(pictures), *reversed(others), *children(entry, "itunes:image")]:
        url = (each.get("url") or each.get("href") or "").strip()
        if is_web_url(url):
            credit = text(each, "media:credit") or text(entry, "media:credit")
            alt = text(each, "media:description", "media:title", "media:text")
            return {"url": url, "alt": alt, "credit": credit}
    return None


def _is_picture(element: Element) -> bool:
    kind = (element.get("type") or element.get("medium") or "").lower()
    if kind:
        return kind.startswith("image")
    path = (element.get("url") or "").split("?")[0].lower()
    return path.endswith((".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif"))
