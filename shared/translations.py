"""How an article names the one it is a translation of: by the publisher's own id, or by the id on a receipt."""

from __future__ import annotations

from shared.urls import urn


def reference(publisher_id: int, name: str) -> str:
    """What is kept of a submission's `translation_of`. Only articles of the same publisher can be meant."""
    return f"{publisher_id} {name}"


def names_of(article_id: str, external_id: str | None) -> list[str]:
    """By which an article may be called the original of another."""
    return [article_id, urn(article_id), *([external_id] if external_id else ())]


def meaning(original: str) -> tuple[int, str, str]:
    """Of a reference: the publisher, and what is meant if it is an external_id, and what if it is an article's id."""
    publisher_id, _, name = original.partition(" ")
    return int(publisher_id), name, name.removeprefix("urn:uuid:")
