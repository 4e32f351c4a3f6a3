"""What the tests of all readers share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from services.cli.readers import sniff
from services.cli.readers.items import Context, Found, Item, LeftOut, Refusal, context_of
from shared.publication import TEMPLATE, load_publication

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CONTEXT: Context = context_of(load_publication(TEMPLATE), NOW)  # Europe/Istanbul; world, economy, science, ...


def read(content: str | bytes, name: str = "file") -> list[Item]:
    data = content.encode() if isinstance(content, str) else content
    return list(sniff(name, data).read(data, CONTEXT))


def only(content: str | bytes, name: str = "file") -> Found:
    (item,) = read(content, name)
    assert isinstance(item, Found), item
    return item


def fields(content: str | bytes, name: str = "file") -> dict[str, Any]:
    return only(content, name).submission


def refusal(content: str | bytes, name: str = "file") -> tuple[str, str]:
    """Reason and detail of the only item."""
    (item,) = read(content, name)
    assert isinstance(item, Refusal), item
    return item.reason, item.detail


def kinds(items: list[Item]) -> tuple[int, int, int]:
    """How many were found, refused and left out."""
    return tuple(sum(isinstance(item, kind) for item in items) for kind in (Found, Refusal, LeftOut))  # type: ignore[return-value]
