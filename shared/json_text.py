"""Strict JSON (RFC 8259, and RFC 7493 where that leaves a choice): what could be read in two ways is refused."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, NoReturn

from shared.errors import Fault, Invalid, Refused

ACCEPTED = "one JSON object (RFC 8259) in UTF-8"
# Digits of the largest number that is shown back digit by digit; no field takes a number.
MOST_DIGITS = 18


def decode(body: bytes | bytearray) -> Any:
    """The value written in `body`; a byte order mark in front is bearable.

    Raises Refused (400) for what is no JSON; Invalid (422) for a name that an object has twice, of which a reader
    could take either, and for half of a surrogate pair, which no text can hold.
    """
    text = _text(body)
    repeated: dict[int, list[str]] = {}

    def read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            repeated[id(found)] = [name for name, times in Counter(name for name, _ in pairs).items() if times > 1]
        return found

    try:
        value = json.loads(text, object_pairs_hook=read_object, parse_int=_integer, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        what = error.msg.removesuffix(" at").removesuffix(" starting")
        raise _not_json(f"line {error.lineno}, column {error.colno}: {what}") from error
    except RecursionError as error:
        raise _not_json("is nested too deep") from error
    if repeated or "\\u" in text:
        _check_names_and_letters(value, repeated)
    return value


def pointer(*parts: int | str) -> str:
    """A JSON Pointer (RFC 6901)."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


def _text(body: bytes | bytearray) -> str:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_json(f"is not UTF-8: found byte 0x{body[error.start]:02x} at position {error.start:,}") from error
    if not text.strip():
        raise _not_json("is empty")
    return text


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= MOST_DIGITS else float(digits)


def _no_number(name: str) -> NoReturn:
    raise _not_json(f"holds {name}, which JSON does not have")


def _not_json(detail: str) -> Refused:
    fault = Fault("", detail, None, ACCEPTED)
    return Refused(f"The body is not valid JSON: {detail}.", faults=[fault], title="Not JSON")


def _check_names_and_letters(value: Any, repeated: dict[int, list[str]]) -> None:
    faults = []
    for where, each in _walk(value):
        if isinstance(each, str):
            if _has_lone_surrogate(each):
                detail = "holds half of a character (a lone surrogate)"
                faults.append(Fault(where, detail, None, "whole characters: \\ud83d only before \\ude00, for example"))
            continue
        if any(map(_has_lone_surrogate, each)):
            faults.append(Fault(where, "has a name with half of a character (a lone surrogate)", None, ACCEPTED))
        faults += [
            Fault(where + pointer(name), "is there twice", None, "each name once")
            for name in repeated.get(id(each), ())
        ]
    if faults:
        raise Invalid("Nothing was stored: the JSON could be read in more than one way.", faults=faults[:20])


def _walk(value: Any) -> Iterator[tuple[str, str | dict[str, Any]]]:
    """Every text and object with its pointer; without recursion, since depth is the sender's choice."""
    waiting = [("", value)]
    while waiting:
        where, each = waiting.pop()
        if isinstance(each, str | dict):
            yield where, each
        if isinstance(each, dict):
            waiting += [(where + pointer(name), inner) for name, inner in each.items()]
        elif isinstance(each, list):
            waiting += [(where + pointer(number), inner) for number, inner in enumerate(each)]


def _has_lone_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
