"""Reads the request headers that steer a submission."""

from __future__ import annotations

import re

from flask import Request

from shared.errors import Fault, Refused
from shared.faults import shown

LONGEST_KEY = 255
KEY_PATTERN = f'"?([!#-~]{{1,{LONGEST_KEY}}})"?'
_KEY = re.compile(KEY_PATTERN)


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key: a structured-field string as its draft has it, or the bare text many clients send."""
    given = request.headers.get("Idempotency-Key")
    if given is None:
        return None
    key = _KEY.fullmatch(given.strip())
    if key is None:
        raise _refused("is no key", shown(given), f"1 to {LONGEST_KEY} printable ASCII characters, such as a UUID")
    return key[1]


def refuse_idempotency_key(request: Request) -> None:
    """A key cannot cover a batch, of which a part may be stored; a client that trusts in it must know."""
    if "Idempotency-Key" in request.headers:
        given = shown(request.headers["Idempotency-Key"])
        raise _refused("does not cover a batch", given, "no such header; give each line an external_id")


def preferred_wait(request: Request, limit: float) -> float | None:
    """Seconds of `Prefer: wait=N` (RFC 7240, section 4.3), at most `limit`; None when it is not asked for."""
    for preference in request.headers.get("Prefer", "").split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        seconds = value.strip().strip('"')
        if name.strip().lower() == "wait" and seconds.isascii() and seconds.isdecimal():
            return min(float(seconds), limit)
    return None


def _refused(detail: str, found: str, accepted: str) -> Refused:
    fault = Fault("", detail, found, accepted, header="Idempotency-Key")
    return Refused(f"The Idempotency-Key {detail}; send {accepted}.", faults=[fault])
