"""What has been published, in numbers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.clicks import Clicks
from shared.clock import Clock
from shared.counters import Counters
from shared.days import latest_days, local_day
from shared.db import Database
from shared.models import Counter
from shared.publication import Publication
from shared.slices import ALL, PLACES, day_slice


def stats(
    db: Database, counters: Counters, clicks: Clicks, publication: Publication, clock: Clock, *, days: int, top: int
) -> dict[str, Any]:
    """Totals, the latest days, for each other kind of slice its `top` largest, and share links that were followed."""
    shown = latest_days(local_day(clock.now(), publication.tz), days)
    total, *per_day = counters.read([ALL, *map(day_slice, shown)])
    with db.read() as session:
        largest = {kind: _largest(session, kind, top) for kind in PLACES}
    return {
        "total": total,
        "days": [{"day": day.isoformat(), "articles": count} for day, count in zip(shown, per_day, strict=True)],
        **{PLACES[kind]: found for kind, found in largest.items()},
        "shares": [{"network": network, "clicks": count} for network, count in clicks.totals().items()],
    }


def _largest(session: Session, kind: str, top: int) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Counter.slice, Counter.value)
        # ";" follows ":" in ASCII: all keys of this kind, by the primary key.
        .where(Counter.slice > f"{kind}:", Counter.slice < f"{kind};", Counter.value > 0)
        .order_by(Counter.value.desc(), Counter.slice)
        .limit(top)
    )
    return [{"slug": row.slice.partition(":")[2], "articles": row.value} for row in rows]
