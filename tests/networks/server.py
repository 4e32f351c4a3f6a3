"""What the servers have in common: real HTTP on loopback, and faults on demand."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import zlib
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

from services.social.credentials import Secrets
from services.social.network import Account, Network
from shared.http import Door

if TYPE_CHECKING:
    from tests.networks.oauth import Authoriser


class Fault(Enum):
    """What may go wrong with the request that makes a post."""

    DROP_BEFORE = "the connection ends before the post is stored"
    DROP_AFTER = "the post is stored and the connection ends without an answer"
    HANG = "the post is stored and no answer ever comes"
    ERROR_BEFORE = "an error page with status 503, nothing stored"
    ERROR_AFTER = "the post is stored and the answer is 500"
    HTML = "the post is stored and a page of HTML is answered with status 200"
    BROKEN_JSON = "the post is stored and the answer breaks off in its JSON"
    HUGE = "the post is stored and the answer has ten gigabytes"
    DRIP = "the post is stored and the answer comes a byte at a time"
    LIMITED = "the network says: too many"
    UNAUTHORISED = "the token is not valid any more"


STORING = {
    Fault.DROP_AFTER,
    Fault.HANG,
    Fault.ERROR_AFTER,
    Fault.HTML,
    Fault.BROKEN_JSON,
    Fault.HUGE,
    Fault.DRIP,
}


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: Message
    body: bytes
    target: str  # path and query as they came

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def parts(self) -> dict[str, Message]:
        """The parts of a multipart form by name."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        form = BytesParser(policy=HTTP).parsebytes(head + self.body)
        return {str(part.get_param("name", header="Content-Disposition")): part for part in form.iter_parts()}


@dataclass
class Answer:
    status: int = 200
    content: Any = None  # sent as JSON, or as it is when it is text or bytes
    headers: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):
    def __init__(self, status: int, content: Any = None, **headers: str) -> None:
        self.answer = Answer(status, content, {name.replace("_", "-"): value for name, value in headers.items()})


class NetworkServer:
    """One network with one account. Subclasses answer as the network does, and keep its posts in `posts`."""

    network: ClassVar[type[Network]]
    identity: ClassVar[str] = "newsroom"
    used: ClassVar[tuple[str, ...]] = ("token",)  # secrets that a post needs
    flat: ClassVar[bool] = False  # whether all answers of a thread are to its first post
    reactions: ClassVar[tuple[int | None, ...]] = (3, 2, 1)  # likes, reposts, replies
    oauth: Authoriser | None = None  # where people sign in

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.posts: list[dict[str, Any]] = []
        self.pictures = {"/card.png": png(1200, 630)}
        self.fault: Fault | None = None
        self.garbled = False  # whether everything is answered by a page of HTML
        self.locked = False  # whether nothing is allowed to the account any more
        self.limit_headers: dict[str, str] = {"Retry-After": "30"}
        self.stopped = threading.Event()
        self._lock = threading.RLock()
        server = self

        class Handler(_Handler):
            def handle_one(self, request: Request) -> None:
                server.serve(self, request)

        self._http = _Quick(("127.0.0.1", 0), Handler)
        self.port = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.stopped.set()
        self._http.shutdown()
        self._http.server_close()

    def door(self) -> Door:
        return Door(allow=[("127.0.0.1", self.port)])

    # What a subclass says.

    def secrets(self) -> dict[str, str]:
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        return {}

    def makes_post(self, request: Request) -> bool:
        """Whether this is the request that makes a post visible."""
        raise NotImplementedError

    def answer(self, request: Request) -> Answer:
        """Raises Refusal."""
        raise NotImplementedError

    def texts(self) -> list[str]:
        """What people read of each post."""
        return [post["text"] for post in self.posts]

    def card(self, number: int) -> tuple[str, str, str, bool] | None:
        """Address, title and description of the card that was sent with a post, and whether it has a picture."""
        return None

    def alts(self, number: int) -> list[str]:
        """The descriptions of a post's pictures."""
        raise NotImplementedError

    def parent(self, number: int) -> str | None:
        """The id of the post that a post answers."""
        raise NotImplementedError

    def wrong(self, name: str, value: str) -> str:
        """A secret of the right form that is not valid."""
        return value + "x"

    def limited(self) -> Answer:
        return Answer(429, {"error": "Too many requests"}, dict(self.limit_headers))

    def unauthorised(self) -> Answer:
        return Answer(401, {"error": "The access token is invalid"})

    # What they all do.

    def chance(self) -> Fault | None:
        """What goes wrong with a post by accident."""
        return None

    def account(self, **settings: Any) -> Account:
        return Account(self.network.name, "newsroom", self.url, self.settings() | settings, Secrets(self.secrets()))

    def serve(self, handler: _Handler, request: Request) -> None:
        if request.path in self.pictures:
            handler.say(Answer(200, self.pictures[request.path], {"Content-Type": "image/png"}))
            return
        if self.garbled:
            handler.say(Answer(200, "<html><body>Welcome</body></html>"))
            return
        if self.locked:
            handler.say(self.unauthorised())
            return
        with self._lock:
            self.requests.append(request)
            fault = (self.fault or self.chance()) if self.makes_post(request) else None
            if fault is None or fault in STORING:
                answer = self._answered(request)
            if fault is not None:
                self.fault = None
        if fault is None:
            handler.say(answer)
        elif fault is Fault.LIMITED:
            handler.say(self.limited())
        elif fault is Fault.UNAUTHORISED:
            handler.say(self.unauthorised())
        else:
            handler.misbehave(fault, self.stopped)

    def _answered(self, request: Request) -> Answer:
        try:
            signed = self.oauth.answer(request) if self.oauth else None
            return signed or self.answer(request)
        except Refusal as refusal:
            return refusal.answer


