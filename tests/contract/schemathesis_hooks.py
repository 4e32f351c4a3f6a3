"""Teaches Schemathesis NDJSON: sent as it is, and read line by line so that each line is held to its schema."""

from __future__ import annotations

import json
from typing import Any

import schemathesis

NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")


@schemathesis.serializer(*NDJSON)
def write_lines(ctx: Any, value: Any) -> bytes:
    return value.encode("utf-8", "replace") if isinstance(value, str) else json.dumps(value).encode()
