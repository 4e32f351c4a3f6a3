"""Counts articles in and out of their slices."""

from __future__ import annotations

import logging
from collections import Counter as Sum

import redis
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.count.tally import difference
from shared import crash, outbox
from shared.clock import Clock
from shared.counters import Counters
from shared.db import Database, insert_into
from shared.models import Counter, Tally, Ticker
from shared.standing import load_for_effect, standing

log = logging.getLogger(__name__)

# Counters moved in one statement: databases take some ten thousand parameters.
MOST_ROWS = 5000


class CountTasks:
    """The handlers of the count worker."""

    def __init__(self, db: Database, counters: Counters, clock: Clock) -> None:
        self._db = db
        self._counters = counters
        self._clock = clock

    def recount(self, claim: outbox.Claim) -> None:
        """Brings the claimed articles' tallies to where they stand now. The same for every kind of event."""
        with self._db.write() as session:
            held = outbox.finish(session, claim)
            self._count(session, {row.article_seq for row in held})
            crash.reach("count.before_commit")
        crash.reach("count.after_commit")
        try:
            self._counters.sync()
        except redis.RedisError as error:
            log.warning("Redis gets the new counts with the next pulse: %s", error)
        crash.reach("count.after_mirror")

    def _count(self, session: Session, seqs: set[int]) -> None:
        articles = load_for_effect(session, seqs)
        tallies = {row.article_seq: row for row in session.scalars(select(Tally).where(Tally.article_seq.in_(seqs)))}
        total: Sum[str] = Sum()
        for article, enrichment, publisher in articles:
            wanted = [str(each) for each in standing(article, enrichment, publisher.slug)]
            tally = tallies.get(article.seq) or Tally(article_seq=article.seq, slices=[])
            if change := difference(tally.slices, wanted):
                total.update(change)
                tally.slices, tally.counted_at = wanted, self._clock.now()
                session.add(tally)
        if total:
            add_to_counters(session, total, take_number(session))


def take_number(session: Session) -> int:
    """The next number of a change to counters; holding its row until the commit makes changes follow one another."""
    return session.scalars(
        update(Ticker).where(Ticker.name == "count").values(value=Ticker.value + 1).returning(Ticker.value)
    ).one()


def add_to_counters(session: Session, change: Sum[str], number: int) -> None:
    """Moves counters by the given amounts under one commit-ordered number."""
    rows = [{"slice": name, "value": amount, "seq": number} for name, amount in sorted(change.items()) if amount]
    for start in range(0, len(rows), MOST_ROWS):
        statement = insert_into(session, Counter).values(rows[start : start + MOST_ROWS])
        session.execute(
            statement.on_conflict_do_update(
                index_elements=[Counter.slice],
                set_={"value": Counter.value + statement.excluded.value, "seq": statement.excluded.seq},
            )
        )
