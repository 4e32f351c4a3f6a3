"""Posting to many servers at a time, behind the same guard as every other call."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from shared.courier import Courier
from shared.errors import AddressRefused, OutboundError
from shared.http import Answer, Door
from tests.subscribers import Subscribers, says


@pytest.fixture
def servers() -> Iterator[Subscribers]:
    with Subscribers() as made:
        yield made


def post(door: Door, url: str, body: bytes = b"body", *, deadline: float = 5.0, **headers: str) -> Answer:
    courier = Courier(door, most_lookups=4)
    try:
        return asyncio.run(courier.post(url, body, headers=headers, deadline=deadline))
    finally:
        courier.close()


def allowing(servers: Subscribers) -> Door:
    return Door(allow=[("127.0.0.1", servers.port)])


def test_a_body_is_sent_whole_to_exactly_the_address_given(servers: Subscribers) -> None:
    body = bytes(range(256)) * 1000
    servers.behaviours["/a%20b"] = lambda received: says(201, b"ignored", Retry_After="5")
    answer = post(allowing(servers), servers.url("/a%20b?x=%2F&y"), body, Link="<a>, <b>")
    (received,) = servers.received
    assert (received.method, received.target, received.body) == ("POST", "/a%20b?x=%2F&y", body)
    assert received.headers["host"] == f"127.0.0.1:{servers.port}"
    assert received.headers["link"] == "<a>, <b>" and received.headers["content-length"] == "256000"
    assert (answer.status, answer.headers["retry-after"], answer.body) == (201, "5", b"")


@pytest.mark.parametrize("status", [301, 302, 307, 308, 404, 410, 500])
def test_every_status_is_an_answer_and_no_redirect_is_followed(servers: Subscribers, status: int) -> None:
    servers.behaviours["/"] = lambda received: says(status, Location=servers.url("/other"))
    assert post(allowing(servers), servers.url("/")).status == status
    assert len(servers.received) == 1


def test_interim_answers_are_passed_over(servers: Subscribers) -> None:
    servers.behaviours["/"] = lambda received: b"HTTP/1.1 103 Early\r\nLink: <a>\r\n\r\n" + says(204)
    assert post(allowing(servers), servers.url("/")).status == 204


@pytest.mark.parametrize(
    "answer",
    [b"", b"\r\n\r\n", b"SSH-2.0-x\r\n\r\n", b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 999 No\r\n\r\n", b"a" * 200_000],
)
def test_what_is_no_answer_is_told_in_a_sentence(servers: Subscribers, answer: bytes) -> None:
    servers.behaviours["/"] = lambda received: answer
    with pytest.raises(OutboundError, match="gave no usable answer"):
        post(allowing(servers), servers.url("/"))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "0", "2130706433", "0x7f000001", "localhost", "[::1]"])
def test_no_way_to_write_loopback_is_called(servers: Subscribers, host: str) -> None:
    with pytest.raises(OutboundError):
        post(Door(ports=[servers.port]), f"http://{host}:{servers.port}/")
    assert servers.received == []


def test_a_name_is_looked_up_once_and_what_was_judged_is_connected_to(servers: Subscribers) -> None:
    lookups = iter([["203.0.113.1"], ["127.0.0.1"]])
    door = Door(ports=[servers.port], resolver=lambda host, port: next(lookups))
    with pytest.raises(AddressRefused, match="documentation"):
        post(door, f"http://rebound.example:{servers.port}/")
    assert servers.received == [] and next(lookups) == ["127.0.0.1"]

    judged = Door(allow=[("own.example", servers.port)], resolver=lambda host, port: ["127.0.0.7"])
    assert post(judged, f"http://own.example:{servers.port}/").status == 200
    (received,) = servers.received
    assert (received.host, received.headers["host"]) == ("127.0.0.7", f"own.example:{servers.port}")


def test_the_next_address_is_tried_when_one_does_not_answer(servers: Subscribers) -> None:
    door = Door(allow=[("own.example", servers.port)], resolver=lambda host, port: ["::1", "127.0.0.1"])
    assert post(door, f"http://own.example:{servers.port}/").status == 200


@pytest.mark.parametrize(
    "answer", [30.0, b"HTTP/1.1 200 OK\r\nX: "], ids=["says nothing", "never finishes its headers"]
)
def test_a_server_that_does_not_answer_ends_at_the_deadline(servers: Subscribers, answer: bytes | float) -> None:
    held = threading.Event()
    servers.behaviours["/"] = lambda received: held if isinstance(answer, float) else answer
    servers.linger = isinstance(answer, bytes)
    began = time.monotonic()
    with pytest.raises(OutboundError, match=r"within 0\.3 seconds"):
        post(allowing(servers), servers.url("/"), deadline=0.3)
    assert time.monotonic() - began < 5
    held.set()


def test_what_cannot_stand_in_a_request_is_not_sent(servers: Subscribers) -> None:
    with pytest.raises(OutboundError, match="line break"):
        post(allowing(servers), servers.url("/"), Link="a\r\nX: b")
    with pytest.raises(AddressRefused, match="not ASCII"):
        post(allowing(servers), servers.url("/über"))
    assert servers.received == []


def test_hundreds_are_called_at_a_time_beside_some_that_hang(servers: Subscribers) -> None:
    held = threading.Event()
    servers.behaviours |= {f"/{number}": lambda received: held for number in range(4)}

    async def call_all() -> list[Any]:
        courier = Courier(allowing(servers), most_lookups=16)
        calls = [courier.post(servers.url(f"/{n}"), b"x" * 50_000, headers={}, deadline=2.0) for n in range(200)]
        try:
            return await asyncio.gather(*calls, return_exceptions=True)
        finally:
            courier.close()

    answers = asyncio.run(call_all())
    held.set()
    assert [type(each) for each in answers[:4]] == [OutboundError] * 4
    assert all(each.status == 200 for each in answers[4:])


def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("needs the openssl command")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    request = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    subprocess.run([*request, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(OutboundError, match="no valid certificate"):
            post(Door(allow=[("localhost", server.server_port)]), f"https://localhost:{server.server_port}/")
    finally:
        server.shutdown()
        server.server_close()
