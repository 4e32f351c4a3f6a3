"""Rendered bytes, kept ready: made once per revision, answered without touching anything else.

`FastPath` stands before Flask and answers what this process knows to be fresh. `Hot` finds or makes everything else:
first in this process, then in Redis where another process may have put it, then by rendering from the record.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import brotli
import redis
from werkzeug.datastructures import ETags
from werkzeug.http import http_date, parse_accept_header, parse_date, parse_etags

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda body: brotli.compress(body, quality=5),
    "gzip": lambda body: gzip.compress(body, compresslevel=6, mtime=0),
}
# Feed readers may keep a document for a minute and must then ask whether it changed; browsers ask each time.
FEED_CACHE = "public, max-age=60, must-revalidate"
PAGE_CACHE = "public, no-cache"
REDIS_SECONDS = 3600
# Slices whose last move a process remembers; only renderings that were under way then need to know.
MOVES_REMEMBERED = 10_000


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
    codings: dict[str, Answer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        digest = hashlib.sha256(self.body).hexdigest()[:24]
        self.tag = f"{digest}.{self.seq}" if self.seq else digest
        self.modified_second = int(self.last_modified.timestamp())
        self.size = 2 * len(self.body)  # with its codings, which together are smaller than the body itself

    def answer(self, coding: str) -> Answer:
        """The response in a content coding, made on first use."""
        made = self.codings.get(coding)
        if made is None:
            body = CODINGS[coding](self.body) if coding in CODINGS else self.body
            made = self.codings[coding] = Answer.of(self, coding, body)
        return made


@dataclass(frozen=True)
class Answer:
    """What goes over the wire: the headers of a 200, those of a 304 beside its ETag, and the body."""

    etag: str
    headers: list[tuple[str, str]]
    headers_304: list[tuple[str, str]]
    body: bytes

    @classmethod
    def of(cls, rendered: Rendered, coding: str, body: bytes) -> Answer:
        etag = f'"{rendered.tag}-{coding}"' if coding in CODINGS else f'"{rendered.tag}"'
        shared = [
            ("Last-Modified", http_date(rendered.last_modified)),
            ("Cache-Control", rendered.cache_control),
            ("Vary", "Accept-Encoding"),
            *rendered.extra_headers,
        ]
        content = [("Content-Type", rendered.content_type), ("Content-Length", str(len(body)))]
        if coding in CODINGS:
            content.append(("Content-Encoding", coding))
        return cls(etag, [*content, ("ETag", etag), *shared, ("X-Content-Type-Options", "nosniff")], shared, body)


@lru_cache(maxsize=1024)
def best_coding(accept_encoding: str) -> str:
    """The content coding to answer with (RFC 9110, 12.5.3): the client's favourite, ours where it has none."""
    accepted = {name.lower(): quality for name, quality in parse_accept_header(accept_encoding)}
    others = accepted.get("*", 0.0)
    offered = {name: quality for name in CODINGS if (quality := accepted.get(name, others)) > 0}
    return max(offered, key=lambda name: offered[name], default="identity")


def current_tag(environ: WSGIEnvironment, rendered: Rendered, answer: Answer) -> str | None:
    """The tag of the client's copy if that is current: If-None-Match decides, else If-Modified-Since (13.1.3)."""
    given = environ.get("HTTP_IF_NONE_MATCH")
    if given is not None:
        return answer.etag if given == answer.etag else _named(parse_etags(given), rendered, answer)
    since = environ.get("HTTP_IF_MODIFIED_SINCE")
    if since is None or rendered.second_shared:
        return None
    known = parse_date(since)
    return answer.etag if known is not None and rendered.modified_second <= known.timestamp() else None


def _named(tags: ETags, rendered: Rendered, answer: Answer) -> str | None:
    """Any coding of these bytes will do: the client has this revision, in whichever coding."""
    if tags.star_tag or tags.contains_raw(answer.etag):
        return answer.etag
    ours = (rendered.tag, *(f"{rendered.tag}-{coding}" for coding in CODINGS))
    return next((f'"{tag}"' for tag in ours if tags.contains_weak(tag)), None)


