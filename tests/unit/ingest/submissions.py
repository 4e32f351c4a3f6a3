"""Short ways to write and refuse a submission in a test."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.ingest.bodies import parse_submission
from shared.errors import Fault, Refused

PLAIN = {"headline": "Harbour reopens", "body": "<p>The harbour reopened on Monday.</p>"}


def written(**fields: Any) -> bytes:
    """An article as JSON; a field that is ... is left out."""
    return json.dumps({name: value for name, value in (PLAIN | fields).items() if value is not ...}).encode()


def refused(body: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        parse_submission(body)
    return caught.value


def faults(**fields: Any) -> dict[str, Fault]:
    """What is wrong with an article, by pointer."""
    error = refused(written(**fields))
    assert error.status == 422
    return {fault.pointer: fault for fault in error.faults}


def fault(**fields: Any) -> Fault:
    """The one thing that is wrong with an article."""
    (only,) = faults(**fields).values()
    return only
