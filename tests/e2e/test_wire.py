"""What goes over a real connection: several requests on one of them, and no byte too many."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from typing import NamedTuple

import pytest
import requests

from tests.system import Installation


class Seen(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """The header's one value."""
        (value,) = [value for given, value in self.headers if given.lower() == name.lower()]
        return value


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(tmp_path_factory.mktemp("wire")) as masthead:
        yield masthead


@pytest.fixture(scope="module")
def addresses(newsroom: Installation) -> list[str]:
    """One address for each kind of answer."""
    stands = newsroom.submit(headline="Stands", tags=["harbour"])
    gone = newsroom.submit(headline="Gone")
    page = gone["stages"]["published"]["page"]
    requests.delete(gone["receipt"], headers={**newsroom.headers, "Prefer": "wait=20"}, timeout=30).raise_for_status()
    own = stands["stages"]["published"]["page"].removeprefix(newsroom.feed)
    moved = own.rpartition("/")[0] + "/other-" + own.rpartition("-")[2]
    share = [f"/share/x/{stands['id']}", f"/share/x/{gone['id']}"]
    found = [
        "/feed.rss",
        "/feed.atom",
        "/feed.json",
        "/",
        "/tags/harbour/",
        "/masthead.json",
        own,
        "/healthz",
        "/readyz",
    ]
    return [*found, page.removeprefix(newsroom.feed), moved, *share, "/nowhere", "/2018/02/30/", "/tags/harbour"]


def ask(connection: HTTPConnection, method: str, path: str, **headers: str) -> Seen:
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    return Seen(answer.status, answer.getheaders(), answer.read())


@pytest.fixture
def connection(newsroom: Installation) -> Iterator[HTTPConnection]:
    """A connection that is never opened anew: an answer with a stray byte spoils the next one."""
    made = HTTPConnection("127.0.0.1", newsroom.feed_port, timeout=20)
    made.auto_open = 0
    made.connect()
    yield made
    made.close()


def test_head_and_get_can_share_a_connection(connection: HTTPConnection, addresses: list[str]) -> None:
    for path in addresses:
        head, get, again = (ask(connection, method, path) for method in ("HEAD", "GET", "HEAD"))
        assert head.status == get.status == again.status, path
        assert head.body == again.body == b""
        assert head.header("Content-Length") == get.header("Content-Length") == str(len(get.body)), path
        assert get.header("X-Content-Type-Options") == "nosniff"


def test_no_header_is_sent_twice(connection: HTTPConnection, addresses: list[str]) -> None:
    for path in addresses:
        for accept in ("*/*", "text/html"):
            names = [name.lower() for name, _ in ask(connection, "GET", path, accept=accept).headers]
            assert sorted(names) == sorted(set(names)), path


def test_a_304_has_no_body_and_leaves_the_connection_as_it_was(
    connection: HTTPConnection, addresses: list[str]
) -> None:
    for path in addresses[:6]:
        for coding in ("identity", "gzip", "br"):
            fresh = ask(connection, "GET", path, accept_encoding=coding)
            for method in ("GET", "HEAD"):
                known = ask(connection, method, path, accept_encoding=coding, if_none_match=fresh.header("ETag"))
                assert (known.status, known.body) == (304, b"")
                assert known.header("ETag") == fresh.header("ETag")
            assert ask(connection, "GET", path, accept_encoding=coding).body == fresh.body


def test_refused_methods_and_their_bodies_leave_the_connection_as_it_was(connection: HTTPConnection) -> None:
    # Head and body at once: an answer may come before the body was sent.
    head = f"POST /feed.rss HTTP/1.1\r\nHost: {connection.host}\r\nContent-Length: 1000\r\n\r\n"
    connection.sock.sendall(head.encode() + b"x" * 1000)
    answer = HTTPResponse(connection.sock, method="POST")
    answer.begin()
    assert (answer.status, bool(answer.read())) == (405, True)
    assert ask(connection, "GET", "/feed.rss").status == 200
