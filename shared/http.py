"""The only door to the outside: every call Masthead makes to another server goes through `Door`.

What it promises: the address that was checked is the address that is connected to; nothing private is
called on anyone's behalf; every call ends at its deadline; no answer fills the memory; redirects are checked
like first calls; nothing is repeated. Proxies, .netrc and the like in the environment are not read.
"""

from __future__ import annotations

import contextlib
import functools
import re
import socket
import ssl
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import encode_multipart_formdata
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from shared.addresses import ANY_PORT, why_refused
from shared.deadline import Deadline
from shared.errors import AddressRefused, OutboundError

PORTS = frozenset({80, 443, 8443})
DEADLINE = 20.0
MOST_BYTES = 2_000_000
MOST_REDIRECTS = 3
LONGEST_URL = 8_000
LONGEST_LINE = 1_000_000
PIECE = 16_384

Resolver = Callable[[str, int], list[str]]
Headers = Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """Header names match in any case; `body` is unpacked; `url` is where redirects led to."""

    status: int
    headers: Headers
    body: bytes
    url: str


@dataclass(frozen=True)
class LineAnswer:
    """An answer read while it arrives; `lines` raises OutboundError when it breaks off."""

    status: int
    headers: Headers
    lines: Iterator[bytes]


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host in the order of the system's resolver, which sets its own time limit."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Door:
    """Calls other servers. Keeps no connection open, so one Door may serve any number of threads.

    `allow` lists (host, port or ANY_PORT) of servers that may be private, such as the publication's own API. It counts
    for the server a caller names, never for one that another server redirects to.
    """

    def __init__(
        self,
        *,
        allow: Collection[tuple[str, int]] = (),
        ports: Collection[int] = PORTS,
        resolver: Resolver = resolve,
    ) -> None:
        self._allow = frozenset(allow)
        self._ports = frozenset(ports)
        self._resolve = resolver

    def get(
        self,
        url: str,
        *,
        headers: Headers | None = None,
        max_bytes: int = MOST_BYTES,
        deadline: float = DEADLINE,
        follow: bool = True,
    ) -> Answer:
        """Fetches, following at most three redirects, all within `deadline` seconds. Any status is an answer.

        Raises AddressRefused when the address is not ours to call, and OutboundError when no whole answer of
        at most `max_bytes` (unpacked) came in time. `headers` go to the named server only. Without `follow`, a
        redirect is an answer like any other.
        """
        with Deadline(deadline) as limit:
            here = url
            for _ in range(MOST_REDIRECTS + 1):
                same = origin(here) == origin(url)
                with self._open("GET", here, None, headers if same else None, limit, same) as response:
                    if not (follow and response.is_redirect):
                        return Answer(*_head(response), _body(response, limit, max_bytes), response.url)
                    here = _joined(here, response.headers["Location"])
        raise OutboundError(f"{shown(url)} redirects more than {MOST_REDIRECTS} times.")

    def send(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        *,
        headers: Headers | None = None,
        max_bytes: int = MOST_BYTES,
        deadline: float = DEADLINE,
        hidden: Collection[str] = (),
    ) -> Answer:
        """Sends one request of any method once; a redirect is an answer like any other. Raises as `get` does.

        Where the address holds a secret, name it in `hidden`: no error shows it.
        """
        try:
            with Deadline(deadline) as limit, self._open(method, url, body, headers, limit, True) as response:
                return Answer(*_head(response), _body(response, limit, max_bytes), response.url)
        except OutboundError as error:
            if not any(secret in str(error) for secret in hidden):
                raise
            told = type(error)(hide(str(error), hidden), reached=error.reached)
        raise told

    @contextlib.contextmanager
    def stream_post(
        self,
        url: str,
        pieces: Iterable[bytes],
        *,
        headers: Headers | None = None,
        max_bytes: int = 64_000_000,
        deadline: float = 300.0,
    ) -> Iterator[LineAnswer]:
        """Sends `pieces` as they come and gives the answer's lines as they arrive. Raises as `get` does.

        The answer is read once everything is sent. A server that answers while it reads needs room for its
        whole answer in the connection's buffers (some 100 kB): send hundreds of lines at a time.
        """
        body = iter(pieces)
        with Deadline(deadline) as limit, self._open("POST", url, body, headers, limit, True) as response:
            yield LineAnswer(*_head(response), _lines(response, limit, max_bytes))

    @contextlib.contextmanager
    def _open(
        self,
        method: str,
        url: str,
        body: bytes | Iterator[bytes] | None,
        headers: Headers | None,
        limit: Deadline,
        trusted: bool,
    ) -> Iterator[requests.Response]:
        """One request on one new connection, answered up to the headers."""
        progress = _Progress()
        with _plain_errors(url, limit, progress):
            private = self.check(url) and trusted
            given = {"User-Agent": "Masthead", "Accept-Encoding": "gzip, deflate", **(headers or {})}
            request = requests.Request(method, url, headers=given, data=body).prepare()
            # Not through a Session: it reads the environment, and whole bodies of redirects into memory.
            adapter = _Guarded(functools.partial(self._connect, limit, private), progress)
            response = adapter.send(request, stream=True)
        with response, contextlib.closing(adapter):
            yield response

    def check(self, url: str) -> bool:
        """True for a server that may be private. Raises AddressRefused for what is no plain web address."""
        if len(url) > LONGEST_URL or re.search(r"[\s\\\x00-\x20\x7f]", url):
            raise AddressRefused(f"{shown(url)} is too long, or holds spaces, controls or backslashes.")
        host, port = origin(url)
        if not host or not re.match("https?://", url, re.IGNORECASE):
            raise AddressRefused(f"{shown(url)} is not an http or https address.")
        if "@" in urlsplit(url).netloc:
            raise AddressRefused(f"{shown(url)} holds a user name or password; leave it out.")
        is_allowed = not self._allow.isdisjoint({(host, port), (host, ANY_PORT)})
        if not is_allowed and port not in self._ports:
            accepted = ", ".join(map(str, sorted(self._ports)))
            raise AddressRefused(f"{shown(url)} uses port {port}; ports that may be called: {accepted}.")
        return is_allowed

    def addresses(self, host: str, port: int, *, private: bool) -> list[str]:
        """The addresses of a server, all judged: connect to these and no others, a second lookup may differ."""
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise OutboundError(f"The name {host} is not known ({error}).", reached=False) from error
        for address in addresses:  # all of them: a name with a private address among others is no accident
            reason = None if private else why_refused(address)
            if reason:
                raise AddressRefused(f"{host} has the address {address}, which is {reason}: it is not called.")
        return addresses

    def _connect(self, limit: Deadline, private: bool, host: str, port: int) -> socket.socket:
        failure: OSError | None = None
        for address in self.addresses(host, port, private=private):
            try:
                connection = socket.create_connection((address, port), timeout=limit.remaining())
                connection.settimeout(None)
                return limit.hold(connection)
            except OSError as error:
                failure = error
        raise OutboundError(f"{host} cannot be reached on port {port} ({failure}).", reached=False) from failure


