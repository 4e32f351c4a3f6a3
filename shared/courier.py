"""Posts to many servers at a time, from one thread, through the same guard as `shared.http.Door`.

A call costs a tenth of a millisecond of work instead of most of one, and a server that does not answer costs a socket
instead of a thread. What is promised is what `Door.post` promises: judged addresses, one deadline, nothing repeated.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from urllib.parse import urlsplit

import h11

from shared.errors import AddressRefused, OutboundError
from shared.http import Answer, Door, Headers, certificates, header_fields, origin, shown

MOST_HEAD = 65_536
PIECE = 65_536
# Interim answers (100, 103) before the one that counts.
MOST_INTERIM = 5


class Courier:
    """Used from one event loop; looks up `most_lookups` names at a time, each of which may wait for a slow resolver."""

    def __init__(self, door: Door, *, most_lookups: int) -> None:
        self._door = door
        self._lookups = ThreadPoolExecutor(most_lookups, thread_name_prefix="lookup")

    def close(self) -> None:
        self._lookups.shutdown(wait=False, cancel_futures=True)

    async def post(self, url: str, body: bytes, *, headers: Headers, deadline: float) -> Answer:
        """Sends once and gives status and headers; the answer's body is not read. A redirect is an answer.

        Raises AddressRefused when the address is not ours to call, and OutboundError when no answer came within
        `deadline` seconds.
        """
        until = time.monotonic() + deadline
        request = _request(url, len(body), headers)
        try:
            wire = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD)
            async with asyncio.timeout(deadline):
                connection = await self._connect(url)
                try:
                    reader, writer = await self._open(url, connection)
                except BaseException:
                    connection.close()
                    raise
                try:
                    if time.monotonic() >= until:  # the process stood still: what it wanted to say may be old by now
                        raise TimeoutError
                    await _send(writer, wire, request, body)
                    return await _answer(url, reader, wire)
                finally:
                    writer.transport.abort()
        except TimeoutError as error:
            raise OutboundError(f"{shown(url)} did not answer within {deadline:g} seconds.") from error
        except (OSError, h11.ProtocolError) as error:
            problem = "has no valid certificate" if isinstance(error, ssl.SSLError) else "gave no usable answer"
            raise OutboundError(f"{shown(url)} {problem} ({error}).") from error

    async def _connect(self, url: str) -> socket.socket:
        private = self._door.check(url)
        host, port = origin(url)
        loop = asyncio.get_running_loop()
        addresses = await loop.run_in_executor(self._lookups, lambda: self._door.addresses(host, port, private=private))
        failure: OSError | None = None
        for address in addresses:
            connection = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
            try:
                connection.setblocking(False)
                await loop.sock_connect(connection, (address, port))
                return connection
            except OSError as error:
                connection.close()
                failure = error
            except BaseException:
                connection.close()
                raise
        raise OutboundError(f"{host} cannot be reached on port {port} ({failure}).")

    async def _open(self, url: str, connection: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, _ = origin(url)
        if not url.lower().startswith("https:"):
            return await asyncio.open_connection(sock=connection, limit=PIECE)
        return await asyncio.open_connection(sock=connection, limit=PIECE, ssl=self._certificates, server_hostname=host)

    @cached_property
    def _certificates(self) -> ssl.SSLContext:
        return certificates()


def _request(url: str, length: int, headers: Headers) -> h11.Request:
    """The request up to its body; the target is sent as it stands in the address."""
    if not url.isascii():
        raise AddressRefused(f"{shown(url)} holds letters that are not ASCII: encode them.")
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    given = {"Host": parts.netloc, "User-Agent": "Masthead", "Connection": "close", "Accept": "*/*", **headers}
    given["Content-Length"] = str(length)
    try:
        return h11.Request(method="POST", target=target, headers=list(given.items()))
    except h11.LocalProtocolError as error:  # whose text would show the value
        raise OutboundError(
            f"{shown(url)} was not called: a header holds a line break, or what else none may."
        ) from error


async def _send(writer: asyncio.StreamWriter, wire: h11.Connection, request: h11.Request, body: bytes) -> None:
    writer.write(wire.send(request) or b"")
    # In pieces: a server that does not read then keeps one piece of memory here, not a copy of everything.
    for start in range(0, len(body), PIECE):
        writer.write(wire.send(h11.Data(data=body[start : start + PIECE])) or b"")
        await writer.drain()
    wire.send(h11.EndOfMessage())


async def _answer(url: str, reader: asyncio.StreamReader, wire: h11.Connection) -> Answer:
    for _ in range(MOST_INTERIM):
        while (event := wire.next_event()) is h11.NEED_DATA:
            wire.receive_data(await reader.read(PIECE))
        if isinstance(event, h11.Response) and event.status_code < 600:
            fields = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers)
            return Answer(event.status_code, header_fields(fields), b"", url)
    raise OutboundError(f"{shown(url)} gave no usable answer.")
