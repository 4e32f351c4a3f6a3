"""Masthead's own form: the fields of a submission, or sentences of running text without a headline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.cli.readers import objects
from services.cli.readers.items import Context, Fields, Item, Unfit, articles
from shared.submission import HEADLINE_LENGTH
from shared.text import cut

KINDS = "a submission (headline, body), sentences, a JSON Feed or ninjs"


def read(content: bytes, context: Context) -> Iterator[Item]:
    """Submissions one a line, in an array, or alone. What is unknown in them is refused, as the API would."""
    return articles(objects.entries(content), context, _fields)


def _fields(value: Any, notes: list[str]) -> Fields:
    if isinstance(value, Unfit):
        raise value
    if not isinstance(value, dict):
        raise Unfit("is no JSON object")
    if "$schema" in value and "headline" not in value:
        raise Unfit("is a JSON Schema, not an article")
    if "sentences" in value:
        return _from_sentences(value, notes)
    if not {"headline", "body", "external_id"} & value.keys():
        raise Unfit(f"is JSON of a kind that is not read; read are {KINDS}", f"it holds {', '.join(list(value)[:5])}")
    return value


def _from_sentences(value: Fields, notes: list[str]) -> Fields:
    """`sentences` in place of headline and body: the first is the headline, the others are paragraphs; a single one
    is both. `licence` has no place in an article; all other fields are those of a submission."""
    given = value["sentences"]
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise Unfit("sentences is no list of texts")
    sentences = [clean for each in given if (clean := " ".join(each.split()))]
    if not sentences:
        raise Unfit("has neither a headline nor text")
    fields = {name: content for name, content in value.items() if name not in ("sentences", "licence")}
    if "licence" in value:
        notes.append("licence has no place in an article and is left out")
    if "headline" not in fields:
        headline, *rest = sentences
        fields["headline"] = cut(headline, HEADLINE_LENGTH)
        if fields["headline"] != headline:
            rest = sentences
            notes.append(f"the first sentence is longer than {HEADLINE_LENGTH} characters; the headline is cut")
        sentences = rest or [headline]
    return fields | {"body": "\n\n".join(sentences), "body_format": "text"}
