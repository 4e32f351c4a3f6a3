"""Headers that steer a submission are read in every way clients write them."""

from __future__ import annotations

import pytest
from flask import Flask, Request, request

from services.ingest.headers import idempotency_key, preferred_wait, refuse_idempotency_key
from shared.errors import Refused


def with_header(name: str, value: str) -> Request:
    with Flask(__name__).test_request_context("/", headers={name: value}):
        return request._get_current_object()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ('"8e03978e-40d5-43dd-bc93-6894a57f9324"', "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        ("8e03978e", "8e03978e"),
        (" a/b:c?d ", "a/b:c?d"),
        ("x" * 255, "x" * 255),
    ],
)
def test_a_key_is_read_with_and_without_quotes(written: str, key: str) -> None:
    assert idempotency_key(with_header("Idempotency-Key", written)) == key


def test_no_key_is_no_key() -> None:
    assert idempotency_key(with_header("X-Other", "x")) is None


@pytest.mark.parametrize("written", ["", '""', " ", "x" * 256, "a b", "é", "a\tb", 'a"b'])
def test_a_key_that_is_none_is_refused(written: str) -> None:
    with pytest.raises(Refused) as caught:
        idempotency_key(with_header("Idempotency-Key", written))
    assert (caught.value.status, caught.value.faults[0].header) == (400, "Idempotency-Key")


def test_a_batch_does_not_pretend_to_know_idempotency_keys() -> None:
    with pytest.raises(Refused, match="give each line an external_id"):
        refuse_idempotency_key(with_header("Idempotency-Key", "x"))
    refuse_idempotency_key(with_header("X-Other", "x"))


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("wait=5", 5),
        ("Wait=5", 5),
        ('wait="5"', 5),
        ("respond-async, wait=5", 5),
        ("wait=5; foo=bar, return=minimal", 5),
        ("wait = 5", 5),
        ("wait=0", 0),
        ("wait=31", 30),
        ("wait=" + "9" * 400, 30),
        ("wait", None),
        ("wait=", None),
        ("wait=-5", None),
        ("wait=1.5", None),
        ("wait=soon", None),
        ("wait=٥", None),
        ("respond-async", None),
        ("", None),
    ],
)
def test_prefer_wait_is_read_as_rfc_7240_writes_it(written: str, seconds: float | None) -> None:
    assert preferred_wait(with_header("Prefer", written), 30.0) == seconds
