"""Listeners of the live stream: one that reads for itself, and crowds of them."""

from __future__ import annotations

import asyncio
import http.client
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Told:
    """One block of the stream; `data` is empty where the block is no event."""

    id: str
    event: str
    data: str


def blocks(received: bytes) -> tuple[list[Told], bytes]:
    """The whole blocks in what was received, and the rest."""
    *whole, rest = received.split(b"\n\n")
    return [_block(each.decode()) for each in whole], rest


def _block(text: str) -> Told:
    fields = dict(line.split(": ", 1) for line in text.split("\n") if ": " in line and not line.startswith(":"))
    return Told(fields.get("id", ""), fields.get("event", ""), fields.get("data", ""))


class Stream:
    """One connection to /live, used as a context. `url` is the service's; `path` may hold filters."""

    def __init__(self, url: str, path: str = "/live", *, last_id: str = "", timeout: float = 20.0) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=timeout)
        self._connection.request("GET", path, headers={"Last-Event-ID": last_id} if last_id else {})
        self.answer = self._connection.getresponse()
        self.last_id = last_id
        self._rest = b""

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def blocks(self) -> Iterator[Told]:
        """Every block as it comes, until the stream ends."""
        while True:
            try:
                piece = self.answer.read1(4096)
            except (http.client.IncompleteRead, ConnectionError):
                return
            if not piece:
                return
            found, self._rest = blocks(self._rest + piece)
            for each in found:
                self.last_id = each.id or self.last_id
                yield each

    def events(self) -> Iterator[Told]:
        return (each for each in self.blocks() if each.data)

    def begun(self) -> Stream:
        """Once the stream has said from where it goes on: nothing that happens later is missed."""
        next(each for each in self.blocks() if each.id)
        return self


@dataclass
class Crowd:
    """Many idle listeners, each with a connection of its own, on one event loop."""

    host: str
    port: int
    arrivals: dict[str, list[float]] = field(default_factory=dict)  # id of an event -> when it came to each listener
    marked: int = 0  # listeners that have heard from where they go on
    ended: int = 0

    async def gather(self, size: int, *, at_once: int = 100) -> list[asyncio.Task[None]]:
        """Opens the connections; returns once all are marked."""
        tasks = []
        for number in range(size):
            tasks.append(asyncio.create_task(self._listen()))
            while number + 1 - self.marked - self.ended > at_once:
                await asyncio.sleep(0.001)
        while self.marked + self.ended < size:
            await asyncio.sleep(0.005)
        return tasks

    async def _listen(self) -> None:
        reader, writer = await asyncio.open_connection(self.host, self.port, limit=1 << 14)
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        writer.write(b"GET /live HTTP/1.1\r\nHost: live\r\n\r\n")
        rest, is_marked = b"", False
        try:
            while piece := await reader.read(1 << 14):
                now = time.monotonic()
                *whole, rest = (rest + piece).split(b"\n\n")
                for each in whole:
                    at = each.find(b"id: ")
                    if at < 0:
                        continue
                    if not is_marked:
                        is_marked = True
                        self.marked += 1
                    if b"event: " in each:
                        self.arrivals.setdefault(each[at + 4 :].split(b"\n", 1)[0].decode(), []).append(now)
        except OSError:
            pass
        finally:
            self.ended += 1
            writer.close()
