"""In which slices an article stands: the one answer for counters, feeds and pages."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.models import Article, Enrichment, Publisher
from shared.slices import Slice, slices_of
from shared.visibility import is_visible


def standing(article: Article, enrichment: Enrichment | None, publisher: str) -> list[Slice]:
    """The slices of a visible article, none for any other. `publisher` is the publisher's slug."""
    if enrichment is None or not is_visible(article, enrichment):
        return []
    return slices_within(enrichment, publisher)


def slices_within(enrichment: Enrichment, publisher: str) -> list[Slice]:
    """The slices an article belongs to, whether it may be seen there or not: who followed one, hears of its end."""
    return slices_of(
        day=enrichment.day,
        language=enrichment.language.split("-")[0],
        publisher=publisher,
        section=enrichment.section["slug"] if enrichment.section else None,
        tags=[tag["slug"] for tag in enrichment.tags],
        bylines=[byline["slug"] for byline in enrichment.bylines],
    )


def load_for_effect(session: Session, seqs: Collection[int]) -> list[tuple[Article, Enrichment | None, Publisher]]:
    """Articles with their enrichment and publisher, in order of seq, held against change until the commit.

    Ingest cannot withdraw or replace them meanwhile, so no effect is written for a state that is already past; and of
    two workers that hold different rows of one article, the second sees what the first has done, if it reads
    everything else after this.
    """
    articles = session.scalars(
        select(Article).where(Article.seq.in_(seqs)).order_by(Article.seq).with_for_update(key_share=True)
    ).all()
    enrichments = {
        row.article_seq: row for row in session.scalars(select(Enrichment).where(Enrichment.article_seq.in_(seqs)))
    }
    publishers = {row.id: row for row in session.scalars(select(Publisher))}
    return [(article, enrichments.get(article.seq), publishers[article.publisher_id]) for article in articles]
