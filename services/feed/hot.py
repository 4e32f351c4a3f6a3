"""Rendered bytes, kept ready: made once per revision, answered without touching anything else.

`FastPath` stands before Flask and answers what this process knows to be fresh. Everything else is found or made by the
newsstand: in this process, then in Redis where another process may have put it, then by rendering from the record.
While the record does not answer, the last bytes there are do, marked as stale.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import redis

from services.feed.answers import Answer, Rendered, answer, stale
from services.feed.deltas import asks_for_delta
from shared.urls import CAMPAIGN

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)

_CAMPAIGN_ONLY = re.compile(rf"{CAMPAIGN}=[^&]*")

REDIS_SECONDS = 3600
KEPT = ["stamp", "document", "body"]
# Slices whose last move a process remembers; only renderings that were under way then need to know.
MOVES_REMEMBERED = 10_000
# Seconds for which a look at the record proves what is fresh. Followers look several times a second.
PROVEN_FOR = 5.0


class Hot:
    """The documents of this process by address that are known to be what the record says.

    They take at most `capacity` bytes, what was made longest ago goes first. Moves are numbered: a document is fresh
    if its slices have not moved since the record was read for it. While the record does not answer, nothing is fresh,
    but what was so until then stays at hand.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._fresh: dict[str, Rendered] = {}
        self._last: dict[str, Rendered] = {}  # what was fresh when the record stopped answering
        self._size = 0
        self._paths: dict[str, set[str]] = {}
        self._moves = 0
        self._moved_at: OrderedDict[str, int] = OrderedDict()
        self._forgotten = 0  # the newest move that is no longer in _moved_at
        self._blind = 0  # the moves there were when the record stopped answering
        self._proven_at = time.monotonic()
        self.away_since: float | None = None  # by time.monotonic()

    def fresh(self, path: str) -> Rendered | None:
        """The document at this address if it is known to be what the record says."""
        return self._fresh.get(path)

    def last(self, path: str) -> Rendered | None:
        """The document at this address that was fresh when the record stopped answering."""
        return self._last.get(path)

    def was_current(self, slices: Iterable[str], mark: int) -> bool:
        """Whether these slices have not moved since the mark, as far as the record could be asked."""
        with self._lock:
            return self._newest_move(slices) <= mark

    def mark(self) -> int:
        """Take this before reading the record; `keep` needs it to tell whether the slice moved meanwhile."""
        with self._lock:
            return self._moves

    def keep(self, path: str, rendered: Rendered, mark: int) -> None:
        """Keeps a document, unless one of its slices may have moved since the mark was taken."""
        with self._lock:
            if max(self._blind, self._newest_move(rendered.slices)) > mark:
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
            self._clear()

    def away(self) -> None:
        """The record does not answer: nothing is fresh, but what was so until now is the best there is."""
        with self._lock:
            if self.away_since is None:
                self.away_since = time.monotonic()
                self._last = dict(self._fresh)
            self._moves += 1
            self._blind = self._moves
            self._clear()

    def proven(self, at: float) -> None:
        """The record was looked at then (time.monotonic), and what had moved was reported before."""
        self._proven_at = at
        self.away_since = None
        self._last = {}

    @property
    def is_proven(self) -> bool:
        """Whether the last look was so lately that what is fresh by it may be given out."""
        return time.monotonic() - self._proven_at < PROVEN_FOR

    def _newest_move(self, slices: Iterable[str]) -> int:
        return max([self._forgotten, *(self._moved_at.get(each, 0) for each in slices)])

    def _clear(self) -> None:
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
    """WSGI middleware: hot documents are answered here, everything else goes on to Flask.

    `look` makes sure that the record was looked at and says whether it answered; `last` finds what is left of an
    address while it does not; `polled` is told of each request that is answered here.
    """

    def __init__(
        self,
        app: Callable[..., Iterable[bytes]],
        hot: Hot,
        look: Callable[[], bool],
        last: Callable[[str], Rendered | None],
        polled: Callable[[WSGIEnvironment], None],
    ) -> None:
        self._app = app
        self._hot = hot
        self._polled = polled
        self._look = look
        self._last = last

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self._app(environ, start_response)
        hot = self._hot
        if insists_on_news(environ) or not hot.is_proven:
            self._look()
        rendered = hot.fresh(address_of(environ))
        if rendered is not None:
            made = answer(rendered, environ)
            if "HTTP_A_IM" in environ and made.status == "200 OK" and asks_for_delta(environ):
                return self._app(environ, start_response)
            self._polled(environ)
            return made.sent(start_response)
        if hot.away_since is not None and (last := self.last_answer(environ)) is not None:
            return last.sent(start_response)
        return self._app(environ, start_response)

    def last_answer(self, environ: WSGIEnvironment) -> Answer | None:
        """What there is of this address, marked as stale; None when there is nothing that would be good enough."""
        rendered = None if insists_on_news(environ) else self._last(address_of(environ))
        if rendered is None:
            return None
        since = self._hot.away_since
        return stale(answer(rendered, environ), 0 if since is None else time.monotonic() - since)