@dataclass
class _Progress:
    """Whether a request has begun to leave this machine."""

    begun: bool = False


class _Guarded(HTTPAdapter):
    """Makes requests open its connections through `connect`; the name stays, for Host and certificate."""

    def __init__(self, connect: Callable[[str, int], socket.socket], progress: _Progress) -> None:
        super().__init__()
        self._connect = connect
        self._progress = progress

    def get_connection_with_tls_context(self, *args: Any, **kw: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kw)
        kind = _Https if pool.scheme == "https" else _Http
        pool.ConnectionCls = functools.partial(kind, self._connect, self._progress)
        return pool


class _Http(HTTPConnection):
    def __init__(self, connect: Callable[[str, int], socket.socket], progress: _Progress, **kw: Any) -> None:
        super().__init__(**kw)
        self._connect = connect
        self._progress = progress

    def _new_conn(self) -> socket.socket:
        return self._connect(self._dns_host, self.port)

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        self._progress.begun = True
        super().send(data)


class _Https(_Http, HTTPSConnection):
    pass


@contextlib.contextmanager
def _plain_errors(url: str, limit: Deadline, progress: _Progress) -> Iterator[None]:
    """What requests, urllib3 and the system raise, in one sentence; the deadline before its consequences."""
    try:
        yield
    except AddressRefused:
        raise
    except (OutboundError, requests.RequestException, HTTPError, OSError, UnicodeError) as error:
        _check_deadline(url, limit, progress)
        if isinstance(error, OutboundError):
            raise
        bad_tls = isinstance(error, requests.exceptions.SSLError)
        problem = "has no valid certificate" if bad_tls else "gave no usable answer"
        told = f"{shown(url)} {problem} ({_cause(error)})."
        raise OutboundError(told, reached=progress.begun) from (error if _cause(error) is error else None)
    _check_deadline(url, limit, progress)


