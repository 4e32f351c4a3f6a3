"""What has been published, read, shared, subscribed to and reacted to, in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import redis
from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.audience import Audience
from shared.clock import Clock
from shared.counters import Counters
from shared.days import latest_days, local_day
from shared.db import Database
from shared.installation import installation_id
from shared.models import Article, Counter, Enrichment
from shared.publication import Publication
from shared.reactions import Reactions
from shared.slices import ALL, PLACES, day_slice
from shared.subscribers import Estimate
from shared.urls import article_path
from shared.visibility import visible_clause


@dataclass(frozen=True)
class Sources:
    """Where the numbers come from."""

    db: Database
    publication: Publication
    clock: Clock
    counters: Counters
    audience: Audience
    estimate: Estimate
    reactions: Reactions

    @classmethod
    def of(cls, db: Database, client: redis.Redis, publication: Publication, clock: Clock) -> Sources:
        installation = installation_id(db)
        counters = Counters(client, db, installation)
        audience = Audience(client, installation, publication.tz)
        estimate, reactions = Estimate(client, installation), Reactions(client, db, installation)
        return cls(db, publication, clock, counters, audience, estimate, reactions)


def stats(of: Sources, *, days: int, top: int) -> dict[str, Any]:
    """Totals, the latest days, for each other kind of slice its `top` largest; what is read, shared and polled most."""
    today = local_day(of.clock.now(), of.publication.tz)
    shown = latest_days(today, days)
    total, *per_day = of.counters.read([ALL, *map(day_slice, shown)])
    with of.db.read() as session:
        largest = {kind: _largest(session, kind, top) for kind in PLACES}
        reads = _articles(session, of, of.audience.top("reads", shown, top), "reads")
        shared = _articles(session, of, of.audience.top("shares", shown, top), "shares")
    return {
        "total": total,
        "days": [{"day": day.isoformat(), "articles": count} for day, count in zip(shown, per_day, strict=True)],
        **{PLACES[kind]: found for kind, found in largest.items()},
        "reads": {"total": of.audience.total(), "days": _reading(of.audience, shown), "articles": reads},
        "shares": [{"network": network, "clicks": count} for network, count in of.audience.shares().items()],
        "shared": shared,
        "clicks": _clicks(of.audience, shown),
        "subscribers": _subscribers(of.estimate, today, top),
        "accounts": [{"account": name, **asdict(totals)} for name, totals in of.reactions.read().items()],
    }


def _reading(audience: Audience, days: Sequence[date]) -> list[dict[str, Any]]:
    found = audience.by_day(days)
    return [{"day": each.day.isoformat(), "reads": each.reads, "readers": each.readers} for each in found]


def _clicks(audience: Audience, days: Sequence[date]) -> list[dict[str, Any]]:
    """By account: the clicks on its links, ever and day by day."""
    per_day = audience.clicks_by_day(days)
    return [
        {
            "account": account,
            "clicks": count,
            "days": [
                {"day": day.isoformat(), "clicks": of_day.get(account, 0)}
                for day, of_day in zip(days, per_day, strict=True)
            ],
        }
        for account, count in audience.clicks().items()
    ]


def _articles(session: Session, of: Sources, ranked: list[tuple[str, int]], name: str) -> list[dict[str, Any]]:
    """The visible ones of these articles, by id, with their numbers."""
    rows = session.execute(
        select(Article.id, Enrichment.headline, Enrichment.day, Enrichment.slug, Enrichment.key)
        .join(Enrichment, Enrichment.article_seq == Article.seq)
        .where(Article.id.in_([article_id for article_id, _ in ranked]), visible_clause())
    )
    known = {row.id: row for row in rows}
    return [
        {
            "id": article_id,
            "headline": known[article_id].headline,
            "url": of.publication.base_url
            + article_path(known[article_id].day, known[article_id].slug, known[article_id].key),
            name: count,
        }
        for article_id, count in ranked
        if article_id in known
    ]


def _subscribers(estimate: Estimate, today: date, top: int) -> list[dict[str, Any]]:
    return [
        {
            "feed": each.feed,
            "subscribers": each.total,
            "clients": each.clients,
            "aggregators": [{"name": name, "subscribers": n} for name, n in sorted(each.aggregators.items())],
        }
        for each in estimate.largest(today, top)
    ]


def _largest(session: Session, kind: str, top: int) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Counter.slice, Counter.value)
        # ";" follows ":" in ASCII: all keys of this kind, by the primary key.
        .where(Counter.slice > f"{kind}:", Counter.slice < f"{kind};", Counter.value > 0)
        .order_by(Counter.value.desc(), Counter.slice)
        .limit(top)
    )
    return [{"slug": row.slice.partition(":")[2], "articles": row.value} for row in rows]
