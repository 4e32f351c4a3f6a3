"""Reads the bodies of submissions."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.bodies import parse, read_body
from shared.errors import Refused
from shared.faults import Location
from shared.submission import Plain, Submission

NDJSON_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl")


class Withdrawal(BaseModel):
    """What may be said when an article is taken back."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    reason: Annotated[str, StringConstraints(max_length=1000), Plain] | None = Field(
        None, description="Why, in plain text; kept with the receipt", examples=["The quotation was not confirmed."]
    )


def read_batch(request: Request, limit: int, most_lines: int) -> bytearray:
    """The body of a batch. Raises Refused as `read_body` does, and 413 when it has too many lines."""
    body = read_body(request, NDJSON_TYPES, limit)
    if body.count(b"\n") > most_lines:
        raise Refused(f"A batch may have at most {most_lines:,} lines.", status=413, title="Body too large")
    return body


def parse_submission(body: bytes | bytearray) -> Submission:
    """The article in a JSON body. Raises Refused (400) for what is no JSON, Invalid (422) for wrong fields."""
    return parse(Submission, body, "Nothing was stored", as_sent=_as_sent)


def parse_reason(body: bytes | bytearray) -> str | None:
    """The reason in the body of a withdrawal, which may be left out."""
    return parse(Withdrawal, body, "Nothing was withdrawn").reason or None


def _as_sent(location: Location, sent: Any) -> Location:
    """Where the sender wrote it: a byline for bylines, the bare name of a source."""
    if not isinstance(sent, dict):
        return location
    if location[:1] == ("bylines",) and "bylines" not in sent:
        return ("byline", *location[1:]) if isinstance(sent.get("byline"), list) else ("byline",)
    if location[:1] == ("source",) and isinstance(sent.get("source"), str):
        return ("source",)
    return location
