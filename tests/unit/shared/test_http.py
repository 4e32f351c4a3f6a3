"""The door to the outside, against small servers that misbehave."""

from __future__ import annotations

import gzip
import shutil
import socket
import ssl
import subprocess
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.errors import AddressRefused, OutboundError
from shared.http import Door, hide, multipart

Handler = Callable[[socket.socket, bytes], None]


class Server:
    """Answers each connection with the next handler (the last one again and again); keeps what it was sent."""

    def __init__(self, *handlers: Handler) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.origin = ("127.0.0.1", self.port)
        self.url = f"http://127.0.0.1:{self.port}"
        self.received: list[bytes] = []
        self.stopped = threading.Event()
        self.handlers = list(handlers)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while not self.stopped.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            handler = self.handlers.pop(0) if len(self.handlers) > 1 else self.handlers[0]
            threading.Thread(target=self._answer, args=(connection, handler), daemon=True).start()

    def _answer(self, connection: socket.socket, handler: Handler) -> None:
        with connection:
            try:
                request = self._read_request(connection)
                self.received.append(request)
                handler(connection, request)
            except OSError:
                pass  # the door hung up, which is what most of these tests are about

    @staticmethod
    def _read_request(connection: socket.socket) -> bytes:
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(65536)
        head, _, body = request.partition(b"\r\n\r\n")
        lower = head.lower()
        if b"content-length: " in lower:
            length = int(lower.split(b"content-length: ")[1].split(b"\r\n")[0])
            while len(body) < length:
                body += connection.recv(65536)
        elif b"chunked" in lower:
            while not body.endswith(b"0\r\n\r\n"):
                body += connection.recv(65536)
        return head + b"\r\n\r\n" + body

    def close(self) -> None:
        self.stopped.set()
        self.listener.close()

    def drip(self, connection: socket.socket, first: bytes) -> None:
        """One byte at a time, without end, so that no time-out between two bytes is ever reached."""
        connection.sendall(first)
        while not self.stopped.wait(0.02):
            connection.sendall(b"a")


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*handlers: Handler) -> Server:
        servers.append(Server(*handlers))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def says(body: bytes = b"", status: str = "200 OK", **headers: str) -> Handler:
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    if "Content_Length" not in headers:
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"
    return lambda connection, _: connection.sendall(head + body)


def raw(answer: bytes) -> Handler:
    return lambda connection, _: connection.sendall(answer)


def test_an_allowed_server_is_fetched_with_status_headers_and_body(serve: Callable[..., Server]) -> None:
    server = serve(says(b"hello", Content_Type="text/plain", ETag='"1"'))
    answer = Door(allow=[server.origin]).get(server.url + "/feed?a=1", headers={"If-None-Match": '"0"'})
    assert (answer.status, answer.body, answer.headers["etag"]) == (200, b"hello", '"1"')
    assert answer.url == server.url + "/feed?a=1"
    assert b"GET /feed?a=1 HTTP/1.1" in server.received[0]
    assert b'If-None-Match: "0"' in server.received[0]


def test_an_error_status_is_an_answer(serve: Callable[..., Server]) -> None:
    server = serve(says(b"gone", "410 Gone"))
    assert Door(allow=[server.origin]).get(server.url).status == 410


# Addresses: forms that name a private one, before or after the name is resolved.

LOOPBACK_FORMS = ["127.0.0.1", "127.1", "0", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "localhost"]


