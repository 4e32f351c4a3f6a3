"""What is sent to subscribers: the bytes of our own feeds, fetched once for each revision."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from shared.errors import MastheadError, OutboundError
from shared.http import Door

DEADLINE = 4.0
MOST_BYTES = 50_000_000
# Bytes of feeds held by a process.
CAPACITY = 64_000_000
PAUSE = 0.03
_SEQ = re.compile(r'^"[0-9a-f]+\.([0-9]+)"$')


class TopicGone(MastheadError):
    """There is no such feed any more."""


@dataclass(frozen=True)
class Content:
    """One feed at one revision: `seq` is the number of its last change (Feed.seq)."""

    body: bytes
    content_type: str
    seq: int
    digest: str  # SHA-256


class Contents:
    """The newest bytes of each topic; asked for from threads, which wait for one fetch of the same topic."""

    def __init__(self, door: Door, feed_url: str) -> None:
        self._door = door
        self._feed_url = feed_url
        self._kept: OrderedDict[str, Content] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()
        self._fetching = tuple(threading.Lock() for _ in range(64))

    def at_least(self, path: str, seq: int) -> Content:
        """The feed at this change or a later one. Raises OutboundError while it cannot be had, and TopicGone."""
        with self._fetching[hash(path) % len(self._fetching)]:
            until = time.monotonic() + DEADLINE
            content = self._kept.get(path)
            while content is None or content.seq < seq:
                content = self._fetch(path)
                self._keep(path, content)
                if content.seq < seq:  # the feed's process has not heard of the change yet
                    if time.monotonic() > until:
                        raise OutboundError(f"{path} is served as of change {content.seq}, not {seq}.")
                    time.sleep(PAUSE)
            return content

    def _fetch(self, path: str) -> Content:
        headers = {"Accept-Encoding": "identity", "Cache-Control": "no-cache"}
        answer = self._door.get(
            self._feed_url + path, headers=headers, max_bytes=MOST_BYTES, deadline=DEADLINE, follow=False
        )
        if answer.status in (404, 410):
            raise TopicGone(path)
        found = _SEQ.match(answer.headers.get("ETag", ""))
        if answer.status != 200 or found is None:
            raise OutboundError(f"{path} cannot be fetched from the feed service: HTTP {answer.status}.")
        digest = hashlib.sha256(answer.body).hexdigest()
        return Content(answer.body, answer.headers.get("Content-Type", ""), int(found[1]), digest)

    def _keep(self, path: str, content: Content) -> None:
        with self._lock:
            old = self._kept.pop(path, None)
            self._size += len(content.body) - (len(old.body) if old else 0)
            self._kept[path] = content
            while self._size > CAPACITY and len(self._kept) > 1:
                _, oldest = self._kept.popitem(last=False)
                self._size -= len(oldest.body)
