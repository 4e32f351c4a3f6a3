"""Says what is wrong with what was sent in words of a newsroom: where, what was found, what is accepted."""

from __future__ import annotations

import math
from collections.abc import Callable
from difflib import get_close_matches
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from shared.errors import Fault
from shared.json_text import pointer

# How much of a wrong value, and how many wrong places, are shown back.
SHOWN = 120
MOST_FAULTS = 20

_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is no field here",
    "string_type": "is no text",
    "string_too_short": "is empty",
    "string_too_long": "is too long",
    "string_pattern_mismatch": "has another form than accepted",
    "list_type": "is no list",
    "too_long": "has too many entries",
    "literal_error": "is none of the values accepted",
    "model_type": "is no JSON object",
}

Location = tuple[int | str, ...]


def faults_of(
    error: ValidationError,
    model: type[BaseModel],
    sent: Any,
    *,
    as_sent: Callable[[Location, Any], Location] = lambda location, _: location,
) -> list[Fault]:
    """The first wrong places in `sent`; `as_sent` says where the sender wrote what stands elsewhere in the model."""
    faults = []
    for each in error.errors(include_url=False, include_context=False)[:MOST_FAULTS]:
        unknown = each["type"] == "extra_forbidden"
        faults.append(
            Fault(
                pointer=pointer(*as_sent(each["loc"], sent)),
                detail=_WORDS.get(each["type"]) or each["msg"].removeprefix("Value error, "),
                found=None if each["type"] == "missing" else shown(each["input"]),
                accepted=known_fields(model, each["loc"]) if unknown else accepted(model, each["loc"]),
            )
        )
    return faults


def accepted(model: type[BaseModel], location: Location) -> str:
    """What a place takes, in words."""
    node = _node(_schema(model), location)
    if node is None:
        return ""
    words = _in_words(_schema(model), node)
    return ". ".join(part for part in (words, node.get("description", "")) if part)


def known_fields(model: type[BaseModel], location: Location) -> str:
    """Which fields there are beside an unknown one, the likeliest first."""
    parent = _resolve(_schema(model), _node(_schema(model), location[:-1]) or {})
    names = list(parent.get("properties", ()))
    meant = get_close_matches(str(location[-1])[:SHOWN].lower(), names, n=1)
    return (f"Did you mean {meant[0]}? " if meant else "") + "The fields are " + ", ".join(names)


def shown(value: Any) -> Any:
    """A wrong value, short enough to send back and fit for JSON."""
    if isinstance(value, str):
        clean = value.encode("utf-8", "replace").decode()
        return clean if len(clean) <= SHOWN else f"{clean[:SHOWN]}… ({len(clean):,} characters)"
    if isinstance(value, list | tuple):
        return f"a list of {len(value):,}"
    if isinstance(value, dict):
        return f"an object with {', '.join(shown(str(key)) for key in list(value)[:5]) or 'nothing in it'}"
    if isinstance(value, float) and not math.isfinite(value):
        return "a number too large"
    return value if isinstance(value, bool | int | float) or value is None else str(value)[:SHOWN]


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _resolve(root: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """The schema behind a reference; of alternatives, the one with fields or entries, else the first."""
    if "$ref" in node:
        return _resolve(root, root["$defs"][node["$ref"].rpartition("/")[2]])
    if "anyOf" in node:
        options = [_resolve(root, option) for option in node["anyOf"]]
        return next((option for option in options if option.keys() & {"properties", "items"}), options[0])
    return node


def _node(root: dict[str, Any], location: Location) -> dict[str, Any] | None:
    node = root
    for part in location:
        outer = _resolve(root, node)
        inner = outer.get("items") if isinstance(part, int) else outer.get("properties", {}).get(part)
        if inner is None:
            return None
        node = inner
    return node


def _in_words(root: dict[str, Any], node: dict[str, Any]) -> str:
    if "$ref" in node:
        return _in_words(root, _resolve(root, node))
    if "anyOf" in node:
        options = (_in_words(root, option) for option in node["anyOf"] if option.get("type") != "null")
        return " or ".join(dict.fromkeys(options))
    if "enum" in node:
        return "one of " + ", ".join(map(str, node["enum"]))
    if node.get("format") == "date-time":
        return "an ISO 8601 time with its zone, such as 2018-04-20T09:30:00+03:00"
    if node.get("format") == "uri":
        return f"an absolute http or https address of up to {node['maxLength']:,} characters"
    if node.get("type") == "string":
        least, most = node.get("minLength", 0), node["maxLength"]
        return f"text of {least} to {most:,} characters" if least else f"text of up to {most:,} characters"
    if node.get("type") == "integer":
        return f"a whole number from {node['minimum']} to {node['maximum']}"
    if node.get("type") == "array":
        return f"a list of up to {node['maxItems']:,} entries, each {_in_words(root, node['items'])}"
    needed = ", ".join(node.get("required", ()))
    return f"an object with {needed}" if needed else "an object"
