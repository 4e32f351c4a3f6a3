"""Preview ready first: an article's page and picture answer before anything leads there.

Networks look at a page once, as soon as a post names it, and keep what they saw; servers that receive the post do so by
the hundred. So the page must be there, as anybody sees it, and warm.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from shared.errors import OutboundError
from shared.http import Door

DEADLINE = 5.0
MOST_BYTES = 10_000_000
# Pages known to be ready; an article goes to every account within seconds.
REMEMBERED = 1000
# Pages asked for at a time.
AT_ONCE = 16


class Readiness:
    """Asks the feed service at `feed_url` for what the world finds at `base_url`. Serves any number of threads."""

    def __init__(self, door: Door, feed_url: str, base_url: str) -> None:
        self._door = door
        self._feed_url = feed_url
        self._base_url = base_url
        self._ready: dict[tuple[str, int], None] = {}
        self._lock = threading.Lock()
        self._asking = [threading.Lock() for _ in range(AT_ONCE)]

    def missing(self, pages: Mapping[str, int], pictures: Iterable[str]) -> str:
        """Why one of these cannot be shown yet; empty when all are ready. Pages by address, each with the article's
        version; of pictures only our own are asked for: those of others are fetched when they are sent."""
        own = ((url, 0) for url in pictures if url.startswith(f"{self._base_url}/"))
        waits = (
            *(self._told(url, version, "the article's page", "text/html") for url, version in pages.items()),
            *(self._told(url, version, "the article's picture", "image/") for url, version in own),
        )
        return next(filter(None, waits), "")

    def _told(self, url: str, version: int, name: str, kind: str) -> str:
        key = (url, version)
        with self._asking[hash(key) % len(self._asking)]:  # whoever comes meanwhile has the answer of the first
            if key in self._ready:
                return ""
            why = self._asked(url, kind)
            if not why:
                self._remember(key)
        return f"{name} is not ready: {why}" if why else ""

    def _remember(self, key: tuple[str, int]) -> None:
        with self._lock:
            self._ready[key] = None
            while len(self._ready) > REMEMBERED:
                del self._ready[next(iter(self._ready))]

    def _asked(self, url: str, kind: str) -> str:
        path = urlsplit(url).path.removeprefix(urlsplit(self._base_url).path)
        try:
            answer = self._door.get(self._feed_url + path, max_bytes=MOST_BYTES, deadline=DEADLINE)
        except OutboundError as error:
            return str(error)
        if answer.status != 200:
            return f"HTTP {answer.status}"
        found = answer.headers.get("Content-Type", "")
        return "" if found.startswith(kind) else f"it is {found or 'of no type'}"
