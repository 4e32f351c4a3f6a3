"""`GET /live`: what happens, as Server-Sent Events (WHATWG HTML, section 9.2), for any number of idle listeners.

Whoever comes back with the id of its last event is first told what it missed, read from the record page by page, and
then joins the others: without a gap and without hearing anything twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar
from urllib.parse import parse_qsl

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from services.push import happenings
from services.push.asgi import Receive, Request, Send, answer, client_address, cut_off
from services.push.hall import PAGE, Hall, Listener, in_stream
from shared.clock import Clock
from shared.db import Database
from shared.errors import Fault, Refused
from shared.publication import Publication
from shared.topics import Selection, select

log = logging.getLogger(__name__)

T = TypeVar("T")

# Seconds between two signs of life on a stream where nothing happens.
HEARTBEAT = 15.0
# Seconds for which a client may leave what was sent to it unread.
PATIENCE = 30.0
# Seconds before the record is asked again when it does not answer.
ASK_AGAIN = 1.0
# Milliseconds after which a client comes back when a stream ends.
RETRY = 2000
# Replays that read from the record at a time.
REPLAYS = 4
MOST_PARAMETERS = 20
LONGEST_ID = 18
RESET = b'id: %d\nevent: reset\ndata: {"reason":"Events from before this one may be missing; fetch the feed."}\n\n'

CORS = [(b"access-control-allow-origin", b"*")]
HEADERS = [
    *CORS,
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]
PREFLIGHT = [
    *CORS,
    (b"access-control-allow-methods", b"GET, HEAD"),
    (b"access-control-allow-headers", b"Last-Event-ID, Cache-Control"),
    (b"access-control-max-age", b"86400"),
]


@dataclass(frozen=True)
class Wish:
    """What a request for the stream asks for. `last_id` is None for one that begins now."""

    selection: Selection
    last_id: int | None


def read_wish(query: bytes, last_event_ids: list[str]) -> Wish:
    """The wish in a query and in the values of Last-Event-ID. Raises Refused (400) for what cannot be one."""
    try:
        parameters = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError as error:
        raise Refused(f"The query has more than {MOST_PARAMETERS} parameters.") from error
    filters = [each for each in parameters if each[0] != "last_event_id"]
    # A reconnecting client repeats its address; what it says in the header is newer.
    given = last_event_ids or [value for name, value in parameters if name == "last_event_id"]
    given = [value.strip() for value in given if value.strip()]
    if len(given) > 1 or any(not (each.isascii() and each.isdecimal() and len(each) <= LONGEST_ID) for each in given):
        where = {"header": "Last-Event-ID"} if last_event_ids else {"parameter": "last_event_id"}
        fault = Fault(
            "", "is no id of this stream", ", ".join(given)[:100], "the id of one event, as it was sent", **where
        )
        raise Refused("The stream cannot go on after this id.", faults=[fault])
    return Wish(select(filters), int(given[0]) if given else None)


class Live:
    """The handler of /live. One for each process, on its event loop."""

    def __init__(
        self, db: Database, publication: Publication, clock: Clock, hall: Hall, *, hours: int, proxies: int
    ) -> None:
        self._db = db
        self._publication = publication
        self._clock = clock
        self._hall = hall
        self._kept = timedelta(hours=hours)
        self._proxies = proxies
        self._reading = asyncio.Semaphore(REPLAYS)

    async def __call__(self, request: Request, receive: Receive, send: Send) -> None:
        """Answers one request. Raises Refused before anything is sent."""
        if request.method == "OPTIONS":
            return await answer(send, 204, PREFLIGHT)
        if request.method not in ("GET", "HEAD"):
            raise Refused(
                "Only GET is answered here.",
                status=405,
                title="Method not allowed",
                headers={"Allow": "GET, HEAD, OPTIONS"},
            )
        wish = read_wish(request.query, request.header("last-event-id"))
        if request.method == "HEAD":
            return await answer(send, 200, HEADERS)
        listener = Listener(wish.selection)
        with self._hall.place(listener, client_address(request, self._proxies)):
            gone = asyncio.ensure_future(_until_gone(receive))
            gone.add_done_callback(lambda _: listener.end())
            try:
                await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
                await self._stream(wish, listener, send)
            except TimeoutError:
                listener.is_deaf = True
            except asyncio.CancelledError:
                pass  # gone, deaf, or this process ends: whoever is still there comes back with its last id
            finally:
                gone.cancel()
            if listener.is_deaf:
                await asyncio.to_thread(cut_off, request)
        return None

    async def _stream(self, wish: Wish, listener: Listener, send: Send) -> None:
        await _send(send, b"retry: %d\n\n" % RETRY)
        after = self._hall.position
        if wish.last_id is not None:
            after = await self._replay(wish.last_id, listener, send)
        with self._hall.listening(listener, after):
            # Without this, who loses the connection before the first event could not say where to go on.
            told = await self._mark(send, -1, after)
            while True:
                try:
                    async with asyncio.timeout(HEARTBEAT):
                        piece = await listener.waiting.get()
                except TimeoutError:
                    told = await self._mark(send, told, max(self._hall.position, after))
                    continue
                while not listener.waiting.empty():
                    piece += listener.waiting.get_nowait()
                await _send(send, piece)

    async def _replay(self, last_id: int, listener: Listener, send: Send) -> int:
        """Sends what was missed up to where the hall is; returns the id from which the listener goes on."""
        since = self._clock.now() - self._kept
        begin = await self._ask(send, lambda session: happenings.start(session, last_id, since))
        after = begin.after
        if begin.missing:
            await _send(send, RESET % after)
        while after < (end := self._hall.position):
            missed = await self._ask(
                send,
                lambda session, after=after, end=end: happenings.messages(  # type: ignore[misc]
                    session, self._publication, after=after, up_to=end, limit=PAGE
                ),
            )
            piece = b"".join(in_stream(each) for each in missed if listener.selection.holds(each.slices))
            if piece:
                await _send(send, piece)
            after = missed[-1].id if len(missed) == PAGE else end
        return after

    async def _ask(self, send: Send, question: Callable[[Session], T]) -> T:
        """The record's answer, however long it takes; the client is kept by signs of life meanwhile."""

        def read() -> T:
            with self._db.read() as session:
                return question(session)

        loop = asyncio.get_running_loop()
        next_sign = loop.time() + HEARTBEAT
        while True:
            try:
                async with self._reading:
                    return await asyncio.to_thread(read)
            except SQLAlchemyError as error:
                log.warning("a listener waits, the record does not answer: %s", error)
            await asyncio.sleep(ASK_AGAIN)
            if loop.time() >= next_sign:
                await _send(send, b":\n\n")
                next_sign = loop.time() + HEARTBEAT

    async def _mark(self, send: Send, told: int, position: int) -> int:
        """A sign of life. When the stream has moved, it carries the id: events that do not match the filters then need
        not be looked through again. A block without data is no event, but sets the client's last id."""
        await _send(send, b":\nid: %d\n\n" % position if position > told else b":\n\n")
        return position


async def _send(send: Send, piece: bytes) -> None:
    async with asyncio.timeout(PATIENCE):
        await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
