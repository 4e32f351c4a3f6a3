"""WordPress exports (WXR 1.0 to 1.2): published posts become articles, everything else is told apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from services.cli.readers import elements, markup
from services.cli.readers.dates import in_zone, read_date
from services.cli.readers.elements import Element
from services.cli.readers.fitting import complete, fit, qualified_id
from services.cli.readers.items import Context, Fields, Item, NoArticle, Refusal, Unfit, articles, own_id
from services.cli.readers.xml import parse

_NO_TIME = ("0000-00-00", "-0001-11-30")  # the same zero, written by different releases
# None of these reads beyond the next opening of its own kind, or a post could keep the import busy for hours.
_BLOCK_COMMENT = re.compile(r"<!--\s*/?wp:(?:(?!<!--|-->).)*-->\n?", re.DOTALL)
_CAPTION = re.compile(r"\[caption\b[^\[\]]*\]((?:(?!\[/?caption).)*)\[/caption\]", re.DOTALL)
_EMBED = re.compile(r"\[embed\b[^\[\]]*\]([^\[\]]*)\[/embed\]")
_SHORTCODE = re.compile(r"\[/?(?:audio|caption|embed|gallery|playlist|video|wp_caption)\b[^\[\]]*\]")
_PICTURE = re.compile(r"((?:<a\b[^<>]*>\s*)?<img\b[^<>]*>(?:\s*</a>)?)(.*)", re.DOTALL)
_PRIVATE_NAMES = (".internal", ".lan", ".local", ".localhost", ".test")


@dataclass
class Site:
    """What an export says once: the site, its authors by login, its pictures by number."""

    url: str
    language: str
    authors: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, dict[str, str]] = field(default_factory=dict)


def read(content: bytes, context: Context) -> Iterator[Item]:
    """Every entry of an export: posts as articles; drafts refused; pages, attachments and menus left out."""
    notes: list[str] = []
    try:
        channel = _channel(parse(content, notes))
    except Unfit as error:
        yield Refusal("file", error.reason, error.detail)
        return
    site = _site(channel)
    entries = list(elements.children(channel, "item"))
    if not entries:
        yield Refusal("file", "holds no articles")

    def fields_of(entry: Element, entry_notes: list[str]) -> Fields:
        _check_publishable(entry)
        entry_notes += notes
        return fit(complete(_fields(entry, site, context, entry_notes), entry_notes), entry_notes)

    yield from articles(((f"line {entry.sourceline}", entry) for entry in entries), context, fields_of)


def _channel(root: Element) -> Element:
    channel = elements.child(root, "channel")
    if channel is None:
        raise Unfit("has no channel, so it is no WordPress export")
    version = elements.text(channel, "wp:wxr_version")
    if version and not re.fullmatch(r"\d+\.\d+", version):
        raise Unfit("names a version of the export format that there is not", version[:40])
    return channel


def _site(channel: Element) -> Site:
    url = elements.text(channel, "wp:base_blog_url", "link", "wp:base_site_url")
    site = Site(url, elements.text(channel, "language"))
    for author in elements.children(channel, "wp:author"):
        shown = elements.text(author, "wp:author_display_name")
        site.authors[elements.text(author, "wp:author_login")] = shown
    for entry in elements.children(channel, "item"):
        if elements.text(entry, "wp:post_type") == "attachment":
            meta = _meta(entry)
            site.pictures[elements.text(entry, "wp:post_id")] = {
                "url": elements.text(entry, "wp:attachment_url"),
                "alt": meta.get("_wp_attachment_image_alt") or markup.plain(elements.text(entry, "excerpt:encoded")),
            }
    return site


def _check_publishable(entry: Element) -> None:
    kind = elements.text(entry, "wp:post_type") or "post"
    if kind != "post":
        raise NoArticle(f"is of the post type {kind}, not post")
    status = elements.text(entry, "wp:status") or "publish"
    if status != "publish":
        raise Unfit(f"its status is {status}; only published posts are imported")
    if elements.text(entry, "wp:post_password"):
        raise Unfit("is protected by a password")


def _fields(entry: Element, site: Site, context: Context, notes: list[str]) -> Fields:
    excerpt = elements.text(entry, "excerpt:encoded")
    body = _body(elements.text(entry, "content:encoded"), notes)
    if markup.is_blank(body):
        body, excerpt = excerpt, ""
    login = elements.text(entry, "dc:creator")
    section, tags = _terms(entry, context)
    published_at = _time(entry, context, notes)
    return {
        "headline": markup.title(elements.text(entry, "title")),
        "body": body,
        "summary": markup.plain(excerpt),
        "language": site.language,
        "bylines": [site.authors.get(login) or login],
        "section": section,
        "tags": tags,
        "external_id": _id(entry, site, published_at),
        "published_at": published_at,
        "image": site.pictures.get(_meta(entry).get("_thumbnail_id", "")),
    }


def _body(content: str, notes: list[str]) -> str:
    """The post's HTML with real paragraphs, and with captions and embeds in place of their shortcodes."""
    text = _BLOCK_COMMENT.sub("", content)
    text = _CAPTION.sub(lambda match: _figure(match[1]), text)
    text = _EMBED.sub(lambda match: f'\n\n<a href="{match[1].strip()}">{match[1].strip()}</a>\n\n', text)
    without = _SHORTCODE.sub("", text)
    if without != text:
        notes.append("shortcodes such as [gallery] mean nothing outside WordPress and are left out")
    return markup.paragraphs(without).strip()


