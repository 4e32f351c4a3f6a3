"""Turns request bodies into submissions, or into faults that say where, what was found and what is accepted."""

from __future__ import annotations

import json
from typing import Any

from flask import Request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from shared.errors import Fault, Invalid, Refused
from shared.submission import Submission

# How much of a wrong value is shown back.
SHOWN = 120


def read_body(request: Request, *, content_types: tuple[str, ...], limit: int) -> bytes:
    """The request's body. Refuses another content type (415), content coding (415) or a larger body (413)."""
    if request.mimetype not in content_types:
        raise Refused(
            f"The body must be {' or '.join(content_types)}; found {request.mimetype or 'no Content-Type'}.",
            status=415,
            title="Unsupported media type",
            headers={"Accept-Post": ", ".join(content_types)},
        )
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refused(
            f"The body must not be compressed; found Content-Encoding: {request.headers['Content-Encoding']}.",
            status=415,
            title="Unsupported media type",
        )
    request.max_content_length = limit
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise too_large(limit) from error


def too_large(limit: int) -> Refused:
    return Refused(f"The body may have at most {limit:,} bytes.", status=413, title="Body too large")


def parse_submission(body: bytes) -> Submission:
    """The submission in a JSON body. Raises Refused (400) for what is no JSON, Invalid (422) for wrong fields."""
    try:
        return Submission.model_validate_json(body)
    except ValidationError as error:
        faults = faults_of(error)
        if any(fault["type"] == "json_invalid" for fault in error.errors(include_url=False, include_context=False)):
            raise Refused(
                "The body is not valid JSON (RFC 8259, in UTF-8).", faults=faults, title="Not JSON"
            ) from error
        names = ", ".join(sorted({fault.pointer or "the article" for fault in faults}))
        raise Invalid(f"Nothing was stored. To be mended: {names}.", faults=faults) from error


def faults_of(error: ValidationError) -> list[Fault]:
    """One fault per wrong place, with a JSON Pointer."""
    return [
        Fault(
            pointer="".join(f"/{_escape(part)}" for part in each["loc"]),
            detail=each["msg"].removeprefix("Value error, "),
            found=None if each["type"] in ("json_invalid", "missing") else shown(each["input"]),
            accepted=accepted(Submission, each["loc"], each["type"]),
        )
        for each in error.errors(include_url=False, include_context=False)
    ]


def accepted(model: type[BaseModel], where: tuple[int | str, ...], kind: str) -> str:
    """What a field takes, in words; for an unknown field, which fields there are."""
    if kind == "json_invalid":
        return "one JSON object (RFC 8259) in UTF-8"
    field = model.model_fields.get(str(where[0])) if where else None
    if field is None:
        return "fields: " + ", ".join([*model.model_fields, "byline"])
    return field.description or ""


def shown(value: Any) -> Any:
    """A wrong value, short enough to send back."""
    if isinstance(value, str):
        clean = value.encode("utf-8", "replace").decode()
        return clean if len(clean) <= SHOWN else f"{clean[:SHOWN]}… ({len(clean):,} characters)"
    if isinstance(value, list | tuple):
        return f"a list of {len(value):,}"
    if isinstance(value, dict):
        return f"an object with {', '.join(shown(str(key)) for key in list(value)[:5])}"
    return value if isinstance(value, bool | int | float) or value is None else str(value)[:SHOWN]


def parse_reason(body: bytes) -> str | None:
    """The reason in the optional body of a withdrawal: {"reason": "…"}."""
    if not body.strip():
        return None
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused("The body is not valid JSON.", title="Not JSON") from error
    reason = value.get("reason") if isinstance(value, dict) else None
    if not isinstance(value, dict) or set(value) - {"reason"} or not isinstance(reason, str | None):
        fault = Fault("/reason", "the body of a withdrawal holds a reason, or nothing", shown(value), "text")
        raise Invalid("Nothing was withdrawn.", faults=[fault])
    if reason is not None and len(reason) > 1000:
        raise Invalid(
            "Nothing was withdrawn.",
            faults=[Fault("/reason", "is too long", shown(reason), "up to 1,000 characters")],
        )
    return reason


def _escape(part: int | str) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")
