"""Requests as no well-behaved client sends them, byte by byte to the real server: each gets an answer below 500."""

from __future__ import annotations

import itertools
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import requests

from shared.db import Database
from tests.databases import sqlite_record
from tests.ingest_api import PLAIN, Api, ingest
from tests.web_process import web_process

BODY = json.dumps(PLAIN)


@dataclass(frozen=True)
class Server:
    url: str
    key: str
    log: Path

    def send(self, text: str, *, end: bool = False) -> tuple[int, str]:
        """Sends the bytes of a text in Latin-1; gives status and body of the answer, 0 when there is none."""
        with socket.create_connection(("127.0.0.1", urlsplit(self.url).port or 0), timeout=20) as connection:
            connection.sendall(text.replace("KEY", self.key).encode("latin-1"))
            if end:
                connection.shutdown(socket.SHUT_WR)
            answer = HTTPResponse(connection)
            try:
                answer.begin()
                return answer.status, answer.read().decode()
            except (HTTPException, ConnectionResetError):
                return 0, ""


@pytest.fixture(scope="module")
def server(valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("var")
    database_url = sqlite_record(folder)
    db = Database(database_url)
    with pytest.MonkeyPatch.context() as patch, ingest(database_url, valkey_url, folder, patch) as app:
        key = str(Api(app, db).key)
    with web_process("ingest", database_url, valkey_url, folder) as url:
        yield Server(url, key, next(folder.glob("ingest-*.log")))


def post(*lines: str, body: str = BODY, path: str = "/v1/articles") -> str:
    usual = ("Authorization: Bearer KEY", "Content-Type: application/json", f"Content-Length: {len(body)}")
    return "\r\n".join((f"POST {path} HTTP/1.1", *usual, *lines, "", body))


def get(*lines: str, path: str = "/healthz", version: str = "HTTP/1.1") -> str:
    return "\r\n".join((f"GET {path} {version}", *lines, "", ""))


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (post(), 202),
        (post("Host: a", "Host: b"), 202),
        (post('Host: a<b>"c'), 202),
        (post("Host: a/b?c#d"), 202),
        (post("Host: [::1"), 202),
        (post("Host: a:99999999"), 202),
        (post("Host: \xe9"), 202),
        (post("Host: x", path="http://evil.example/v1/articles"), 202),
        (post("Host: x", "X-HTTP-Method-Override: DELETE", "X-Forwarded-For: 1, 2"), 202),
        (post("Host: x", "Content-Length: 3"), 400),
        (post("Host: x", body=BODY[:-1]), 400),
        (post("Host: x", "Idempotency-Key: \xe9\xff"), 400),
        (post("Host: x", path="/v1/articles/%00"), 404),
        (get("Host: x", "X-Request-Id: \xe9"), 200),
        (get("Host: x", "If-None-Match: \xe9\xff", "Range: bytes=5-1", path="/docs"), 200),
        (get("Host: x", "Authorization: Bearer \xe9\xff", path="/v1/stats"), 401),
        (get("Host: x", "Authorization: Bearer KEY", path="/v1/stats?days=%ff&top=%00"), 400),
        (get("Host: x", "Authorization: Bearer KEY", path="/v1/articles/%ff%fe%00"), 404),
        (get("Host: x", path="/v1/articles/\xff"), 400),
        (get("Host: x", path="/" + "a" * 100_000), 414),
        (get("Host: x", "X-A: " + "a" * 1_000_000), 431),
        (get("Host: x", *(f"X-{number}: a" for number in range(500))), 431),
        (get(version="HTTP/1.0"), 200),
        (get(version="HTTP/3.7"), 400),
        ("GET /healthz\r\n\r\n", 400),
        ("\x00\x01\x02\r\n\r\n", 400),
    ],
    ids=itertools.count(),
)
def test_a_strange_request_gets_an_answer_below_500(server: Server, sent: str, status: int) -> None:
    assert server.send(sent)[0] == status
    assert requests.get(f"{server.url}/healthz", timeout=10).ok


@pytest.mark.parametrize(
    "sent",
    [
        post("Host: x", f"Content-Length: {len(BODY) + 10}").replace(f"Content-Length: {len(BODY)}\r\n", "", 1),
        get("Host: x").removesuffix("\r\n"),
        "",
    ],
    ids=["half a body", "half a head", "nothing"],
)
def test_a_request_that_breaks_off_is_forgotten(server: Server, sent: str) -> None:
    status, _ = server.send(sent, end=True)
    assert status in (0, 400)
    assert requests.get(f"{server.url}/healthz", timeout=10).ok


def test_a_reason_in_chunks_is_read(server: Server) -> None:
    _, receipt = server.send(post("Host: x"))
    article_id = UUID(json.loads(receipt)["id"])
    reason = '{"reason": "Not confirmed."}'
    head = f"DELETE /v1/articles/{article_id} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\n"
    chunked = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    status, receipt = server.send(f"{head}{chunked}{len(reason):x}\r\n{reason}\r\n0\r\n\r\n")
    assert status == 202
    assert json.loads(receipt)["stages"]["withdrawn"]["reason"] == "Not confirmed."


def test_nothing_of_this_was_unexpected(server: Server) -> None:
    log = server.log.read_text()
    assert "Traceback" not in log, log
    assert server.key not in log
