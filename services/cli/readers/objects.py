"""JSON in its three shapes: one object, an array of objects, or one object a line (NDJSON)."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import Any

from services.cli.readers.items import Unfit

Entry = tuple[str, Any]  # place and value
LINE_ENDINGS = (".ndjson", ".jsonl")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FIRST_OBJECT = re.compile(rb"(?:\xef\xbb\xbf)?\s*(\{)")
_NOT_BLANK = re.compile(rb"\S")


def entries(content: bytes) -> Iterator[Entry]:
    """Every value with its place. What cannot be read stands in its place as the Unfit that says why."""
    content = content.removeprefix(_BYTE_ORDER_MARK)
    if is_lines(content):
        yield from _lines(content)
        return
    try:
        value = read_json(content)
    except Unfit as error:
        yield "file", error
        return
    if isinstance(value, list):
        if not value:
            yield "file", Unfit("holds no articles")
        yield from ((f"item {number}", each) for number, each in enumerate(value, 1))
    else:
        yield "file", value


def first(content: bytes) -> Any:
    """The first value, to tell formats apart; None when it cannot be read."""
    _, value = next(entries(content), ("", None))
    return None if isinstance(value, Unfit) else value


def is_lines(content: bytes) -> bool:
    """True for NDJSON: the first line is an object of its own and another line follows."""
    start = _FIRST_OBJECT.match(content)
    if not start:
        return False
    end = content.find(b"\n", start.end())
    following = _NOT_BLANK.search(content, end) if end >= 0 else None
    if not following:
        return False
    line = content[start.start(1) : end].rstrip()
    return line.endswith(b"}") or content.startswith(b'{"', following.start())


def read_json(content: bytes) -> Any:
    """One JSON value as RFC 8259 allows it: UTF-8, no NaN, no depth that ends the program. Raises Unfit."""
    try:
        return json.loads(content.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise Unfit("is not valid JSON", f"byte {error.start + 1} is no UTF-8") from error
    except json.JSONDecodeError as error:
        raise Unfit("is not valid JSON", f"line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise Unfit("is not valid JSON", "it is nested too deeply") from error
    except ValueError as error:
        raise Unfit("is not valid JSON", str(error)[:100]) from error


def _lines(content: bytes) -> Iterator[Entry]:
    for number, line in enumerate(io.BytesIO(content), 1):
        if not line.strip():
            continue
        try:
            yield f"line {number}", read_json(line.rstrip())
        except Unfit as error:
            # The line in the message is that of the file, not of this line alone.
            yield f"line {number}", Unfit(error.reason, error.detail.removeprefix("line 1, "))


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")
