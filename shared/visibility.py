"""The one place that decides whether an article may be seen. Every output asks here."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_

from shared.models import Article, Enrichment


def is_visible(article: Article, enrichment: Enrichment | None) -> bool:
    """True for an enriched article that has not been withdrawn."""
    return enrichment is not None and article.withdrawn_at is None


def visible_clause() -> ColumnElement[bool]:
    """`is_visible` in SQL, for a query over article outer-joined with enrichment."""
    return and_(Enrichment.article_seq.is_not(None), Article.withdrawn_at.is_(None))