def _check_deadline(url: str, limit: Deadline, progress: _Progress) -> None:
    if limit.passed:
        told = f"{shown(url)} did not answer in full within {limit.seconds:g} seconds."
        raise OutboundError(told, reached=progress.begun)


def _cause(error: BaseException) -> object:
    """What lies at the bottom of requests' and urllib3's errors: theirs show the whole address, secrets included."""
    inner = error.args[0] if isinstance(error, requests.RequestException) and error.args else error
    cause = getattr(inner, "reason", None) or inner
    deeper = [each for each in getattr(cause, "args", ()) if isinstance(each, Exception)]  # beside urllib3's own words
    return deeper[-1] if deeper else cause


def _head(response: requests.Response) -> tuple[int, Headers]:
    return response.status_code, response.headers


def _pieces(response: requests.Response, limit: Deadline, max_bytes: int) -> Iterator[bytes]:
    """The unpacked body as it arrives; never holds more than one piece beyond the limit."""
    size = 0
    while True:
        with _plain_errors(response.url, limit, _Progress(begun=True)):
            piece: bytes = response.raw.read1(PIECE, decode_content=True)
        if not piece:
            return
        size += len(piece)
        if size > max_bytes:
            raise OutboundError(f"{shown(response.url)} sent more than {max_bytes:,} bytes.")
        yield piece


def _body(response: requests.Response, limit: Deadline, max_bytes: int) -> bytes:
    return b"".join(_pieces(response, limit, max_bytes))


def _lines(response: requests.Response, limit: Deadline, max_bytes: int) -> Iterator[bytes]:
    rest = b""
    for piece in _pieces(response, limit, max_bytes):
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
        if len(rest) > LONGEST_LINE:
            raise OutboundError(f"{shown(response.url)} sent a line of more than {LONGEST_LINE:,} bytes.")
    if rest:
        yield rest


def _joined(url: str, target: str) -> str:
    try:
        return urljoin(url, target)
    except ValueError as error:
        raise AddressRefused(f"{shown(url)} redirects to {shown(target)}, no web address.") from error


def certificates() -> ssl.SSLContext:
    """What servers are believed by; made once, it is shared by any number of connections."""
    return ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)


def header_fields(lines: Iterable[tuple[str, str]]) -> Headers:
    """Header fields whose names match in any case."""
    return requests.structures.CaseInsensitiveDict(lines)


def origin(url: str) -> tuple[str, int]:
    """Host and port of a web address; no host when it has none. Raises AddressRefused for what cannot be read."""
    try:
        parts = urlsplit(url)
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise AddressRefused(f"{shown(url)} is not a web address ({error}).") from error


def multipart(fields: Mapping[str, str], files: Mapping[str, tuple[str, bytes, str]]) -> tuple[bytes, str]:
    """Body and Content-Type of a form with files (RFC 7578), each given as file name, bytes and media type."""
    return encode_multipart_formdata({**fields, **files})


def hide(text: str, secrets: Collection[str]) -> str:
    """The text with every secret replaced by an ellipsis."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "…") if secret else text
    return text


def shown(url: str) -> str:
    """The address as messages show it: short, without a password, and without a query that may hold a key."""
    bare = re.sub(r"//[^/@]*@", "//", url.split("?")[0])
    return bare if len(bare) <= 100 else bare[:99] + "…"