class _Quick(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_one(self, request: Request) -> None:
        raise NotImplementedError

    def _any(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.close_connection = True
        if len(body) < length:  # the client was killed while it sent
            return
        with contextlib.suppress(OSError):  # the client may hang up, as it does with what never ends
            self.handle_one(Request(self.command, unquote(parts.path), query, self.headers, body, self.path))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any

    def log_message(self, *_: object) -> None:
        pass

    def say(self, answer: Answer) -> None:
        content = answer.content
        kind = "application/json"
        if content is None:
            body = b""
        elif isinstance(content, bytes):
            body, kind = content, "application/octet-stream"
        elif isinstance(content, str):
            body, kind = content.encode(), "text/html; charset=utf-8"
        else:
            body = json.dumps(content).encode()
        self.send_response(answer.status)
        for name, value in {"Content-Type": kind, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def misbehave(self, fault: Fault, stopped: threading.Event) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        if fault in (Fault.DROP_BEFORE, Fault.DROP_AFTER):
            self.connection.shutdown(socket.SHUT_RDWR)
        elif fault is Fault.HANG:
            stopped.wait(30)
        elif fault is Fault.ERROR_BEFORE:
            self.say(Answer(503, "<html><body><h1>Service unavailable</h1></body></html>"))
        elif fault is Fault.ERROR_AFTER:
            self.say(Answer(500, {"error": "Internal error"}))
        elif fault is Fault.HTML:
            self.say(Answer(200, "<html><body>Welcome</body></html>"))
        elif fault is Fault.BROKEN_JSON:
            self.say(Answer(200, b'{"id": "1'))
        elif fault is Fault.HUGE:
            self.wfile.write(head + b"Content-Length: 10000000000\r\n\r\n")
            while not stopped.is_set():
                self.wfile.write(b" " * 65536)
        elif fault is Fault.DRIP:
            self.wfile.write(head + b"Content-Length: 10000\r\n\r\n")
            while not stopped.wait(0.02):
                self.wfile.write(b" ")


def png(width: int, height: int) -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = b"".join(b"\0" + b"\xff" * (3 * width) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
