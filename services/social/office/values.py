"""Settings and rules as people write them: on a command line (`sections=["economy"]`, `burst.posts=5`), or in a file.

A value that begins like TOML's text, list or table is read as such, digits and true and false as what they are;
everything else is a bare word, and taken as it stands. Nothing at all takes a setting back to what is usual.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, time
from math import isfinite
from pathlib import Path
from typing import Any

from shared.errors import Fault, Refused
from shared.text import clean_xml

LARGEST_FILE = 100_000
_NAME = re.compile(r"[A-Za-z_][\w-]*(?:\.[\w-]+)*", re.ASCII)
_PLAIN = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,17})?|true|false", re.ASCII)


def read_given(given: Sequence[str]) -> dict[str, Any]:
    """Values by name, parts of a value as a table; None for what is taken back. Raises Refused without the values."""
    found: dict[str, Any] = {}
    for place, text in enumerate(given, start=1):
        name, equals, value = text.partition("=")
        if not (equals and _NAME.fullmatch(name.strip())):
            told = f"The setting given as number {place} is not written as name=value, such as fresh_hours=12."
            raise Refused(told)
        *path, last = name.strip().split(".")
        table = found
        for step in path:
            if not isinstance(table.get(step), dict):
                table[step] = {}
            table = table[step]
        table[last] = _read(value.strip())
    return _storable(found)


def read_file(file: Path) -> dict[str, Any]:
    """The values of a TOML file. Raises Refused."""
    try:
        content = file.read_bytes()
        if len(content) > LARGEST_FILE:
            raise ValueError(f"it has more than {LARGEST_FILE:,} bytes")
        return _storable(tomllib.loads(content.decode()))
    except (OSError, ValueError, RecursionError) as error:
        raise Refused(f"{file} cannot be read as TOML: {error}.") from error


def merged(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What there was, with what is given in its place; tables part by part. A text that gets parts becomes the part
    without a name: the template of all other languages."""
    values = dict(before)
    for name, value in given.items():
        old = values.pop(name, None)
        if isinstance(value, dict):
            table = old if isinstance(old, dict) else {"": old} if isinstance(old, str) else {}
            value = merged(table, value)
        if value is not None and value != {}:
            values[name] = value
    return values


def _read(text: str) -> Any:
    if not text:
        return None
    if not (_PLAIN.fullmatch(text) or text[0] in "\"'[{"):
        return text
    try:
        found = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return found["value"] if set(found) == {"value"} else text


def _storable(values: dict[str, Any]) -> dict[str, Any]:
    """The same as JSON has it: dates and times as text. Raises Refused for letters that no network takes."""
    return {name: _plain(value, name) for name, value in values.items()}


def _plain(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {part: _plain(each, f"{name}.{part}") for part, each in value.items()}
    if isinstance(value, list):
        return [_plain(each, name) for each in value]
    if isinstance(value, time) and not (value.second or value.microsecond):
        return f"{value:%H:%M}"
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if isinstance(value, str) and clean_xml(value) != value:
        told = "It holds a control character or half of a letter."
        raise Refused("A value cannot be used.", faults=[Fault(f"/settings/{name}", told, None, "text")])
    return value
