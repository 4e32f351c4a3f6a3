"""Receipts: where an article is, read from what each service wrote."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from services.ingest.forms import (
    AcceptedStage,
    CountedStage,
    EnrichedStage,
    Failure,
    Post,
    PublishedStage,
    Receipt,
    Stages,
    State,
    WithdrawnStage,
)
from services.ingest.submit import etag
from shared.models import Article, Enrichment, Event, OutboxRow, Placement, Publisher, SocialAccount, SocialPost, Tally
from shared.publication import Publication
from shared.slices import Slice
from shared.standing import standing
from shared.urls import FORMATS, article_path, feed_path, urn


def receipt(session: Session, article: Article, publication: Publication, location: str) -> Receipt:
    """The receipt of an article: its state, and for each stage when it was reached and what came of it."""
    enrichment = session.get(Enrichment, article.seq)
    placement = session.get(Placement, article.seq)
    tally = session.get(Tally, article.seq)
    slices = standing(article, enrichment, session.get_one(Publisher, article.publisher_id).slug)
    stages = Stages(accepted=AcceptedStage(at=article.accepted_at))
    if enrichment:
        stages.enriched = EnrichedStage(
            at=enrichment.enriched_at,
            version=enrichment.version,
            notes=enrichment.notes,
            duplicate_of=enrichment.duplicate_of,
        )
    if tally:
        stages.counted = CountedStage(at=tally.counted_at, slices=tally.slices)
    if placement and enrichment:
        stages.published = PublishedStage(
            at=placement.placed_at,
            version=placement.version,
            page=publication.base_url + article_path(enrichment.day, enrichment.slug, enrichment.key),
            feeds=[publication.base_url + feed_path(each, format) for each in slices for format in FORMATS],
        )
    if article.withdrawn_at:
        stages.withdrawn = WithdrawnStage(at=article.withdrawn_at, reason=article.withdrawal_reason)
    posts = _posts(session, article)
    if posts:
        stages.posted = posts
    failures = _failures(session, article)
    if failures:
        stages.failed = failures
    return Receipt(
        id=article.id,
        urn=urn(article.id),
        external_id=article.external_id,
        version=article.version,
        etag=etag(article),
        state="failed" if failures else _state(article, enrichment, placement, tally, slices),
        published_at=enrichment.published_at if enrichment else None,
        updated_at=article.updated_at,
        stages=stages,
        receipt=location,
    )


def _state(
    article: Article,
    enrichment: Enrichment | None,
    placement: Placement | None,
    tally: Tally | None,
    slices: list[Slice],
) -> State:
    counted = set(tally.slices if tally else ()) == {str(each) for each in slices}
    if article.withdrawn_at:
        gone = placement is None or placement.withdrawn_at is not None
        return "withdrawn" if gone and counted else "withdrawing"
    if enrichment is None or enrichment.version < article.version:
        return "accepted"
    if not counted or placement is None or placement.version < article.version:
        return "enriched"
    return "published"


def _posts(session: Session, article: Article) -> list[Post]:
    """Every post about the article. Reactions are to the post that people see, whatever else it is about."""
    seen = aliased(SocialPost)
    rows = session.execute(
        select(SocialAccount.name, SocialAccount.network)
        .add_columns(SocialPost.kind, SocialPost.state, SocialPost.reason, SocialPost.url, SocialPost.history)
        .add_columns(seen.likes, seen.reposts, seen.replies)
        .join(SocialAccount, SocialAccount.id == SocialPost.account_id)
        .join(seen, seen.id == func.coalesce(SocialPost.digest_id, SocialPost.id))
        .where(SocialPost.article_seq == article.seq)
        .order_by(SocialPost.id)
    )
    return [
        Post(
            account=row.name,
            network=row.network,
            kind=row.kind,
            state=row.state,
            at=datetime.fromtimestamp(row.history[-1]["at"], UTC),
            reason=row.reason,
            url=row.url or None,
            likes=row.likes,
            reposts=row.reposts,
            replies=row.replies,
        )
        for row in rows
    ]


def _failures(session: Session, article: Article) -> list[Failure]:
    """What was given up of this version; a replacement gets a new chance."""
    rows = session.execute(
        select(OutboxRow.id, OutboxRow.listener, OutboxRow.reason)
        .join(Event, Event.id == OutboxRow.event_id)
        .where(Event.article_seq == article.seq, Event.version == article.version, OutboxRow.state == "dead")
        .order_by(OutboxRow.id)
    )
    return [Failure(dead_letter=row.id, task=row.listener, reason=row.reason) for row in rows]