@pytest.mark.parametrize("host", [*LOOPBACK_FORMS, "localhost.", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"])
def test_no_way_to_write_loopback_is_called(host: str, serve: Callable[..., Server]) -> None:
    server = serve(says(b"secret"))
    door = Door(ports=[server.port])
    with pytest.raises(OutboundError):
        door.get(f"http://{host}:{server.port}/")
    assert server.received == []


@pytest.mark.parametrize(
    "addresses",
    [["10.0.0.7"], ["169.254.169.254"], ["8.8.8.8", "127.0.0.1"], ["fd00:ec2::254"], ["fe80::1%eth0"], ["::127.0.0.1"]],
)
def test_a_name_with_any_private_address_is_refused(addresses: list[str]) -> None:
    door = Door(resolver=lambda host, port: addresses)
    with pytest.raises(AddressRefused, match=r"news\.example has the address"):
        door.get("http://news.example/feed")


def test_the_judged_address_is_the_one_connected_to(serve: Callable[..., Server]) -> None:
    server = serve(says(b"secret"))
    answers = iter([["203.0.113.1"], ["127.0.0.1"]])
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    with pytest.raises(AddressRefused):
        Door(ports=[server.port], resolver=rebinding).get(f"http://rebind.example:{server.port}/")
    assert asked == ["rebind.example"]
    assert server.received == []


def test_a_resolved_server_is_called_by_its_name(serve: Callable[..., Server]) -> None:
    server = serve(says(b"ok"))
    door = Door(allow=[("api.newsroom.test", server.port)], resolver=lambda host, port: ["127.0.0.1"])
    assert door.get(f"http://API.newsroom.test:{server.port}/").body == b"ok"
    assert b"Host: api.newsroom.test" in server.received[0].replace(b"API", b"api")


def test_the_next_address_is_tried_when_one_does_not_answer(serve: Callable[..., Server]) -> None:
    server = serve(says(b"ok"))
    door = Door(allow=[("two.test", server.port)], resolver=lambda host, port: ["127.0.0.2", "127.0.0.1"])
    server_only_on_one = f"http://two.test:{server.port}/"
    assert door.get(server_only_on_one).body == b"ok"


def test_an_unknown_name_is_a_plain_sentence() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(OutboundError, match=r"The name nowhere\.example is not known"):
        Door(resolver=unknown).get("http://nowhere.example/")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1:70/",
        "ftp://news.example/",
        "//news.example/feed",
        "news.example/feed",
        "",
        "http://",
        "http:///feed",
        "http://user:secret@news.example/",
        "http://news.example@127.0.0.1/",
        "http://news.example\\@127.0.0.1/",
        "http://news.example\t/",
        "http://news.example\n/",
        "http://news .example/",
        "http://news.example:99999/",
        "http://news.example:port/",
        "http://[::1/",
        "http://" + "a" * 9000,
        "http://news.example:22/",
        "http://news.example:6379/",
        "https://news.example:8080/",
    ],
)
def test_what_is_no_plain_web_address_is_refused_before_any_lookup(url: str) -> None:
    def never(host: str, port: int) -> list[str]:
        raise AssertionError("nothing may be looked up")

    with pytest.raises(AddressRefused):
        Door(resolver=never).get(url)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "xn--\u00e9.example", "..example", "\u2488.example"])
def test_an_impossible_name_is_an_outbound_error(host: str) -> None:
    def unknown(host: str, port: int) -> list[str]:
        host.encode("idna")
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(OutboundError):
        Door(resolver=unknown).get(f"http://{host}/")


def test_dots_of_other_scripts_do_not_hide_loopback() -> None:
    with pytest.raises(OutboundError):
        Door().get("http://127\u30020\u30020\u30021/")


def test_messages_show_neither_password_nor_query() -> None:
    with pytest.raises(AddressRefused) as caught:
        Door().get("http://user:secret@news.example/?key=token")
    assert "secret" not in str(caught.value)
    assert "token" not in str(caught.value)


