"""The address on this machine to which a sign-in leads: it takes one redirect, the right one, whatever else comes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
import requests

from services.social.callback import PATH, PORT, Callback
from services.social.outcomes import NotSent
from services.social.redirect import code_of
from shared.errors import ConfigurationError
from tests.system import wait_for

STATE = "a-state-that-nobody-can-guess"
RIGHT = f"code=c0de&state={STATE}"


class Waiting:
    """A callback that is waited for on another thread."""

    def __init__(self, seconds: float = 20.0) -> None:
        self.callback = Callback(0)
        self.address = self.callback.redirect_uri
        self.port = int(urlsplit(self.address).port or 0)
        self._elsewhere = ThreadPoolExecutor()
        self.answer = self._elsewhere.submit(self.callback.wait, STATE, seconds=seconds)

    def get(self, query: str) -> requests.Response:
        return requests.get(f"{self.address}?{query}", timeout=10)

    def say(self, request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            try:
                connection.sendall(request)
                connection.shutdown(socket.SHUT_WR)
                return connection.recv(100_000)
            except OSError:
                return b""

    def close(self) -> None:
        self.callback.offer(RIGHT)
        self._elsewhere.shutdown()


@pytest.fixture
def waiting() -> Iterator[Waiting]:
    started = Waiting()
    yield started
    started.close()


def test_the_right_redirect_is_taken_and_the_person_may_close_the_window(waiting: Waiting) -> None:
    page = waiting.get(RIGHT)
    assert waiting.answer.result() == RIGHT
    assert page.status_code == 200
    assert "You can close this window" in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert page.headers["Server"] == "Masthead"
    assert "c0de" not in page.text
    with pytest.raises(requests.ConnectionError):
        waiting.get(RIGHT)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("code=c0de&state=another", 400),
        ("code=c0de", 400),
        ("code=c0de&state=", 400),
        ("", 400),
        (f"code=c0de&state={STATE}x", 400),
        (f"code=c0de&state={STATE[:-1]}", 400),
        (f"code=c0de&state={STATE}&state={STATE}", 400),
        (f"code=a&code=b&state={STATE}", 400),
        ("error=access_denied", 400),
        ("error=access_denied&state=another", 400),
        ("&".join(f"p{number}=1" for number in range(100)) + f"&state={STATE}", 400),
        (f"code={'c' * 10_000}&state={STATE}", 400),
        ("state=%FF%FE", 400),
        ("state=%E2%80%AE", 400),
    ],
)
def test_every_other_redirect_is_refused_and_ends_nothing(query: str, status: int, waiting: Waiting) -> None:
    assert waiting.get(query).status_code == status
    assert not waiting.answer.done()
    waiting.get(RIGHT)
    assert waiting.answer.result() == RIGHT


def test_nothing_else_is_answered(waiting: Waiting) -> None:
    base = waiting.address.removesuffix(PATH)
    for path in ("/", "/favicon.ico", f"{PATH}/", f"{PATH}/..%2f", f"/x{PATH}"):
        assert requests.get(f"{base}{path}?{RIGHT}", timeout=10).status_code == 404
    for method in ("POST", "PUT", "DELETE", "HEAD", "OPTIONS"):
        assert requests.request(method, f"{waiting.address}?{RIGHT}", data=RIGHT, timeout=10).status_code == 501
    assert not waiting.answer.done()


@pytest.mark.parametrize(
    "request_of",
    [
        lambda path: b"GET " + path + b"?" + RIGHT.encode() + b"&x=" + b"a" * 10_000_000 + b" HTTP/1.1\r\n\r\n",
        lambda path: b"GET " + path + b"?x HTTP/1.1\r\n" + b"X: " + b"a" * 10_000_000 + b"\r\n\r\n",
        lambda path: b"GET " + path + b"?x HTTP/1.1\r\n" + b"X: a\r\n" * 10_000 + b"\r\n",
        lambda path: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 100,
        lambda path: b"\r\n\r\n",
        lambda path: b"GET\r\n\r\n",
        lambda path: b"GET " + path + b"?state=%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\n\r\n",
    ],
    ids=["a long line", "a long header", "many headers", "TLS", "nothing", "half", "line breaks"],
)
def test_what_is_no_request_does_no_harm(request_of: Callable[[bytes], bytes], waiting: Waiting) -> None:
    answered = waiting.say(request_of(PATH.encode()))
    assert b"200 OK" not in answered
    assert b"Set-Cookie" not in answered
    assert not waiting.answer.done()
    waiting.get(RIGHT)
    assert waiting.answer.result() == RIGHT


def test_a_code_with_line_breaks_is_handed_on_as_it_came_and_read_as_none(waiting: Waiting) -> None:
    waiting.get(f"code=c0de%0d%0aX-Injected:%20yes&state={STATE}")
    with pytest.raises(Exception, match="line break"):
        code_of(waiting.answer.result(), STATE)


def test_of_two_right_redirects_one_is_taken() -> None:
    for _ in range(10):
        waiting = Waiting()
        together = threading.Barrier(4)

        def come(number: int, waiting: Waiting = waiting, together: threading.Barrier = together) -> int:
            together.wait()
            try:
                return waiting.get(f"code=c0de{number}&state={STATE}").status_code
            except requests.ConnectionError:
                return 0  # it came when everything was over

        with ThreadPoolExecutor(4) as browsers:
            statuses = list(browsers.map(come, range(4)))
        assert statuses.count(200) == 1
        assert set(statuses) <= {200, 410, 0}
        assert f"code=c0de{statuses.index(200)}&" in waiting.answer.result()
        waiting.close()


def test_connections_that_say_nothing_hold_nobody_up(waiting: Waiting) -> None:
    with ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(socket.create_connection(("127.0.0.1", waiting.port)))
        assert waiting.get(RIGHT).status_code == 200
        assert waiting.answer.result() == RIGHT


def test_a_browser_that_hangs_up_has_come_all_the_same(waiting: Waiting) -> None:
    with socket.create_connection(("127.0.0.1", waiting.port)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.sendall(f"GET {PATH}?{RIGHT} HTTP/1.1\r\n\r\n".encode())
    assert waiting.answer.result(timeout=10) == RIGHT


def test_a_person_may_paste_where_the_browser_is_elsewhere(waiting: Waiting) -> None:
    assert not waiting.callback.offer("https://news.example/?code=c0de&state=another")
    assert not waiting.callback.offer("what is this?")
    pasted = f"  {waiting.address}?{RIGHT}#_\n"
    wait_for(lambda: waiting.callback.offer(pasted))
    assert code_of(waiting.answer.result(), STATE) == "c0de"
    assert not waiting.callback.offer(pasted), "it is over"


def test_nobody_comes() -> None:
    waiting = Waiting(seconds=0.1)
    with pytest.raises(NotSent, match=r"within 0\.1 seconds.*paste the address"):
        waiting.answer.result()
    with pytest.raises(requests.ConnectionError):
        waiting.get(RIGHT)
    waiting.close()


def test_before_it_waits_nothing_is_taken() -> None:
    with Callback(0) as callback:
        for address in ("code=c0de", "code=c0de&state=", RIGHT):
            assert not callback.offer(address)


def test_a_port_that_is_taken_is_named() -> None:
    with Callback(0) as callback:
        port = urlsplit(callback.redirect_uri).port
        assert port
        with pytest.raises(ConfigurationError, match=f"port {port} of this machine"):
            Callback(port)
    with Callback(port) as again:
        assert again.redirect_uri == callback.redirect_uri, "it is free once it is closed"
    with pytest.raises(ConfigurationError):
        Callback(70_000)
    assert 1024 < PORT < 32_768, "a port that the system gives to nobody else"


def test_it_listens_on_this_machine_alone() -> None:
    with Callback(0) as callback:
        assert callback.redirect_uri.startswith("http://127.0.0.1:")
        assert callback._server.socket.getsockname()[0] == "127.0.0.1"


def test_nothing_of_it_is_printed(waiting: Waiting, capfd: pytest.CaptureFixture[str]) -> None:
    waiting.get("code=c0de&state=another")
    waiting.say(b"GET\r\n\r\n")
    waiting.get(RIGHT)
    waiting.answer.result()
    assert capfd.readouterr() == ("", "")