def send(environ: WSGIEnvironment, start_response: StartResponse, rendered: Rendered) -> list[bytes]:
    """Answers GET and HEAD with 200 or 304."""
    answer = rendered.answer(best_coding(environ.get("HTTP_ACCEPT_ENCODING", "")))
    tag = current_tag(environ, rendered, answer)
    if tag is not None:
        start_response("304 Not Modified", [("ETag", tag), *answer.headers_304])
        return [b""]
    start_response("200 OK", answer.headers)
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else answer.body]


class Hot:
    """The documents of this process that are known to be what the record says, by address.

    They take at most `capacity` bytes, what was made longest ago goes first. Moves are numbered: a document is fresh
    if its slice has not moved since the record was read for it.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._fresh: dict[str, Rendered] = {}
        self._size = 0
        self._paths: dict[str, set[str]] = {}
        self._moves = 0
        self._moved_at: OrderedDict[str, int] = OrderedDict()
        self._forgotten = 0  # the newest move that is no longer in _moved_at

    def fresh(self, path: str) -> Rendered | None:
        """The document at this address if it is known to be what the record says."""
        return self._fresh.get(path)

    def mark(self) -> int:
        """Take this before reading the record; `keep` needs it to tell whether the slice moved meanwhile."""
        with self._lock:
            return self._moves

    def keep(self, path: str, rendered: Rendered, mark: int) -> None:
        """Keeps a document, unless its slice may have moved since the mark was taken."""
        with self._lock:
            if max([self._forgotten, *(self._moved_at.get(each, 0) for each in rendered.slices)]) > mark:
                return
            self._drop(path)
            self._fresh[path] = rendered
            self._size += rendered.size
            for each in rendered.slices:
                self._paths.setdefault(each, set()).add(path)
            while self._size > self._capacity:
                self._drop(next(iter(self._fresh)))

    def moved(self, slices: Iterable[str]) -> None:
        """These slices have a new revision: nothing of them is fresh any more."""
        with self._lock:
            self._moves += 1
            for which in slices:
                self._moved_at[which] = self._moves
                self._moved_at.move_to_end(which)
                for path in tuple(self._paths.get(which, ())):
                    self._drop(path)
            while len(self._moved_at) > MOVES_REMEMBERED:
                _, self._forgotten = self._moved_at.popitem(last=False)

    def lost(self) -> None:
        """What has moved is not known: nothing is fresh until it was read anew."""
        with self._lock:
            self._moves += 1
            self._forgotten = self._moves
            self._moved_at.clear()
            self._fresh.clear()
            self._paths.clear()
            self._size = 0

    def _drop(self, path: str) -> None:
        old = self._fresh.pop(path, None)
        if old is not None:
            self._size -= old.size
            for each in old.slices:
                self._paths[each].discard(path)
                if not self._paths[each]:
                    del self._paths[each]


class FastPath:
    """WSGI middleware: hot documents are answered here, everything else goes on to Flask."""

    def __init__(self, app: Callable[..., Iterable[bytes]], hot: Hot) -> None:
        self._app = app
        self._hot = hot

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] in ("GET", "HEAD") and not environ.get("QUERY_STRING"):
            rendered = self._hot.fresh(environ["PATH_INFO"])
            if rendered is not None:
                return send(environ, start_response, rendered)
        return self._app(environ, start_response)


class SharedBytes:
    """The newest rendering of each document in Redis, so that processes and replicas render a revision once.

    `stamp` names the state of the record that was rendered; bytes of any other state are not given out.
    """

    def __init__(self, client: redis.Redis, installation: str, build: str) -> None:
        self._client = client
        # The build is part of the name: another version or configuration may render other bytes.
        self._prefix = f"masthead:{installation}:hot:{build}"

    def get(self, name: str, stamp: str) -> bytes | None:
        try:
            kept, body = self._client.hmget(f"{self._prefix}:{name}", ["stamp", "body"])
        except redis.RedisError:
            return None
        return cast("bytes", body) if kept == stamp.encode() else None

    def put(self, name: str, stamp: str, body: bytes) -> None:
        key = f"{self._prefix}:{name}"
        try:
            with self._client.pipeline(transaction=True) as pipe:
                pipe.hset(key, mapping={"stamp": stamp, "body": body})
                pipe.expire(key, REDIS_SECONDS)
                pipe.execute()
        except redis.RedisError as error:
            log.warning("rendered bytes are kept in this process only: %s", error)