def _figure(captioned: str) -> str:
    match = _PICTURE.match(captioned.strip())
    if not match:
        return captioned
    return f"\n\n<figure>{match[1]}<figcaption>{match[2].strip()}</figcaption></figure>\n\n"


def _terms(entry: Element, context: Context) -> tuple[str | None, list[str]]:
    """The first category, or the first that is a section of the publication, is the section; the rest are tags."""
    categories: list[str] = []
    tags: list[str] = []
    for each in elements.children(entry, "category"):
        label, domain = elements.content(each), each.get("domain", "category")
        if domain in ("post_tag", "tag"):
            tags.append(label)
        elif domain == "category" and "uncategorized" not in (each.get("nicename"), label.casefold()):
            categories.append(label)
    categories = list(dict.fromkeys(categories))
    section = context.section_among(categories)
    if section is None and categories:
        section = categories[0]
    return section, [*tags, *(each for each in categories if each.casefold() != (section or "").casefold())]


def _time(entry: Element, context: Context, notes: list[str]) -> datetime | None:
    """post_date_gmt; where that is zero, post_date in the publication's zone; else pubDate."""
    gmt, local = elements.text(entry, "wp:post_date_gmt"), elements.text(entry, "wp:post_date")
    if gmt and not gmt.startswith(_NO_TIME):
        return read_date(gmt, context, []).replace(tzinfo=UTC)
    if local and not local.startswith(_NO_TIME):
        return in_zone(read_date(local, context, []).replace(tzinfo=None), context, notes)
    given = elements.text(entry, "pubDate")
    return read_date(given, context, notes) if given else None


def _id(entry: Element, site: Site, published_at: datetime | None) -> str:
    """The guid. One made on a machine without a public name is the same in every such installation (`localhost/?p=1`
    is always the first post), so the time joins it, as WordPress' own importer tells posts apart."""
    guid = elements.text(entry, "guid")
    if not guid:
        return qualified_id(elements.text(entry, "wp:post_id"), site.url)
    if published_at and _is_private(guid):
        return own_id(f"{guid} {published_at:%Y-%m-%d %H:%M:%S}")
    return own_id(guid)


def _is_private(guid: str) -> bool:
    try:
        host = urlsplit(guid).hostname or ""
    except ValueError:
        return False
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(_PRIVATE_NAMES)


def _meta(entry: Element) -> dict[str, Any]:
    pairs = elements.children(entry, "wp:postmeta")
    return {elements.text(each, "wp:meta_key"): elements.text(each, "wp:meta_value") for each in pairs}
