"""How a rendered document is answered: its validators, its content codings and its headers (RFC 9110)."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import brotli
from backports import zstd
from werkzeug.http import http_date, parse_accept_header, parse_date

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Headers = list[tuple[str, str]]

# In our order of preference. Each gives the same bytes on every machine.
CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda body: brotli.compress(body, quality=5),
    "zstd": lambda body: zstd.compress(body, level=9),
    "gzip": lambda body: gzip.compress(body, compresslevel=6, mtime=0),
}
# Feed readers and caches may keep a document for a minute, use it half a minute longer while they ask whether it
# changed, and for a day when nobody answers (RFC 5861); browsers ask for pages each time.
FEED_CACHE = "public, max-age=60, stale-while-revalidate=30, stale-if-error=86400"
PAGE_CACHE = "public, no-cache"
# Of what may have changed, unknown to us: caches are to come back soon.
STALE_CACHE = "public, max-age=5"
VARY = "Accept-Encoding"
# Browsers show feeds as bare text, but other XML with its style sheet; they say when they are to show a document (Fetch
# Metadata). The bytes are the same.
XML_FEED = re.compile(r"^application/(?:rss|atom)\+xml")

# Answers a document remembers by what was asked, and the longest If-None-Match among them.
REMEMBERED = 64
LONGEST_REMEMBERED = 200
# What proxies that compress make of a tag: "x-gzip" (Apache), "x--gzip" (Jetty), "x;gzip".
_SUFFIX = r"(?:[-;]{1,2}(?:br|zstd|gzip|deflate))"


class Answer(NamedTuple):
    """What goes over the wire."""

    status: str
    headers: Headers
    body: bytes

    def sent(self, start_response: StartResponse) -> list[bytes]:
        start_response(self.status, self.headers)
        return [self.body]


@dataclass
class Rendered:
    """One document at one revision, in every content coding that was asked for so far."""

    slices: tuple[str, ...]  # whose moves make it stale
    content_type: str
    body: bytes
    last_modified: datetime
    second_shared: bool  # an earlier state had the same Last-Modified: only the ETag tells them apart
    cache_control: str = FEED_CACHE
    extra_headers: tuple[tuple[str, str], ...] = ()
    seq: int = 0  # of a feed: the commit-ordered number of its last change, part of its tags
    items: tuple[str, ...] = ()  # of a feed: the ids of its articles
    codings: dict[str, Representation] = field(default_factory=dict)
    ready: dict[tuple[str | None, ...], Answer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.shown_as = XML_FEED.sub("application/xml", self.content_type)
        self.vary = VARY if self.shown_as == self.content_type else f"{VARY}, Sec-Fetch-Dest"
        digest = hashlib.sha256(self.body).hexdigest()[:24]
        self.tag = f"{digest}.{self.seq}" if self.seq else digest
        self.modified_second = int(self.last_modified.timestamp())
        # With its codings, which of all but the smallest texts are together smaller than the body itself.
        self.size = 2 * len(self.body) + 2000

    def representation(self, coding: str) -> Representation:
        """The document in a content coding, made on first use."""
        made = self.codings.get(coding)
        if made is None:
            body = CODINGS[coding](self.body) if coding in CODINGS else self.body
            made = self.codings[coding] = Representation.of(self, coding, body)
        return made


@dataclass(frozen=True)
class Representation:
    """A document in one content coding: its tag, the headers of a 200, and those of a 304 beside its ETag."""

    etag: str
    headers: Headers
    headers_304: Headers
    body: bytes

    @classmethod
    def of(cls, rendered: Rendered, coding: str, body: bytes) -> Representation:
        etag = tag_of(rendered.tag, coding)
        shared = [
            ("Last-Modified", http_date(rendered.last_modified)),
            ("Cache-Control", rendered.cache_control),
            ("Vary", rendered.vary),
            *rendered.extra_headers,
        ]
        content = content_headers(rendered.content_type, coding, body)
        return cls(etag, [*content, ("ETag", etag), *shared, ("X-Content-Type-Options", "nosniff")], shared, body)


def tag_of(tag: str, coding: str) -> str:
    """The strong ETag of a document in a coding."""
    return f'"{tag}-{coding}"' if coding in CODINGS else f'"{tag}"'


def content_headers(content_type: str, coding: str, body: bytes) -> Headers:
    content = [("Content-Type", content_type), ("Content-Length", str(len(body)))]
    return [*content, ("Content-Encoding", coding)] if coding in CODINGS else content


@lru_cache(maxsize=1024)
def best_coding(accept_encoding: str) -> str:
    """The content coding to answer with (RFC 9110, 12.5.3): the client's favourite, ours where it has none."""
    accepted = {name.lower(): quality for name, quality in parse_accept_header(accept_encoding)}
    others = accepted.get("*", 0.0)
    offered = {name: quality for name in CODINGS if (quality := accepted.get(name, others)) > 0}
    return max(offered, key=lambda name: offered[name], default="identity")


