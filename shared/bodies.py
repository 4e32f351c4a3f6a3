"""Reads what requests carry: bounded, of the right type, and turned into what an API takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from flask import Request
from pydantic import BaseModel, ValidationError

from shared import json_text
from shared.errors import Fault, Invalid, Refused
from shared.faults import MOST_FAULTS, Location, faults_of, shown

JSON_TYPES = ("application/json",)
_PIECE = 64 * 1024

AnyModel = TypeVar("AnyModel", bound=BaseModel)


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


def whole_number(request: Request, name: str, default: int, most: int) -> int:
    """A parameter from 1 to `most`; `default` when it is absent. Raises Refused."""
    given = request.args.get(name)
    if given is None:
        return default
    if not (given.isascii() and given.isdecimal() and len(given) <= 18 and 1 <= int(given) <= most):
        fault = Fault("", "is no whole number in the range", shown(given), f"1 to {most}", parameter=name)
        raise Refused(f"The parameter {name} must be a whole number from 1 to {most}.", faults=[fault])
    return int(given)


def has_body(request: Request) -> bool:
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


def too_large(limit: int, what: str = "body") -> Refused:
    return Refused(f"The {what} may have at most {limit:,} bytes.", status=413, title="Body too large")


def parse(
    model: type[AnyModel],
    body: bytes | bytearray,
    outcome: str,
    *,
    title: str = Invalid.title,
    as_sent: Callable[[Location, Any], Location] = lambda location, _: location,
) -> AnyModel:
    """What a JSON body says. Raises Refused (400) for what is no JSON, Invalid (422) for wrong fields; `outcome` says
    what was not done then."""
    sent = json_text.decode(body)
    try:
        return model.model_validate(sent)
    except ValidationError as error:
        faults = faults_of(error, model, sent, as_sent=as_sent)
        places = list(dict.fromkeys(fault.pointer or "the whole body" for fault in faults))
        more = error.error_count() - MOST_FAULTS
        also = f" and {more:,} more" if more > 0 else ""
        raise Invalid(f"{outcome}. To be mended: {', '.join(places)}{also}.", faults=faults, title=title) from error


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
