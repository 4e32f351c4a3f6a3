"""A small ingest API that keeps to the contract of the batch endpoint, and breaks off when it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from pydantic import ValidationError

from shared.submission import Submission

KEY = "mh_test_secret"


class CutError(Exception):
    """Ends the connection here and now."""


@dataclass
class FakeIngest:
    """Used as a context. `faults` are taken one a request; `before_answer` is called before each line's answer."""

    key: str = KEY
    max_batch: int = 10_000
    articles: dict[str, dict[str, Any]] = field(default_factory=dict)  # external_id -> submission
    batches: list[list[dict[str, Any]]] = field(default_factory=list)
    idempotency_keys: list[str] = field(default_factory=list)
    faults: list[Callable[[_Handler], None]] = field(default_factory=list)
    before_answer: Callable[[int], None] = lambda line: None

    def __enter__(self) -> FakeIngest:
        handler = type("Handler", (_Handler,), {"fake": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self.server.server_close()

    def take(self, submission: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and answer for one article, as the contract says."""
        external_id = submission.get("external_id") if isinstance(submission, dict) else None
        try:
            content = Submission.model_validate(submission).as_record()
        except ValidationError as error:
            faults = [
                {"pointer": "/" + "/".join(map(str, each["loc"])), "detail": each["msg"], "found": None, "accepted": ""}
                for each in error.errors(include_context=False)
            ]
            return 422, {"external_id": external_id, "problem": {"status": 422, "detail": "wrong", "errors": faults}}
        known = self.articles.get(external_id or "")
        if known is None:
            self.articles[external_id or f"none-{len(self.articles)}"] = content
            return 202, {"id": f"id-{len(self.articles)}", "external_id": external_id}
        if known == content:
            return 200, {"id": "id-known", "external_id": external_id}
        fault = {
            "pointer": "/external_id",
            "detail": "stands for another content",
            "found": external_id,
            "accepted": "a new id",
        }
        return 422, {
            "external_id": external_id,
            "problem": {"status": 422, "detail": "taken", "errors": [fault]},
        }


def busy(seconds: int) -> Callable[[_Handler], None]:
    return lambda handler: handler.problem(429, "Too many requests", {"Retry-After": str(seconds)})


def failing(status: int) -> Callable[[_Handler], None]:
    return lambda handler: handler.problem(status, "It went wrong")


def cut_after(lines: int) -> Callable[[_Handler], None]:
    """Answers so many lines, takes one more article without a word, and hangs up."""

    def fault(handler: _Handler) -> None:
        def check(line: int) -> None:
            if line > lines:
                raise CutError

        handler.check_line = check  # type: ignore[method-assign]

    return fault


def html_page(handler: _Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "15")
    handler.end_headers()
    handler.wfile.write(b"<html>hi</html>")


class _Handler(BaseHTTPRequestHandler):
    fake: FakeIngest
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def check_line(self, line: int) -> None:
        self.fake.before_answer(line)

    def do_POST(self) -> None:
        body = self._body()
        self.answered = False
        if self.fake.faults:
            self.fake.faults.pop(0)(self)
        if self.answered:
            return
        if self.headers.get("Authorization") != f"Bearer {self.fake.key}":
            self.problem(401, "This API key is not known.")
        elif self.path == "/v1/articles/batch" and self.headers.get_content_type() == "application/x-ndjson":
            self._answer_batch(body)
        elif self.path == "/v1/articles":
            self._answer_one(body)
        else:
            self.problem(404, "Not found")

    def do_GET(self) -> None:
        self._send(200, {"id": "id-1", "state": "published", "receipt": self.path, "stages": PUBLISHED})

    def problem(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        self._send(
            status, {"title": detail, "status": status, "detail": detail}, headers or {}, "application/problem+json"
        )

    def send_response(self, code: int, message: str | None = None) -> None:
        self.answered = True
        super().send_response(code, message)

    def _answer_batch(self, body: bytes) -> None:
        lines = [json.loads(line) for line in body.splitlines() if line.strip()]
        if len(lines) > self.fake.max_batch:
            self.problem(413, "The batch is too large.")
            return
        self.fake.batches.append(lines)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number, submission in enumerate(lines, 1):
            status, answer = self.fake.take(submission)
            try:
                self.check_line(number)
            except CutError:
                self.close_connection = True
                return
            line = json.dumps({"line": number, "status": status, **answer}).encode() + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def _answer_one(self, body: bytes) -> None:
        self.fake.idempotency_keys.append(self.headers.get("Idempotency-Key", ""))
        status, answer = self.fake.take(json.loads(body))
        if status == 422:
            self._send(422, answer["problem"], {}, "application/problem+json")
        else:
            self._send(202, answer | {"state": "accepted", "receipt": f"{self.fake.url}/v1/articles/{answer['id']}"})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _send(
        self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None, kind: str = "application/json"
    ) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


PUBLISHED = {"published": {"page": "http://news.test/2018/04/20/a", "feeds": ["http://news.test/feed.rss"]}}