def test_proxies_and_netrc_of_the_environment_are_not_read(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, proxy = serve(says(b"direct")), serve(says(b"proxied"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"):
        monkeypatch.setenv(name, proxy.url)
    monkeypatch.setenv("no_proxy", "")
    assert Door(allow=[server.origin]).get(server.url).body == b"direct"
    assert proxy.received == []


# Redirects.


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_to_a_private_address_is_refused(status: str, serve: Callable[..., Server]) -> None:
    inside = serve(says(b"secret"))
    outside = serve(says(status=status, Location=inside.url + "/admin"))
    with pytest.raises(AddressRefused):
        Door(allow=[outside.origin], ports=[inside.port]).get(outside.url)
    assert inside.received == []


def test_a_redirect_to_an_allowed_private_server_is_refused_too(serve: Callable[..., Server]) -> None:
    api = serve(says(b"secret"))
    outside = serve(says(status="302 Found", Location=api.url))
    with pytest.raises(AddressRefused):
        Door(allow=[outside.origin, api.origin]).get(outside.url)
    assert api.received == []


@pytest.mark.parametrize("target", ["file:///etc/passwd", "gopher://x/", "http://a:b@x/", "http://x:22/", "http://[/"])
def test_a_redirect_is_checked_like_a_first_call(target: str, serve: Callable[..., Server]) -> None:
    server = serve(says(status="302 Found", Location=target))
    with pytest.raises(AddressRefused):
        Door(allow=[server.origin]).get(server.url)


def test_three_redirects_are_followed_and_a_fourth_is_not(serve: Callable[..., Server]) -> None:
    hop = says(status="302 Found", Location="../next")
    server = serve(hop, hop, hop, says(b"there"))
    answer = Door(allow=[server.origin]).get(server.url + "/a/b", headers={"Authorization": "Bearer k"})
    assert (answer.body, answer.url) == (b"there", server.url + "/next")
    assert all(b"Bearer k" in each for each in server.received)

    endless = serve(hop)
    with pytest.raises(OutboundError, match="redirects more than 3 times"):
        Door(allow=[endless.origin]).get(endless.url)
    assert len(endless.received) == 4


def test_headers_for_one_server_are_not_shown_to_another(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = serve(says(b"there"))
    first = serve(says(status="302 Found", Location=f"http://other.test:{other.port}/"))
    public = {"other.test": "93.184.215.14"}
    door = Door(allow=[first.origin], ports=[other.port], resolver=lambda host, port: [public.get(host, host)])
    real_connect = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda to, **kw: real_connect(("127.0.0.1", to[1]), **kw))
    assert door.get(first.url, headers={"Authorization": "Bearer k"}).body == b"there"
    assert b"Bearer k" in first.received[0]
    assert b"Bearer k" not in other.received[0]


def test_a_post_follows_no_redirect(serve: Callable[..., Server]) -> None:
    server = serve(says(status="307 Temporary Redirect", Location="/elsewhere"))
    answer = Door(allow=[server.origin]).send("POST", server.url, b"{}", headers={"Content-Type": "application/json"})
    assert (answer.status, answer.headers["location"]) == (307, "/elsewhere")
    assert len(server.received) == 1
    assert server.received[0].endswith(b"\r\n\r\n{}")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_every_method_is_sent_with_its_body(method: str, serve: Callable[..., Server]) -> None:
    server = serve(says(b"done"))
    body = None if method in {"GET", "DELETE"} else b'{"a": 1}'
    assert Door(allow=[server.origin]).send(method, server.url + "/post/1", body).body == b"done"
    head, _, sent = server.received[0].partition(b"\r\n\r\n")
    assert head.startswith(f"{method} /post/1 HTTP/1.1".encode())
    assert sent == (body or b"")


def test_a_form_with_a_file_arrives_as_it_was_given(serve: Callable[..., Server]) -> None:
    server = serve(says(b"done"))
    body, kind = multipart({"description": "بندر"}, {"file": ("card.png", b"\x89PNG\r\n\x00", "image/png")})
    Door(allow=[server.origin]).send("POST", server.url, body, headers={"Content-Type": kind})
    assert server.received[0].endswith(body)
    assert kind.startswith("multipart/form-data; boundary=")
    assert b'filename="card.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\x00\r\n' in body


# Whether the request may have reached the server.


def test_a_request_that_never_left_says_so(serve: Callable[..., Server]) -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    plain = serve(raw(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    plain._read_request = lambda connection: connection.recv(10)  # type: ignore[method-assign]
    silent = serve(lambda connection, _: None)
    silent._read_request = lambda connection: silent.stopped.wait(30) or b""  # type: ignore[method-assign]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = taken.getsockname()
    calls = [
        (Door(resolver=unknown), "http://nowhere.example/", {}),
        (Door(), "http://127.0.0.1/", {}),
        (Door(allow=[nobody]), f"http://127.0.0.1:{nobody[1]}/", {}),
        (Door(allow=[plain.origin]), plain.url.replace("http:", "https:"), {}),
        (Door(allow=[silent.origin]), silent.url.replace("http:", "https:"), {}),
        (Door(allow=[plain.origin]), plain.url, {"Authorization": "two\nlines"}),
    ]
    for door, url, headers in calls:
        with pytest.raises(OutboundError) as caught:
            door.send("POST", url, b"{}", headers=headers, deadline=0.5)
        assert caught.value.reached is False, url


def test_a_request_whose_answer_was_lost_may_have_arrived(serve: Callable[..., Server]) -> None:
    losses: list[Handler] = [
        raw(b""),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"),
        lambda connection, _: server.stopped.wait(30) and None,
    ]
    for handler in losses:
        server = serve(handler)
        with pytest.raises(OutboundError) as caught:
            Door(allow=[server.origin]).send("POST", server.url, b"{}", deadline=0.3)
        assert caught.value.reached is True


def test_no_secret_in_an_address_is_shown(serve: Callable[..., Server]) -> None:
    plain = serve(raw(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    plain._read_request = lambda connection: connection.recv(10)  # type: ignore[method-assign]
    with pytest.raises(OutboundError) as caught:
        Door(allow=[plain.origin]).get(plain.url.replace("http:", "https:") + "/?token=s3cret")
    assert "s3cret" not in f"{caught.value}{caught.value.__cause__}"

    silent = serve(raw(b""))
    with pytest.raises(OutboundError, match="/bot…/sendMessage") as caught:
        Door(allow=[silent.origin]).send("POST", silent.url + "/bot12:s3cret/sendMessage", b"", hidden=["12:s3cret"])
    assert "s3cret" not in f"{caught.value}{caught.value.__cause__}{caught.value.__context__}"
    assert hide("no secret is empty", [""]) == "no secret is empty"


# Answers that are meant to hurt.


def test_a_body_that_drips_ends_at_the_deadline(serve: Callable[..., Server]) -> None:
    server = serve(lambda connection, _: server.drip(connection, b"HTTP/1.1 200 OK\r\n\r\n"))
    with pytest.raises(OutboundError, match=r"within 0\.3 seconds"):
        Door(allow=[server.origin]).get(server.url, deadline=0.3)


def test_headers_that_drip_end_at_the_deadline(serve: Callable[..., Server]) -> None:
    server = serve(lambda connection, _: server.drip(connection, b"HTTP/1.1 200 OK\r\nX: "))
    with pytest.raises(OutboundError, match=r"within 0\.3 seconds"):
        Door(allow=[server.origin]).get(server.url, deadline=0.3)


def test_redirects_share_one_deadline(serve: Callable[..., Server]) -> None:
    def late(connection: socket.socket, _: bytes) -> None:
        server.stopped.wait(0.25)
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")

    server = serve(late)
    with pytest.raises(OutboundError, match=r"within 0\.4 seconds"):
        Door(allow=[server.origin]).get(server.url, deadline=0.4)


def test_a_server_that_never_answers_ends_at_the_deadline(serve: Callable[..., Server]) -> None:
    server = serve(lambda connection, _: server.stopped.wait(30) and None)
    with pytest.raises(OutboundError, match=r"within 0\.3 seconds"):
        Door(allow=[server.origin]).get(server.url, deadline=0.3)


def test_a_server_that_never_finishes_tls_ends_at_the_deadline(serve: Callable[..., Server]) -> None:
    server = serve(lambda connection, _: None)
    server.handlers[0] = lambda connection, _: None
    server._read_request = lambda connection: server.stopped.wait(30) or b""  # type: ignore[method-assign]
    with pytest.raises(OutboundError, match=r"within 0\.3 seconds"):
        Door(allow=[server.origin]).get(server.url.replace("http:", "https:"), deadline=0.3)


def test_a_server_without_tls_is_a_plain_sentence(serve: Callable[..., Server]) -> None:
    server = serve(raw(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    server._read_request = lambda connection: connection.recv(10)  # type: ignore[method-assign]
    with pytest.raises(OutboundError, match="no valid certificate"):
        Door(allow=[server.origin]).get(server.url.replace("http:", "https:"), deadline=5)


def test_a_certificate_nobody_vouches_for_is_refused(serve: Callable[..., Server], tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("needs the openssl command")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    request = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    subprocess.run([*request, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = serve(says(b"secret"))
    read_plain = server._read_request

    def read_over_tls(connection: socket.socket) -> bytes:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            return read_plain(wrapped)

    server._read_request = read_over_tls  # type: ignore[method-assign]
    with pytest.raises(OutboundError, match="no valid certificate"):
        Door(allow=[("localhost", server.port)]).get(f"https://localhost:{server.port}/", deadline=5)
    assert server.received == []


def test_an_endless_body_ends_at_the_size_limit(serve: Callable[..., Server]) -> None:
    def endless(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"a" * 65536)

    server = serve(endless)
    with pytest.raises(OutboundError, match="more than 1,000,000 bytes"):
        Door(allow=[server.origin]).get(server.url, max_bytes=1_000_000)


def test_the_body_of_a_redirect_is_not_read(serve: Callable[..., Server]) -> None:
    def endless(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /there\r\n\r\n")
        while True:
            connection.sendall(b"a" * 65536)

    server = serve(endless, says(b"there"))
    assert Door(allow=[server.origin]).get(server.url, deadline=5).body == b"there"


def _zeros(megabytes: int, wbits: int) -> bytes:
    packer = zlib.compressobj(9, wbits=wbits)
    return b"".join(packer.compress(bytes(1_000_000)) for _ in range(megabytes)) + packer.flush()


BOMBS = {
    "gzip": gzip.compress(bytes(50_000_000)),
    "deflate": _zeros(50, -15),
    "gzip, gzip": gzip.compress(gzip.compress(bytes(50_000_000))),
}


@pytest.mark.parametrize("encoding", BOMBS)
def test_a_bomb_is_stopped_while_it_unpacks(encoding: str, serve: Callable[..., Server]) -> None:
    server = serve(says(BOMBS[encoding], Content_Encoding=encoding))
    tracemalloc.start()
    try:
        with pytest.raises(OutboundError, match="more than 2,000,000 bytes"):
            Door(allow=[server.origin]).get(server.url)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000


def test_a_packed_answer_is_unpacked(serve: Callable[..., Server]) -> None:
    server = serve(says(gzip.compress(b"news" * 1000), Content_Encoding="gzip"))
    assert Door(allow=[server.origin]).get(server.url).body == b"news" * 1000


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>HTTP/0.9 has no status line</html>",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: a\r\n" % n for n in range(10_000)) + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\ngarbage\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 7\r\n\r\nno gzip",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"\x16\x03\x01 this is tls",
    ],
    ids=range(10),
)
def test_an_answer_out_of_order_is_an_outbound_error(answer: bytes, serve: Callable[..., Server]) -> None:
    server = serve(raw(answer))
    with pytest.raises(OutboundError):
        Door(allow=[server.origin]).get(server.url, deadline=5)
    assert len(server.received) == 1, "nothing is repeated"


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"], ids=("none", "cut"))
def test_a_lost_answer_is_told_in_a_sentence_and_not_as_programs_write_it(
    answer: bytes, serve: Callable[..., Server]
) -> None:
    server = serve(raw(answer))
    with pytest.raises(OutboundError) as caught:
        Door(allow=[server.origin]).get(server.url, deadline=5)
    told = str(caught.value)
    assert "gave no usable answer" in told and "'" not in told and "Error" not in told


def test_nobody_there_is_a_plain_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        origin = taken.getsockname()
    with pytest.raises(OutboundError, match=r"127\.0\.0\.1 cannot be reached on port"):
        Door(allow=[origin]).get(f"http://127.0.0.1:{origin[1]}/")


# Line by line.


def test_lines_are_given_while_the_answer_arrives(serve: Callable[..., Server]) -> None:
    first_was_read = threading.Event()

    def slowly(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{"n": 1}\r\n1\r\n\n\r\n')
        assert first_was_read.wait(5)
        connection.sendall(b'8\r\n{"n": 2}\r\n0\r\n\r\n')

    server = serve(slowly)
    door = Door(allow=[server.origin])
    with door.stream_post(server.url, (b"%d\n" % n for n in range(3)), headers={"X-Key": "k"}) as answer:
        assert answer.status == 200
        assert next(answer.lines) == b'{"n": 1}'
        first_was_read.set()
        assert list(answer.lines) == [b'{"n": 2}']
    head, _, body = server.received[0].partition(b"\r\n\r\n")
    assert b"X-Key: k" in head
    assert body == b"2\r\n0\n\r\n2\r\n1\n\r\n2\r\n2\n\r\n0\r\n\r\n"


def test_lines_before_a_cut_are_given_and_the_cut_is_told(serve: Callable[..., Server]) -> None:
    server = serve(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\none\ntwo\nthr"))
    with Door(allow=[server.origin]).stream_post(server.url, [b"x"]) as answer:
        assert next(answer.lines) == b"one"
        assert next(answer.lines) == b"two"
        with pytest.raises(OutboundError):
            next(answer.lines)


def test_an_endless_line_is_refused(serve: Callable[..., Server]) -> None:
    server = serve(says(b"a" * 1_100_000))
    with (
        Door(allow=[server.origin]).stream_post(server.url, [b"x"]) as answer,
        pytest.raises(OutboundError, match="a line of more than"),
    ):
        list(answer.lines)


def test_what_the_reader_of_the_lines_raises_is_its_own(serve: Callable[..., Server]) -> None:
    server = serve(says(b"one\n"))
    with pytest.raises(PermissionError), Door(allow=[server.origin]).stream_post(server.url, [b"x"]):
        raise PermissionError("the journal cannot be written")
