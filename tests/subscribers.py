"""Foreign subscribers: a small web server that agrees to everything, and misbehaves at the paths that are told to."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    at: float  # time.time()
    host: str

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query).items()}


Writer = asyncio.StreamWriter
# A whole answer; or seconds, or an event, for which the answer waits.
Behaviour = Callable[[Received], "bytes | float | threading.Event"]


def says(status: int, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def agrees(received: Received) -> bytes:
    """Repeats challenges, and takes what is delivered."""
    challenge = received.query.get("hub.challenge") or received.query.get("challenge") or ""
    return says(200, challenge.encode())


def only_verified(behaviour: Behaviour) -> Behaviour:
    """Agrees to be subscribed, and behaves in its own way once something is delivered."""
    return lambda received: agrees(received) if received.method == "GET" else behaviour(received)


ENDLESS = b"endless"


@dataclass
class Subscribers:
    """Used as a context: any number of callbacks on every loopback address of one port."""

    keeps_bodies: bool = True
    received: list[Received] = field(default_factory=list)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)  # by path; the others agree
    open_now: dict[str, int] = field(default_factory=dict)  # by host
    most_open: dict[str, int] = field(default_factory=dict)
    on_receive: Callable[[Received], None] = lambda received: None
    sent: int = 0  # bytes of endless answers
    linger: bool = False  # keep the connection open behind an answer

    def __enter__(self) -> Subscribers:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        start = asyncio.start_server(self._serve, "0.0.0.0", 0, backlog=2000)
        self._server = asyncio.run_coroutine_threadsafe(start, self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        async def end() -> None:
            self._server.close()
            tasks = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def url(self, path: str = "/callback", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def deliveries(self, path: str = "/callback") -> list[Received]:
        return [each for each in list(self.received) if each.method == "POST" and each.path == path]

    def questions(self, path: str = "/callback") -> list[Received]:
        return [each for each in list(self.received) if each.method == "GET" and each.path == path]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = writer.get_extra_info("sockname")[0]
        self.open_now[host] = self.open_now.get(host, 0) + 1
        self.most_open[host] = max(self.most_open.get(host, 0), self.open_now[host])
        try:
            await self._answer(reader, writer, host)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the hub hung up, or the test is over
        finally:
            self.open_now[host] -= 1
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        received = Received(method, target, headers, body if self.keeps_bodies else b"", time.time(), host)
        self.on_receive(received)
        self.received.append(received)
        answer = self.behaviours.get(received.path, agrees)(received)
        if isinstance(answer, float):
            await asyncio.sleep(answer)
        elif isinstance(answer, threading.Event):
            await self._loop.run_in_executor(None, answer.wait, 30)
        if not isinstance(answer, bytes):
            answer = agrees(received)
        if answer == ENDLESS:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                writer.write(b"x" * 65_536)
                self.sent += 65_536
                await writer.drain()
        writer.write(answer)
        await writer.drain()
        if self.linger:
            await reader.read()
