"""Counts everything anew from the record and compares. Run with `python -m services.count.recount [--repair]`.

Prints one JSON object; `masthead verify` starts it and shows it to people.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter as Sum
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import redis
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, load_only

from services.count.settings import CountSettings
from services.count.tasks import add_to_counters, take_number
from shared import bus, outbox
from shared.clock import Clock
from shared.counters import Counters
from shared.db import Database
from shared.events import ArticleEnriched
from shared.installation import installation_id
from shared.listeners import COUNT_ARTICLE, COUNT_WITHDRAWAL, ENRICH_ARTICLE, FEED_PUBLISH, FEED_WITHDRAW
from shared.models import Article, Counter, Enrichment, FeedEntry, OutboxRow, Publisher, Tally
from shared.standing import standing

PAGE = 2000
# What changes counts. A notice waits for days to be removed, and is counted no longer.
COUNTED_BY = [each.name for each in (ENRICH_ARTICLE, COUNT_ARTICLE, COUNT_WITHDRAWAL, FEED_PUBLISH, FEED_WITHDRAW)]


@dataclass
class Recount:
    """Articles per slice, four times over: as the record has them, and as each copy says."""

    record: Sum[str] = field(default_factory=Sum)
    counted: Sum[str] = field(default_factory=Sum)
    redis: Sum[str] = field(default_factory=Sum)
    feeds: Sum[str] = field(default_factory=Sum)
    # seq, version: tallied or placed in other slices than they should be, also where the sums happen to be right
    wrong_articles: list[tuple[int, int]] = field(default_factory=list)

    def drift(self) -> list[dict[str, Any]]:
        """Slices in which the four do not agree."""
        names = sorted({*self.record, *self.counted, *self.redis, *self.feeds})
        rows = [
            {
                "slice": name,
                "record": self.record[name],
                "counted": self.counted[name],
                "redis": self.redis[name],
                "feeds": self.feeds[name],
            }
            for name in names
        ]
        return [row for row in rows if len(set(row.values()) - {row["slice"]}) > 1]

    def agrees(self) -> bool:
        return not self.drift() and not self.wrong_articles


def recount(db: Database, counters: Counters) -> Recount:
    """Recomputes every counter from the articles themselves, in one consistent view of the record."""
    result = Recount()
    with db.read() as session:
        for seq, version, wanted, tallied, placed in _articles(session):
            result.record.update(wanted)
            if set(wanted) != tallied or set(wanted) != placed:
                result.wrong_articles.append((seq, version))
        result.counted.update(dict(session.execute(select(Counter.slice, Counter.value)).all()))
        standing_entries = select(FeedEntry.slice, func.count()).where(FeedEntry.withdrawn_at.is_(None))
        result.feeds.update(dict(session.execute(standing_entries.group_by(FeedEntry.slice)).all()))
    counters.sync()
    result.redis.update(counters.mirrored() or {})
    return result


def repair(db: Database, counters: Counters, found: Recount, clock: Clock) -> None:
    """Sends wrong articles through counting and placing again, sets wrong counters, and copies all to Redis anew."""
    with db.write() as session:
        number = take_number(session)  # first of all: until the commit, nobody else counts
        now = clock.now()
        outbox.record(session, [ArticleEnriched(seq, version, now) for seq, version in found.wrong_articles])
        tallied: Sum[str] = Sum()
        for slices in session.scalars(select(Tally.slices).execution_options(yield_per=PAGE)):
            tallied.update(set(slices))
        counted = dict(session.execute(select(Counter.slice, Counter.value)).all())
        missing = Sum({name: tallied[name] - counted.get(name, 0) for name in {*tallied, *counted}})
        add_to_counters(session, missing, number)
    counters.rebuild()


def wait_until_idle(db: Database, seconds: float) -> int:
    """Waits until no work is open that changes what is counted; returns how many rows still are."""
    deadline = time.monotonic() + seconds
    while True:
        with db.read() as session:
            rows = session.scalars(
                select(func.count()).where(
                    OutboxRow.state.in_(("waiting", "offered", "claimed")),
                    OutboxRow.due_at.is_not(None),
                    OutboxRow.listener.in_(COUNTED_BY),
                )
            ).one()
        if rows == 0 or time.monotonic() >= deadline:
            return rows
        time.sleep(0.1)


def _articles(session: Session) -> Iterator[tuple[int, int, list[str], set[str], set[str]]]:
    """Each article: seq, version, where it should stand, where it is tallied, where it is placed."""
    publishers = dict(session.execute(select(Publisher.id, Publisher.slug)).all())
    last = 0
    while page := session.execute(_page_after(last)).all():
        seqs = [row.Article.seq for row in page]
        placed: dict[int, set[str]] = {}
        entries = select(FeedEntry.article_seq, FeedEntry.slice).where(
            FeedEntry.article_seq.between(seqs[0], seqs[-1]), FeedEntry.withdrawn_at.is_(None)
        )
        for seq, name in session.execute(entries):
            placed.setdefault(seq, set()).add(name)
        for article, enrichment, tallied in page:
            wanted = [str(each) for each in standing(article, enrichment, publishers[article.publisher_id])]
            yield article.seq, article.version, wanted, set(tallied or ()), placed.get(article.seq, set())
        last = seqs[-1]
        session.expunge_all()


def _page_after(seq: int) -> Any:
    return (
        select(Article, Enrichment, Tally.slices)
        .outerjoin(Enrichment, Enrichment.article_seq == Article.seq)
        .outerjoin(Tally, Tally.article_seq == Article.seq)
        .where(Article.seq > seq)
        .order_by(Article.seq)
        .limit(PAGE)
        .options(
            load_only(Article.seq, Article.version, Article.publisher_id, Article.withdrawn_at),
            load_only(
                Enrichment.day,
                Enrichment.language,
                Enrichment.section,
                Enrichment.tags,
                Enrichment.bylines,
            ),
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repair", action="store_true")
    parser.add_argument("--wait", type=float, default=10.0, help="seconds to wait for work that is under way")
    chosen = parser.parse_args()
    try:
        report = _report(CountSettings(), repairing=chosen.repair, wait=chosen.wait)
    except redis.RedisError as error:
        sys.exit(f"Redis does not answer: {error}")
    except SQLAlchemyError as error:
        sys.exit(f"the record does not answer: {str(error).splitlines()[0]}")
    print(json.dumps(report, ensure_ascii=False))  # noqa: T201 - the result itself


def _report(settings: CountSettings, *, repairing: bool, wait: float) -> dict[str, Any]:
    db = Database(settings.sql_url)
    counters = Counters(bus.connect(settings), db, installation_id(db))
    under_way = wait_until_idle(db, wait)
    found = recount(db, counters)
    if repairing and not found.agrees():
        repair(db, counters, found, settings.make_clock())
        under_way = wait_until_idle(db, wait)
        found = recount(db, counters)
    return {
        "articles": found.record["all"],
        "slices": len(found.record),
        "under_way": under_way,
        "drift": found.drift(),
        "wrong_articles": len(found.wrong_articles),
    }


if __name__ == "__main__":
    main()
