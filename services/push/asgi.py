"""The push web server's ASGI side: /live is answered on the event loop, everything else by a Flask application.

Flask's threads are few. So that a client that sends slowly holds none of them, a request gets its thread once its whole
body is there.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import stat
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

from a2wsgi import WSGIMiddleware

from shared import web
from shared.errors import Refused
from shared.visitors import client_behind

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

LONGEST_BODY = 64_000
# Seconds in which a request's body has to be there.
BODY_PATIENCE = 10.0


@dataclass(frozen=True)
class Request:
    """What a handler on the event loop needs of a request."""

    method: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    client: str
    port: int = 0  # of the client

    @classmethod
    def of(cls, scope: Scope) -> Request:
        client, port = scope.get("client") or ("", 0)
        return cls(scope["method"], scope["query_string"], list(scope["headers"]), client, int(port))

    def header(self, name: str) -> list[str]:
        """The values of a header, in the order in which they were sent."""
        return [value.decode("latin-1") for key, value in self.headers if key.lower() == name.encode()]


def client_address(request: Request, proxies: int) -> str:
    """Who is to be counted as one client: its address, of IPv6 the network of 64 bits that a household has.

    Empty for this machine itself: its programs are its owner's, and a proxy on it stands for many.
    """
    given = client_behind(proxies, ",".join(request.header("x-forwarded-for")), request.client)
    try:
        address = ip_address(given)
    except ValueError:
        return request.client
    if address.version == 6 and address.ipv4_mapped:
        address = address.ipv4_mapped
    if address.is_loopback:
        return ""
    if address.version == 4:
        return str(address)
    return str(ip_network((int(address) >> 64 << 64, 64)))


def cut_off(request: Request) -> None:
    """Closes the connection of a client that does not read.

    The server has no end to its patience, and no way to be told: what it still has to send would keep the connection,
    and its memory, for as long as the client likes. So the connection is looked for among the open files.
    """
    for file in Path("/dev/fd").iterdir():
        number = int(file.name)
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode) and _cut_off(number, (request.client, request.port)):
                return


def _cut_off(number: int, client: tuple[str, int]) -> bool:
    with socket.socket(fileno=os.dup(number)) as connection:
        if connection.getpeername()[:2] != client:
            return False
        # What is not sent by now is thrown away.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
        return True


async def answer(send: Send, status: int, headers: Headers, body: bytes = b"") -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Send, request: Request, refused: Refused) -> None:
    """Answers with problem+json, as Flask applications do (shared.web)."""
    request_id = web.name_request((request.header("x-request-id") or [""])[0])
    body = json.dumps(web.problem_of(refused, request_id), ensure_ascii=False).encode()
    headers = web.problem_headers(refused.headers) | {"X-Request-Id": request_id, "Access-Control-Allow-Origin": "*"}
    await answer(
        send,
        refused.status,
        [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
        body,
    )


class Front:
    """The ASGI application: `live` for /live, `rest` for all else, `closing` when the process is told to stop."""

    def __init__(
        self,
        live: Callable[[Request, Receive, Send], Awaitable[None]],
        rest: WSGIMiddleware,
        *,
        opening: Callable[[], None],
        closing: Callable[[], None],
    ) -> None:
        self._live = live
        self._rest = rest
        self._opening = opening
        self._closing = closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._live_and_end(receive, send)
        request = Request.of(scope)
        try:
            if scope["path"] == "/live":
                return await self._live(request, receive, send)
            body = await _whole_body(request, receive)
        except Refused as refused:
            return await refuse(send, request, refused)
        # WSGI has no other bytes in a query than ASCII.
        clean = {**scope, "query_string": quote_from_bytes(request.query, safe=_ASCII).encode()}
        return await self._rest(clean, _ready(body, receive), send)  # type: ignore[arg-type]

    async def _live_and_end(self, receive: Receive, send: Send) -> None:
        await receive()
        self._opening()
        loop = asyncio.get_running_loop()
        # Beside the server's own handlers, which wait for open streams to end before anything else happens.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(self._closing))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


_ASCII = "".join(map(chr, range(33, 127)))


async def _whole_body(request: Request, receive: Receive) -> bytes:
    announced = (request.header("content-length") or ["0"])[0]
    too_large = Refused(f"The body may have at most {LONGEST_BODY:,} bytes.", status=413, title="Body too large")
    if announced.isdecimal() and int(announced) > LONGEST_BODY:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_PATIENCE):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refused("The body broke off.", title="Body broke off")
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > LONGEST_BODY:
                    raise too_large
    except TimeoutError as error:
        raise Refused(
            f"The body was not there in full after {BODY_PATIENCE:g} seconds.", status=408, title="Request timeout"
        ) from error
    return bytes(body)


def _ready(body: bytes, receive: Receive) -> Receive:
    """A `receive` that has the whole body at once."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return messages.pop() if messages else await receive()

    return next_message