def current_tag(
    rendered: Rendered, etag: str, if_none_match: str | None, if_modified_since: str | None = None
) -> str | None:
    """The tag of the client's copy if that is current: If-None-Match decides, else If-Modified-Since (13.1.3)."""
    if if_none_match is not None:
        return _named(if_none_match, rendered, etag)
    if if_modified_since is None or rendered.second_shared:
        return None
    known = parse_date(if_modified_since)
    return etag if known is not None and rendered.modified_second <= known.timestamp() else None


def _named(if_none_match: str, rendered: Rendered, etag: str) -> str | None:
    """Any coding of these bytes will do, ours or a proxy's: the client has this revision, in whichever coding.

    The list is searched, not taken apart: ten thousand tags cost no more than reading them once.
    """
    if etag in if_none_match or if_none_match.strip() == "*":
        return etag
    if rendered.tag not in if_none_match:
        return None
    found = re.search(rf'(?:^|[\s,"/])({re.escape(rendered.tag)}{_SUFFIX}*)(?=$|[\s,"])', if_none_match)
    return f'"{found[1]}"' if found else None


def answer(rendered: Rendered, environ: WSGIEnvironment) -> Answer:
    """The answer to GET or HEAD: 200 or 304."""
    get = environ.get
    if_none_match = get("HTTP_IF_NONE_MATCH")
    asked = (
        environ["REQUEST_METHOD"],
        get("HTTP_ACCEPT_ENCODING"),
        if_none_match,
        get("HTTP_IF_MODIFIED_SINCE"),
        get("HTTP_SEC_FETCH_DEST"),
    )
    known = rendered.ready.get(asked)
    if known is not None:
        return known
    made = _made(rendered, *asked)
    if if_none_match is None or len(if_none_match) < LONGEST_REMEMBERED:
        if len(rendered.ready) >= REMEMBERED:
            rendered.ready.clear()
        rendered.ready[asked] = made
    return made


def _made(
    rendered: Rendered,
    method: str,
    accept_encoding: str | None,
    if_none_match: str | None,
    if_modified_since: str | None,
    destination: str | None,
) -> Answer:
    chosen = rendered.representation(best_coding(accept_encoding or ""))
    tag = current_tag(rendered, chosen.etag, if_none_match, if_modified_since)
    if tag is not None:
        return Answer("304 Not Modified", [("ETag", tag), *chosen.headers_304], b"")
    headers = chosen.headers
    if destination == "document":
        headers = [(name, rendered.shown_as if name == "Content-Type" else value) for name, value in headers]
    return Answer("200 OK", headers, b"" if method == "HEAD" else chosen.body)


def stale(fresh: Answer, seconds: float) -> Answer:
    """The same answer, marked as what we had this long ago (RFC 9211), for caches to ask again soon."""
    headers = [(name, STALE_CACHE if name == "Cache-Control" else value) for name, value in fresh.headers]
    headers.append(("Cache-Status", f"masthead; hit; ttl=-{max(1, int(seconds))}"))
    return fresh._replace(headers=headers)


def send(environ: WSGIEnvironment, start_response: StartResponse, rendered: Rendered) -> list[bytes]:
    """Answers GET and HEAD with 200 or 304."""
    return answer(rendered, environ).sent(start_response)
