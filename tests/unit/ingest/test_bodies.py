"""Bodies are read up to their limit and no further, and only in the form that was asked for."""

from __future__ import annotations

import io

import pytest
from flask import Request
from werkzeug.test import create_environ

from services.ingest.bodies import parse_reason, read_batch
from shared.bodies import JSON_TYPES, Readable, has_body, read_body
from shared.errors import Refused

LIMIT = 1_000


class Endless:
    """An endless body that knows how much of it was read."""

    def __init__(self) -> None:
        self.given = 0

    def read(self, size: int = -1, /) -> bytes:
        assert size > 0, "a body is never read without a bound"
        self.given += size
        return b"x" * size


def sent(body: bytes | Readable = b"", *, length: int | None = None, headers: dict[str, str] | None = None) -> Request:
    """A request as Granian hands it over; a stream without a length comes in chunks."""
    environ = create_environ("/", method="POST", headers={"Content-Type": "application/json"} | (headers or {}))
    stream = io.BytesIO(body) if isinstance(body, bytes) else body
    length = len(body) if isinstance(body, bytes) else length
    environ |= {"wsgi.input": stream, "wsgi.input_terminated": True}
    environ |= {"HTTP_TRANSFER_ENCODING": "chunked"} if length is None else {"CONTENT_LENGTH": str(length)}
    return Request(environ)


def refused(given: Request) -> Refused:
    with pytest.raises(Refused) as caught:
        read_body(given, JSON_TYPES, LIMIT)
    return caught.value


def test_a_body_up_to_the_limit_is_read_whole() -> None:
    body = b"x" * LIMIT
    assert read_body(sent(body), JSON_TYPES, LIMIT) == body
    assert read_body(sent(io.BytesIO(body)), JSON_TYPES, LIMIT) == body


def test_a_longer_body_is_refused_by_its_announced_length_alone() -> None:
    endless = Endless()
    error = refused(sent(endless, length=50_000_000))
    assert (error.status, error.title) == (413, "Body too large")
    assert error.detail == "The body may have at most 1,000 bytes."
    assert endless.given == 0


def test_a_longer_body_of_unknown_length_is_read_only_up_to_the_limit() -> None:
    endless = Endless()
    assert refused(sent(endless)).status == 413
    assert endless.given == LIMIT + 1


def test_a_body_that_breaks_off_is_no_body() -> None:
    error = refused(sent(io.BytesIO(b'{"head'), length=500))
    assert (error.status, error.detail) == (400, "The body broke off after 6 of 500 bytes.")


@pytest.mark.parametrize(
    ("headers", "header"),
    [
        ({"Content-Type": ""}, "Content-Type"),
        ({"Content-Type": "text/plain"}, "Content-Type"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "Content-Type"),
        ({"Content-Type": "application/json; charset=iso-8859-9"}, "Content-Type"),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, "Content-Encoding"),
        ({"Content-Type": "application/json", "Content-Encoding": "br, gzip"}, "Content-Encoding"),
    ],
)
def test_another_form_is_refused_with_what_is_accepted(headers: dict[str, str], header: str) -> None:
    error = refused(sent(b"{}", headers=headers))
    assert error.status == 415
    assert error.faults[0].header == header
    assert error.headers["Accept-Post"] == "application/json"


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=UTF-8"])
def test_the_type_is_read_as_http_writes_it(content_type: str) -> None:
    given = sent(b"{}", headers={"Content-Type": content_type, "Content-Encoding": "identity"})
    assert read_body(given, JSON_TYPES, LIMIT) == b"{}"


def test_a_batch_has_a_bounded_number_of_lines() -> None:
    lines = b"1\n2\n3\n"
    assert read_batch(sent(lines, headers={"Content-Type": "application/x-ndjson"}), LIMIT, 3) == lines
    with pytest.raises(Refused, match="at most 2 lines"):
        read_batch(sent(lines, headers={"Content-Type": "application/jsonl"}), LIMIT, 2)


def test_a_body_of_unknown_length_is_seen() -> None:
    assert has_body(sent(io.BytesIO(b"{}")))
    assert has_body(sent(b"{}"))
    assert not has_body(sent(b""))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{}", None),
        (b'{"reason": null}', None),
        (b'{"reason": "  "}', None),
        (b'{"reason": " Not confirmed.\\n"}', "Not confirmed."),
    ],
)
def test_a_reason_may_be_given(body: bytes, reason: str | None) -> None:
    assert parse_reason(body) == reason


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        (b"", 400, ""),
        (b"[]", 422, ""),
        (b'{"why": "x"}', 422, "/why"),
        (b'{"reason": 5}', 422, "/reason"),
        (b'{"reason": "a\\u0000b"}', 422, "/reason"),
        (b'{"reason": "\\ud800"}', 422, "/reason"),
        (b'{"reason": "%s"}' % (b"x" * 1_001), 422, "/reason"),
    ],
)
def test_a_wrong_reason_is_refused(body: bytes, status: int, pointer: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_reason(body)
    assert (caught.value.status, caught.value.faults[0].pointer) == (status, pointer)
