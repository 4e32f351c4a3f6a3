"""Reads the bodies of requests: bounded, of the right type, and turned into what the API takes."""

from __future__ import annotations

from typing import Annotated, Protocol, TypeVar

from flask import Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from services.ingest import json_text
from services.ingest.faults import MOST_FAULTS, faults_of, shown
from shared.errors import Fault, Invalid, Refused
from shared.submission import Submission
from shared.text import clean_xml

JSON_TYPES = ("application/json",)
NDJSON_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
_PIECE = 64 * 1024

AnyModel = TypeVar("AnyModel", bound=BaseModel)


def _plain(value: str) -> str:
    if clean_xml(value) != value:
        raise ValueError("holds a control character")
    return value


class Withdrawal(BaseModel):
    """What may be said when an article is taken back."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    reason: Annotated[str, StringConstraints(max_length=1000), AfterValidator(_plain)] | None = Field(
        None, description="Why, in plain text; kept with the receipt", examples=["The quotation was not confirmed."]
    )


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def read_body(request: Request, content_types: tuple[str, ...], limit: int) -> bytearray:
    """The body of a request, of which at most `limit` bytes are ever held.

    Raises Refused: 415 for another content type, character set or a compressed body, 413 for a larger one, 400 for
    one that is shorter than announced.
    """
    _check_type(request, content_types)
    announced = request.content_length
    if announced is not None and announced > limit:
        raise too_large(limit)
    body = _read(request.stream, limit)
    if announced is not None and len(body) < announced:
        raise Refused(f"The body broke off after {len(body):,} of {announced:,} bytes.", title="Body broke off")
    return body


def read_batch(request: Request, limit: int, most_lines: int) -> bytearray:
    """The body of a batch. Raises Refused as `read_body` does, and 413 when it has too many lines."""
    body = read_body(request, NDJSON_TYPES, limit)
    if body.count(b"\n") > most_lines:
        raise Refused(f"A batch may have at most {most_lines:,} lines.", status=413, title="Body too large")
    return body


def has_body(request: Request) -> bool:
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


def too_large(limit: int, what: str = "body") -> Refused:
    return Refused(f"The {what} may have at most {limit:,} bytes.", status=413, title="Body too large")


def parse_submission(body: bytes | bytearray) -> Submission:
    """The article in a JSON body. Raises Refused (400) for what is no JSON, Invalid (422) for wrong fields."""
    return _parse(Submission, body, "Nothing was stored")


def parse_reason(body: bytes | bytearray) -> str | None:
    """The reason in the body of a withdrawal, which may be left out."""
    return _parse(Withdrawal, body, "Nothing was withdrawn").reason or None


def _check_type(request: Request, accepted: tuple[str, ...]) -> None:
    found = request.mimetype
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    coding = request.headers.get("Content-Encoding", "identity").lower()
    if found not in accepted or charset not in ("utf-8", "utf8"):
        fault = Fault("", "is not accepted", shown(request.content_type), " or ".join(accepted), header="Content-Type")
    elif coding != "identity":
        fault = Fault(
            "", "is not accepted", shown(coding), "a body as it is, not compressed", header="Content-Encoding"
        )
    else:
        return
    raise Refused(
        f"{fault.header} {fault.detail}; send {fault.accepted}.",
        faults=[fault],
        status=415,
        title="Unsupported media type",
        headers={"Accept-Post": ", ".join(accepted), "Accept-Encoding": "identity"},
    )


def _read(stream: Readable, limit: int) -> bytearray:
    body = bytearray()
    while piece := stream.read(min(_PIECE, limit + 1 - len(body))):
        body += piece
        if len(body) > limit:
            raise too_large(limit)
    return body


def _parse(model: type[AnyModel], body: bytes | bytearray, outcome: str) -> AnyModel:
    sent = json_text.decode(body)
    try:
        return model.model_validate(sent)
    except ValidationError as error:
        faults = faults_of(error, model, sent)
        places = list(dict.fromkeys(fault.pointer or "the whole body" for fault in faults))
        more = error.error_count() - MOST_FAULTS
        also = f" and {more:,} more" if more > 0 else ""
        raise Invalid(f"{outcome}. To be mended: {', '.join(places)}{also}.", faults=faults) from error