def address_of(environ: WSGIEnvironment) -> str:
    """By which documents are known: the path as WSGI has it, with the query of combined filters. Nothing depends on by
    whose post somebody came."""
    path: str = environ["PATH_INFO"]
    query = environ.get("QUERY_STRING")
    return f"{path}?{query}" if query and not _CAMPAIGN_ONLY.fullmatch(query) else path


def insists_on_news(environ: WSGIEnvironment) -> bool:
    """Whether nothing may be answered that the record was not asked about (RFC 9111, 5.2.1.4)."""
    return "no-cache" in environ.get("HTTP_CACHE_CONTROL", "")


class SharedBytes:
    """The newest rendering of each document in Redis, so that processes and replicas render a revision once.

    `stamp` names the state of the record that was rendered; documents of any other state are not given out by `get`.
    """

    def __init__(self, client: redis.Redis, installation: str, build: str) -> None:
        self._client = client
        # The build is part of the name: another version or configuration may render other bytes.
        self._prefix = f"masthead:{installation}:hot:{build}"

    def get(self, path: str, stamp: str) -> Rendered | None:
        try:
            kept, document, body = cast("list[Any]", self._client.hmget(f"{self._prefix}:{path}", KEPT))
        except redis.RedisError:
            return None
        return _read(document, body) if kept == stamp.encode() else None

    def put(self, path: str, stamp: str, rendered: Rendered) -> None:
        key = f"{self._prefix}:{path}"
        try:
            with self._client.pipeline(transaction=True) as pipe:
                pipe.hset(key, mapping=dict(zip(KEPT, (stamp, _written(rendered), rendered.body), strict=True)))
                pipe.expire(key, REDIS_SECONDS)
                pipe.execute()
        except redis.RedisError as error:
            log.warning("rendered bytes are kept in this process only: %s", error)


def _written(rendered: Rendered) -> str:
    """All of it but the body."""
    return json.dumps(
        {
            "slices": rendered.slices,
            "content_type": rendered.content_type,
            "last_modified": rendered.last_modified.isoformat(),
            "second_shared": rendered.second_shared,
            "cache_control": rendered.cache_control,
            "extra_headers": rendered.extra_headers,
            "seq": rendered.seq,
            "items": rendered.items,
        }
    )


def _read(document: bytes, body: bytes) -> Rendered:
    kept = json.loads(document)
    return Rendered(
        **kept
        | {
            "slices": tuple(kept["slices"]),
            "items": tuple(kept["items"]),
            "body": body,
            "last_modified": datetime.fromisoformat(kept["last_modified"]),
            "extra_headers": tuple((name, value) for name, value in kept["extra_headers"]),
        }
    )
