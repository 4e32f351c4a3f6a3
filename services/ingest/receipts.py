"""Receipts: where an article is, read from what each service wrote."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.ingest.submit import etag
from shared.models import Article, Enrichment, Event, OutboxRow, Placement, Publisher, Tally
from shared.publication import Publication
from shared.standing import standing
from shared.urls import FORMATS, article_path, feed_path, urn

# States in which nothing more will happen by itself.
SETTLED = ("published", "withdrawn", "failed")


def receipt(session: Session, article: Article, publication: Publication) -> dict[str, Any]:
    """The receipt of an article: its state, and for each stage when it was reached and what came of it."""
    enrichment = session.get(Enrichment, article.seq)
    placement = session.get(Placement, article.seq)
    tally = session.get(Tally, article.seq)
    publisher = session.get_one(Publisher, article.publisher_id).slug
    failures = _failures(session, article)
    stages: dict[str, Any] = {"accepted": {"at": _iso(article.accepted_at)}}
    if enrichment:
        stages["enriched"] = {
            "at": _iso(enrichment.enriched_at),
            "version": enrichment.version,
            "notes": enrichment.notes,
            "duplicate_of": enrichment.duplicate_of,
        }
    if tally:
        stages["counted"] = {"at": _iso(tally.counted_at), "slices": tally.slices}
    if placement and enrichment:
        path = article_path(enrichment.day, enrichment.slug, enrichment.key)
        stages["published"] = {
            "at": _iso(placement.placed_at),
            "version": placement.version,
            "page": publication.base_url + path,
            "feeds": [
                publication.base_url + feed_path(each, format)
                for each in standing(article, enrichment, publisher)
                for format in FORMATS
            ],
        }
    if article.withdrawn_at:
        stages["withdrawn"] = {"at": _iso(article.withdrawn_at), "reason": article.withdrawal_reason}
    if failures:
        stages["failed"] = failures
    return {
        "id": article.id,
        "urn": urn(article.id),
        "external_id": article.external_id,
        "version": article.version,
        "etag": etag(article),
        "state": _state(article, enrichment, placement, tally, bool(failures)),
        "published_at": _iso(enrichment.published_at) if enrichment else None,
        "updated_at": _iso(article.updated_at),
        "stages": stages,
    }


def _state(
    article: Article,
    enrichment: Enrichment | None,
    placement: Placement | None,
    tally: Tally | None,
    failed: bool,
) -> str:
    if failed:
        return "failed"
    if article.withdrawn_at:
        gone = placement is None or placement.withdrawn_at is not None
        return "withdrawn" if gone and (tally is None or not tally.slices) else "withdrawing"
    if enrichment is None or enrichment.version < article.version:
        return "accepted"
    if tally is None or placement is None or placement.version < article.version:
        return "enriched"
    return "published"


def _failures(session: Session, article: Article) -> list[dict[str, Any]]:
    rows = session.execute(
        select(OutboxRow.id, OutboxRow.listener, OutboxRow.reason)
        .join(Event, Event.id == OutboxRow.event_id)
        .where(Event.article_seq == article.seq, OutboxRow.state == "dead")
        .order_by(OutboxRow.id)
    )
    return [{"dead_letter": row.id, "task": row.listener, "reason": row.reason} for row in rows]


def _iso(value: Any) -> str:
    return str(value.isoformat(timespec="milliseconds"))
