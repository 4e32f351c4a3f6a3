"""Articles as they stand in the record, in social's own terms."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from services.social.article import Article, Image
from services.social.choice import Facts
from shared.cards import card_of, name_of
from shared.errors import NotFound
from shared.models import Article as ArticleRow
from shared.models import Enrichment, Event, Publisher
from shared.publication import Publication
from shared.standing import slices_within
from shared.urgency import urgency_of
from shared.urls import article_path, campaign_url, card_path
from shared.visibility import is_visible, visible_clause

# An article's page, or the end of its address: only the key finds it.
_ADDRESS = re.compile(r"(?:[^?#]*[/-])?([A-Za-z0-9]+)/?(?:[?#].*)?", re.DOTALL)


@dataclass(frozen=True)
class Reading:
    """An article at one version. `visible` is asked again, under lock, before anything is sent."""

    seq: int
    version: int
    visible: bool
    article: Article
    facts: Facts


def read(session: Session, publication: Publication, seqs: Collection[int]) -> dict[int, Reading]:
    """These articles by number; those that were never enriched are left out."""
    rows = session.execute(
        select(ArticleRow, Enrichment, Publisher.slug)
        .join(Enrichment, Enrichment.article_seq == ArticleRow.seq)
        .join(Publisher, Publisher.id == ArticleRow.publisher_id)
        .where(ArticleRow.seq.in_(seqs))
    )
    return {row.seq: _reading(publication, row, enrichment, publisher) for row, enrichment, publisher in rows}


def newest(session: Session, publication: Publication, count: int, since: datetime | None = None) -> list[Reading]:
    """The latest visible articles, the newest first, at most those published since then: to try an account on."""
    query = select(ArticleRow.seq).join(Enrichment, Enrichment.article_seq == ArticleRow.seq).where(visible_clause())
    if since is not None:
        query = query.where(Enrichment.published_at >= since)
    seqs = list(session.scalars(query.order_by(ArticleRow.seq.desc()).limit(count)))
    found = read(session, publication, seqs)
    return [found[seq] for seq in seqs]


def find_article(session: Session, name: str) -> int:
    """The number of the article with this id, or at this address. Raises NotFound."""
    try:
        named = ArticleRow.id == str(UUID(name))  # with urn:uuid: before it, too
    except ValueError:
        address = _ADDRESS.fullmatch(name)
        named = Enrichment.key == (address[1] if address else "")
    query = select(ArticleRow.seq).outerjoin(Enrichment, Enrichment.article_seq == ArticleRow.seq)
    found = session.scalar(query.where(named))
    if found is None:
        raise NotFound(f"There is no article {name!r}: name its id or its address.")
    return found


def published_before(session: Session, seq: int, event_id: int) -> bool:
    """Whether an earlier version of the article was published before this event."""
    earlier = (Event.article_seq == seq, Event.name == "ArticlePublished", Event.id < event_id)
    return bool(session.scalar(select(exists().where(*earlier))))


def with_campaign(article: Article, account_name: str) -> Article:
    """The article at the address that counts who came by this account."""
    return replace(article, url=campaign_url(article.url, account_name))


def _reading(publication: Publication, row: ArticleRow, enrichment: Enrichment, publisher: str) -> Reading:
    path = article_path(enrichment.day, enrichment.slug, enrichment.key)
    article = Article(
        id=row.id,
        url=publication.base_url + path,
        headline=enrichment.headline,
        summary=enrichment.summary,
        language=enrichment.language,
        direction=enrichment.direction,
        section=publication.section_name(enrichment.section, enrichment.language),
        tags=_labels(enrichment.tags),
        bylines=_labels(enrichment.bylines),
        dateline=enrichment.dateline or "",
        published_at=enrichment.published_at.astimezone(publication.tz),
        image=Image(**enrichment.image) if enrichment.image else None,
        card=_card(publication, enrichment),
    )
    facts = Facts(
        slices=frozenset(slices_within(enrichment, publisher)),
        urgency=urgency_of(enrichment.urgency),
        published_at=enrichment.published_at,
        accepted_at=row.accepted_at,
    )
    return Reading(row.seq, enrichment.version, is_visible(row, enrichment), article, facts)


def _card(publication: Publication, enrichment: Enrichment) -> str:
    card = card_of(enrichment, publication)
    return publication.base_url + card_path(name_of(card, enrichment.key)) if card else ""


def _labels(terms: Sequence[dict[str, str]]) -> tuple[str, ...]:
    return tuple(term["label"] for term in terms)
