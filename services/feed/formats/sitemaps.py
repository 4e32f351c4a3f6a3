"""Sitemaps (sitemaps.org, protocol 0.9), with Google's extensions for translations and for news. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from shared.text import clean_xml

CONTENT_TYPE = "application/xml; charset=utf-8"
# What the protocol and Google News allow in one file.
MOST_SITEMAPS = 50_000
MOST_NEWS = 1000

SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
XHTML = "http://www.w3.org/1999/xhtml"
NEWS = "http://www.google.com/schemas/sitemap-news/0.9"

# Google News names languages by ISO 639, and Chinese by these two.
_TRADITIONAL = {"hant", "tw", "hk", "mo"}


@dataclass(frozen=True)
class File:
    """A sitemap as its index lists it: absolute address and last change."""

    url: str
    changed_at: datetime


@dataclass(frozen=True)
class Place:
    """A page; `alternates` is language and address of each of its variants, itself included."""

    url: str
    changed_at: datetime
    alternates: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class NewsPlace:
    url: str
    title: str
    language: str
    published_at: datetime


def index(files: Iterable[File]) -> bytes:
    root = _root("sitemapindex")
    for file in files:
        each = etree.SubElement(root, f"{{{SITEMAP}}}sitemap")
        _add_place(each, file.url, file.changed_at)
    return _written(root)


def urlset(places: Iterable[Place]) -> bytes:
    root = _root("urlset", xhtml=XHTML)
    for place in places:
        url = etree.SubElement(root, f"{{{SITEMAP}}}url")
        _add_place(url, place.url, place.changed_at)
        for language, address in place.alternates:
            etree.SubElement(url, f"{{{XHTML}}}link", rel="alternate", hreflang=language, href=address)
    return _written(root)


def news(places: Iterable[NewsPlace], publication_name: str) -> bytes:
    root = _root("urlset", news=NEWS)
    for place in places:
        url = etree.SubElement(root, f"{{{SITEMAP}}}url")
        etree.SubElement(url, f"{{{SITEMAP}}}loc").text = place.url
        item = etree.SubElement(url, f"{{{NEWS}}}news")
        publication = etree.SubElement(item, f"{{{NEWS}}}publication")
        etree.SubElement(publication, f"{{{NEWS}}}name").text = clean_xml(publication_name)
        etree.SubElement(publication, f"{{{NEWS}}}language").text = news_language(place.language)
        etree.SubElement(item, f"{{{NEWS}}}publication_date").text = _instant(place.published_at)
        etree.SubElement(item, f"{{{NEWS}}}title").text = clean_xml(place.title)
    return _written(root)


def news_language(tag: str) -> str:
    """A BCP 47 tag as Google News writes it: `pt-BR` is pt; Chinese is zh-cn or zh-tw, by script or region."""
    language, *others = tag.lower().split("-")
    if language != "zh":
        return language
    return "zh-tw" if _TRADITIONAL.intersection(others) and "hans" not in others else "zh-cn"


def _root(name: str, **prefixes: str) -> etree._Element:
    nsmap: Any = {None: SITEMAP, **prefixes}  # whose types know no default namespace
    return etree.Element(f"{{{SITEMAP}}}{name}", nsmap=nsmap)


def _add_place(parent: etree._Element, url: str, changed_at: datetime) -> None:
    etree.SubElement(parent, f"{{{SITEMAP}}}loc").text = url
    etree.SubElement(parent, f"{{{SITEMAP}}}lastmod").text = _instant(changed_at)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _written(root: etree._Element) -> bytes:
    return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True))
