"""Notes who asks for feeds, at the cost of one entry in a list, and hands it on in the background."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import redis
from flask import Blueprint, Response, request

from services.feed.visitors import visitor_of
from shared.subscribers import Estimate
from shared.urls import FEEDS_PATH, FORMATS
from shared.visitors import Visitor

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

log = logging.getLogger(__name__)

# Seconds between two hand-overs, and how many polls may wait for one: of more, the newest are as good a sample.
EVERY = 5.0
MOST = 20_000

_Noted = tuple[str, str, str, str, str]  # path, query, address, forwarded for, user agent


def feed_at(path: str, query: str) -> str:
    """The feed an address is of, without the cursor to one of its pages; empty for what is no feed."""
    if path.rpartition("/")[2] in FORMATS.values():
        return path
    if path != FEEDS_PATH or not query:
        return ""
    return f"{path}?{'&'.join(each for each in query.split('&') if not each.startswith(('before=', 'since=')))}"


class Polls:
    """`note` is called for each document that the fast path gives out, `watch` sees to those it does not."""

    def __init__(self, estimate: Estimate, today: Callable[[], date], proxies: int) -> None:
        self._estimate = estimate
        self._today = today
        self._proxies = proxies
        self._noted: deque[_Noted] = deque(maxlen=MOST)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="polls")

    def start(self) -> Polls:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def watch(self, feeds: Blueprint) -> None:
        @feeds.after_request
        def note(response: Response) -> Response:
            if response.status_code in (200, 226, 304):
                self.note(request.environ)
            return response

    def note(self, environ: WSGIEnvironment) -> None:
        get = environ.get
        self._noted.append(
            (
                environ["PATH_INFO"],
                get("QUERY_STRING", ""),
                get("REMOTE_ADDR", ""),
                get("HTTP_X_FORWARDED_FOR", ""),
                get("HTTP_USER_AGENT", ""),
            )
        )

    def hand_on(self) -> None:
        """Takes in what was noted so far; it is lost when Redis is away."""
        noted = dict.fromkeys(self._noted.popleft() for _ in range(len(self._noted)))  # in order, each once
        if not noted:
            return
        asked = [(feed_at(path, query), who) for path, query, *who in noted]
        polls = [(feed, self._visitor(*who)) for feed, who in asked if feed]
        try:
            self._estimate.add(polls, self._today())
        except redis.RedisError as error:
            log.warning("polls were not counted, Redis does not answer: %s", error)

    def _visitor(self, address: str, forwarded_for: str, user_agent: str) -> Visitor:
        environ = {"REMOTE_ADDR": address, "HTTP_X_FORWARDED_FOR": forwarded_for, "HTTP_USER_AGENT": user_agent}
        return visitor_of(environ, self._proxies)

    def _run(self) -> None:
        while not self._stopped.wait(EVERY):
            try:
                self.hand_on()
            except Exception:
                log.exception("polls were not counted")
