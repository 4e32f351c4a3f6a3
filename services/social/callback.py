"""Where a browser ends after a sign-in: a web server on this machine alone that takes one redirect (RFC 8252, 7.3)."""

from __future__ import annotations

import html
import queue
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any

from services.social.outcomes import AccountBroken, NotSent
from services.social.redirect import belongs, parameters
from shared.errors import ConfigurationError

# Networks compare the whole address with the one that was registered: so it is always the same, unless told otherwise.
PORT = 8765
PATH = "/callback"
PATIENCE = 300.0
# Seconds a connection may take to say what it wants; browsers open some that they never use.
_SILENCE = 10.0
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Masthead</title></head>
<body><h1>{title}</h1><p>{text}</p></body></html>
"""
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # the code stands in the address of the page
    "X-Content-Type-Options": "nosniff",
}
_SAID = {
    HTTPStatus.OK: ("Masthead has heard from the network", "You can close this window and go back to where you began."),
    HTTPStatus.BAD_REQUEST: ("This is not the sign-in that is waited for", "Begin again from Masthead."),
    HTTPStatus.NOT_FOUND: ("There is nothing here", "Masthead waits for a sign-in at another address."),
    HTTPStatus.GONE: ("This sign-in is over", "You can close this window."),
}


class Callback:
    """Listens from the beginning and takes exactly one redirect while `wait` waits. To be closed, or used in `with`."""

    def __init__(self, port: int = PORT) -> None:
        """Port 0: any that is free. Raises ConfigurationError when nothing can listen there."""
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._state = ""
        self._taken = False
        try:
            self._server = _Server(("127.0.0.1", port), self)
        except (OSError, OverflowError) as error:
            raise ConfigurationError(
                f"Nothing can listen on port {port} of this machine ({error}): name another port, or 0 for a free one."
            ) from error
        self.redirect_uri = f"http://127.0.0.1:{self._server.server_address[1]}{PATH}"

    def wait(self, state: str, *, seconds: float = PATIENCE) -> str:
        """The query of the one redirect that has this state. Raises NotSent when none comes in time."""
        self._state = state
        serving = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        serving.start()
        try:
            return self._answers.get(timeout=seconds)
        except queue.Empty:
            raise NotSent(
                f"Nobody came back to {self.redirect_uri} within {seconds:g} seconds. Where the browser is on another "
                "machine, paste the address it was led to."
            ) from None
        finally:
            self._server.shutdown()
            serving.join()
            self.close()

    def offer(self, address: str) -> bool:
        """Takes an address that a person pasted as if the browser had come; False when it is not the one waited for."""
        status = self._judged(address)
        if status is HTTPStatus.OK:
            self._answers.put(address)
        return status is HTTPStatus.OK

    def close(self) -> None:
        self._server.server_close()

    def __enter__(self) -> Callback:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def answer(self, request: _Handler) -> None:
        """Answers one request; the page is out before `wait` ends, with which the server does."""
        path, _, query = request.path.partition("?")
        status = self._judged(query) if path == PATH else HTTPStatus.NOT_FOUND
        try:
            request.say(status)
        finally:
            if status is HTTPStatus.OK:
                self._answers.put(query)

    def _judged(self, address: str) -> HTTPStatus:
        try:
            mine = belongs(parameters(address), self._state)
        except AccountBroken:
            mine = False
        if not mine:
            return HTTPStatus.BAD_REQUEST
        with self._lock:
            first, self._taken = not self._taken, True
        return HTTPStatus.OK if first else HTTPStatus.GONE


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], callback: Callback) -> None:
        self.callback = callback
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no trouble of ours, and a traceback would show the code."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _SILENCE

    def do_GET(self) -> None:
        self.server.callback.answer(self)

    def say(self, status: HTTPStatus) -> None:
        title, text = (html.escape(each) for each in _SAID[status])
        body = _PAGE.format(title=title, text=text).encode()
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        return "Masthead"

    def log_message(self, *_: object) -> None:
        """Says nothing: the code stands in the request's first line."""
