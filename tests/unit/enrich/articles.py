"""Short ways to submit and enrich an article in a test."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from services.enrich.draft import Draft
from services.enrich.pipeline import Context, Enriched, enrich
from shared.publication import Publication, Section
from shared.submission import Submission

PUBLICATION = Publication(
    name="The Courier",
    base_url="https://courier.example/news",
    languages=("en", "tr", "ar", "fa", "zh"),
    sections=(
        Section(slug="economy", name={"en": "Economy", "tr": "Ekonomi", "fa": "اقتصاد"}),
        Section(slug="sport", name="Sports"),
    ),
)
CONTEXT = Context(publication=PUBLICATION, now=datetime(2018, 4, 20, 9, 0, tzinfo=UTC))


def submission(**fields: Any) -> Submission:
    return Submission(**{"headline": "Harbour reopens", "body": "<p>The harbour reopened.</p>", **fields})


def enriched(**fields: Any) -> Enriched:
    return enrich(submission(**fields), CONTEXT)


def draft(**fields: Any) -> Draft:
    """A draft whose fields are set directly, for the test of one step."""
    return Draft(submission=fields.pop("submission", submission()), **fields)


def notices(result: Enriched, field: str | None = None) -> list[str]:
    return [note["notice"] for note in result.notes if field in (None, note["field"])]
