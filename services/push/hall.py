"""Everyone who listens to this process, and the one follower that tells them what happens.

The hall belongs to the event loop: all its methods are called there. The follower is a thread, since it waits for the
record and for Redis.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence

import redis

from services.push import happenings
from services.push.messages import Message
from shared.announcements import Announcements
from shared.db import Database
from shared.errors import Refused
from shared.publication import Publication
from shared.topics import Selection

log = logging.getLogger(__name__)

# Pieces that wait for a listener who does not read; with one more it is sent away and comes back with Last-Event-ID.
MOST_WAITING = 64
# Events the follower reads at a time.
PAGE = 200
# Seconds between two looks, for each listener: telling one takes about a third of this, so that a crowd of listeners
# leaves the processor to others.
PAUSE_PER_LISTENER = 0.0001


def in_stream(message: Message) -> bytes:
    """One event of text/event-stream."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (message.id, message.name.encode(), message.body)


class Listener:
    """One open stream: what it wants to hear, the last event it knows, and what waits to be sent."""

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self.after = 0
        self.is_deaf = False  # it does not read what is sent
        self.waiting: asyncio.Queue[bytes] = asyncio.Queue(MOST_WAITING)
        self._task = asyncio.current_task()

    def wants(self, message: Message) -> bool:
        return message.id > self.after and self.selection.holds(message.slices)

    def end(self) -> None:
        """Ends the stream wherever it stands, in sending too."""
        if self._task is not None:
            self._task.cancel()


class Hall:
    def __init__(self, position: int, *, most: int, most_per_address: int) -> None:
        self.position = position  # id of the last event that was told
        self.listeners: set[Listener] = set()  # who is told what happens; the others still hear what they missed
        self._open: set[Listener] = set()
        self._addresses: Counter[str] = Counter()
        self._most = most
        self._most_per_address = most_per_address
        self._closed = False

    @contextlib.contextmanager
    def place(self, listener: Listener, address: str) -> Iterator[None]:
        """A place for a client at this address, or for one that is not counted ("").

        Raises Refused: 503 when the hall is full, 429 when this address has enough.
        """
        if self._closed or len(self._open) >= self._most:
            raise Refused(
                "The server stops." if self._closed else f"All {self._most:,} places of this server are taken.",
                status=503,
                title="Too many listeners",
                headers={"Retry-After": "30"},
            )
        if address and self._addresses[address] >= self._most_per_address:
            raise Refused(
                f"{self._most_per_address} streams are open from your address; close one of them first.",
                status=429,
                title="Too many listeners",
                headers={"Retry-After": "30"},
            )
        self._open.add(listener)
        self._addresses[address] += 1
        try:
            yield
        finally:
            self._open.discard(listener)
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]

    @contextlib.contextmanager
    def listening(self, listener: Listener, after: int) -> Iterator[None]:
        """From here on the listener hears everything that comes after this event, which is the last one told so far,
        or one that another process has told already."""
        listener.after = after
        self.listeners.add(listener)
        try:
            yield
        finally:
            self.listeners.discard(listener)

    def tell(self, messages: Sequence[Message]) -> None:
        """Hands the next events to all who want them; a listener with too much waiting is sent away."""
        self.position = messages[-1].id
        pieces = {message.id: in_stream(message) for message in messages}
        whole: dict[Selection, bytes] = {}
        for listener in self.listeners:
            if listener.after >= messages[0].id:
                piece = b"".join(pieces[each.id] for each in messages if listener.wants(each))
            elif (known := whole.get(listener.selection)) is not None:
                piece = known
            else:
                piece = b"".join(pieces[each.id] for each in messages if listener.wants(each))
                whole[listener.selection] = piece
            if piece:
                try:
                    listener.waiting.put_nowait(piece)
                except asyncio.QueueFull:
                    listener.is_deaf = True
                    listener.end()

    def close(self) -> None:
        """Ends every stream at once, and lets nobody in any more."""
        self._closed = True
        for listener in self._open:
            listener.end()


class Follower:
    """Reads each new event once and tells it to the hall; looks when feeds are announced, and by itself."""

    def __init__(self, db: Database, publication: Publication, client: redis.Redis, installation: str) -> None:
        self._db = db
        self._publication = publication
        self._announcements = Announcements(client, installation)

    def start(self, hall: Hall, loop: asyncio.AbstractEventLoop) -> None:
        """Follows until the process ends."""
        threading.Thread(target=self._follow, args=(hall, loop), daemon=True, name="follower").start()

    def _follow(self, hall: Hall, loop: asyncio.AbstractEventLoop) -> None:
        while not loop.is_closed():
            started = time.monotonic()
            try:
                while self._look(hall, loop) == PAGE:
                    pass
            except Exception as error:  # whatever it is: without this thread, nobody would be told anything
                log.warning("nothing is told, the record does not answer: %s", error)
            pause = len(hall.listeners) * PAUSE_PER_LISTENER
            time.sleep(max(0.0, started + pause - time.monotonic()))
            self._announcements.wait()

    def _look(self, hall: Hall, loop: asyncio.AbstractEventLoop) -> int:
        with self._db.read() as session:
            if not hall.listeners:
                end = happenings.newest(session)
                if end != hall.position:
                    asyncio.run_coroutine_threadsafe(_skip(hall, end), loop).result()
                return 0
            found = happenings.messages(session, self._publication, after=hall.position, limit=PAGE)
        if found:
            asyncio.run_coroutine_threadsafe(_tell(hall, found), loop).result()
        return len(found)


async def _tell(hall: Hall, found: Sequence[Message]) -> None:
    hall.tell(found)


async def _skip(hall: Hall, end: int) -> None:
    """Goes on to this event without a word; not when somebody came in meanwhile, who would miss what lies between."""
    if not hall.listeners:
        hall.position = end
