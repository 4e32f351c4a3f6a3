"""Addresses of everything Masthead publishes. Paths are ASCII (RFC 3986): every network and reader keeps them whole."""

from __future__ import annotations

import re
import uuid
from datetime import date
from urllib.parse import quote

from shared.slices import PLACES, Slice

FORMATS = {"rss": "feed.rss", "atom": "feed.atom", "json": "feed.json"}
FEEDS_PATH = "/feeds"
OPML_PATH = "/feeds.opml"
SHARE_PATH = "/share"
# The query parameter that says by whose post somebody came; what it leads to is the same without it.
CAMPAIGN = "via"
# Beyond so many letters the short address is used where each of them counts.
LONG_LINK = 100

_TAG = re.compile(r"[a-z0-9-]{1,50}")
_SLUG = re.compile(r"(?<=/)(\d{4}/\d\d/\d\d/)[^/?#]*-(?=[^/?#-]+(?:[?#]|\Z))", re.ASCII)


def slice_path(which: Slice) -> str:
    """The page of a slice, with a slash at the end: `/`, `/sections/economy/`, `/2018/04/20/`."""
    if which.kind == "all":
        return "/"
    if which.kind == "day":
        return f"/{which.day:%Y/%m/%d}/"
    return f"/{PLACES[which.kind]}/{quote(which.value, safe='')}/"


def feed_path(which: Slice, format: str) -> str:
    """The feed of a slice in `rss`, `atom` or `json`: `/feed.rss`, `/tags/budget/feed.json`."""
    return slice_path(which) + FORMATS[format]


def archive_path(day: date, format: str, revision: int = 0) -> str:
    """A day's archive document: `/2018/04/19/archive.rss`, at one of its revisions `/2018/04/19/archive.7.rss`."""
    return f"/{day:%Y/%m/%d}/archive.{revision}.{format}" if revision else f"/{day:%Y/%m/%d}/archive.{format}"


def article_path(day: date, slug: str, key: str) -> str:
    """The page of an article: `/2018/04/20/<slug>-<key>`. Only the key finds it; another slug is redirected."""
    return f"/{day:%Y/%m/%d}/{quote(slug, safe='')}-{key}" if slug else f"/{day:%Y/%m/%d}/{key}"


def short_url(article_url: str) -> str:
    """An article's address without its slug, for where every letter counts; it is redirected to the full one, with the
    query that it has. Any other address stays as it is."""
    return _SLUG.sub(r"\1", article_url)


def campaign_tag(text: str) -> str:
    """The text if it can be the name of an account (a-z, 0-9 and hyphens, 50 at most), else nothing."""
    return text if _TAG.fullmatch(text) else ""


def campaign_url(article_url: str, account: str) -> str:
    """The address for an account's post: who follows it is counted as having come by that (docs/privacy.md)."""
    return f"{article_url}?{CAMPAIGN}={account}" if account else article_url


def share_path(network: str, article_id: str) -> str:
    return f"{SHARE_PATH}/{network}/{article_id}"


def qr_path(article_id: str) -> str:
    """The article's short address as a QR code."""
    return f"/qr/{article_id}.svg"


def card_path(name: str) -> str:
    """The card of an article, by the name it has at present (shared.cards). Its bytes never change."""
    return f"/cards/{name}.png"


def urn(article_id: str) -> str:
    """The item's id in every output (RFC 9562, section 4): opaque, given once, never used again."""
    return f"urn:uuid:{article_id}"


def poster_path(token: str, format: str) -> str:
    """The private feed of an account whose posts an outside poster fetches, in `rss`, `atom` or `json`."""
    return f"/posters/{token}.{format}"


def poster_urn(article_id: str, account_id: int, kind: str) -> str:
    """The id of an item in such a feed: one for each article, account and kind of post, and never another."""
    return f"urn:uuid:{uuid.uuid5(uuid.UUID(article_id), f'{account_id} {kind}')}"
