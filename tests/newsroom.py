"""A newsroom in miniature: writes what ingest and enrich would have written, and lets real workers' tasks run on it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shared import offers, outbox
from shared.days import local_day
from shared.db import Database, db_now
from shared.events import ArticleAccepted, ArticleEnriched, ArticleUpdated, ArticleWithdrawn
from shared.listeners import BY_NAME
from shared.models import Article, Enrichment, Event, OutboxRow, Publisher
from shared.text import direction_of, slugify
from shared.worker import Duties, work_through
from tests.factories import NOW, article, publisher

ZONE = ZoneInfo("Europe/Istanbul")

Handlers = Mapping[str, Callable[[outbox.Claim], None]]


def terms(*labels: str) -> list[dict[str, str]]:
    return [{"slug": slugify(label), "label": label} for label in labels]


class Newsroom:
    """Articles in a record, at whatever stage a test needs them. Every article gets a time of its own, in order."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self._numbers = itertools.count(1)

    def accept(self, *, agency: str = "Test Agency") -> int:
        """An article that was accepted and nothing else; gives its seq."""
        with self.db.write() as session:
            return self._accept(session, agency).seq

    def enrich(self, seq: int, **fields: Any) -> None:
        """Lets the accepted article be enriched."""
        with self.db.write() as session:
            self._enrich(session, session.get_one(Article, seq), next(self._numbers), fields)

    def publish(self, *, agency: str = "Test Agency", **fields: Any) -> int:
        """An article ready to be counted and placed; `fields` are those of Enrichment, terms as plain labels."""
        return self.publish_many([fields], agency=agency)[0]

    def publish_many(self, articles: list[dict[str, Any]], *, agency: str = "Test Agency") -> list[int]:
        with self.db.write() as session:
            made = [(self._accept(session, agency), fields) for fields in articles]
            for each, fields in made:
                self._enrich(session, each, next(self._numbers), fields)
            return [each.seq for each, _ in made]

    def edit(self, seq: int, **fields: Any) -> None:
        """A new version, accepted and enriched."""
        with self.db.write() as session:
            edited = session.get_one(Article, seq)
            edited.version += 1
            edited.updated_at += timedelta(minutes=1)
            outbox.record(session, [ArticleUpdated(seq, edited.version, edited.updated_at)])
            enrichment = session.get_one(Enrichment, seq)
            for name, value in _values(fields).items():
                setattr(enrichment, name, value)
            enrichment.version, enrichment.updated_at = edited.version, edited.updated_at
            outbox.record(session, [ArticleEnriched(seq, edited.version, edited.updated_at)])

    def withdraw(self, seq: int, reason: str | None = None) -> None:
        with self.db.write() as session:
            gone = session.get_one(Article, seq)
            gone.version += 1
            gone.updated_at += timedelta(minutes=1)
            gone.withdrawn_at, gone.withdrawal_reason = gone.updated_at, reason
            outbox.record(session, [ArticleWithdrawn(seq, gone.version, gone.updated_at)])

    def _accept(self, session: Session, agency: str) -> Article:
        known = session.scalar(select(Publisher).where(Publisher.name == agency))
        made = article(session, known or publisher(session, agency))
        outbox.record(session, [ArticleAccepted(made.seq, made.version, NOW)])
        return made

    def _enrich(self, session: Session, of: Article, number: int, fields: dict[str, Any]) -> None:
        published_at: datetime = fields.get("published_at") or NOW + timedelta(seconds=number)
        headline = fields.get("headline", f"Headline {number}")
        language = fields.get("language", "en")
        values = {
            "article_seq": of.seq,
            "version": of.version,
            "published_at": published_at,
            "day": local_day(published_at, ZONE),
            "slug": slugify(headline),
            "key": f"{number:010d}",
            "updated_at": published_at,
            "headline": headline,
            "html": f"<p>Body {number}.</p>",
            "text": f"Body {number}.",
            "summary": f"Summary {number}.",
            "language": language,
            "direction": direction_of(language),
            "bylines": [],
            "section": None,
            "tags": [],
            "words": 2,
            "reading_minutes": 1,
            "keywords": [],
            "content_hash": f"{number:064d}",
            "notes": [],
            "enriched_at": NOW,
        }
        session.add(Enrichment(**values | _values(fields)))
        outbox.record(session, [ArticleEnriched(of.seq, of.version, NOW)])


def _values(fields: dict[str, Any]) -> dict[str, Any]:
    made = dict(fields)
    for name in ("tags", "bylines"):
        if name in made:
            made[name] = terms(*made[name])
    if made.get("section"):
        (made["section"],) = terms(made["section"])
    return made


def work(db: Database, handlers: Handlers) -> int:
    """Does all that is due for these handlers, as relay and workers would; gives the number of hints."""
    duties = Duties(db=db, nudge=lambda: None, handlers=handlers, pulse=lambda: None)
    return sum(1 for each in _hints(db, handlers) if work_through(duties, each.listener, each.row_id) is None)


def _hints(db: Database, handlers: Handlers) -> Iterator[offers.Offer]:
    overdue = True  # as the relay, which looks for that far more rarely: it asks much of the database
    while True:
        with db.write() as session:
            found = [each for each in offers.offer(session, overdue=overdue) if each.listener in handlers]
        if not found:
            return
        overdue = False
        yield from found


def claim(db: Database, listener: str, *seqs: int) -> outbox.Claim:
    """Holds every row of these articles, whatever its state: a message that came again, late, or in any order."""
    with db.write() as session:
        about = (
            select(OutboxRow.id)
            .join(Event, Event.id == OutboxRow.event_id)
            .where(OutboxRow.listener == listener, Event.article_seq.in_(seqs))
            .order_by(OutboxRow.id)  # the order in which workers lock rows too: they wait, and never in a circle
            .with_for_update(of=OutboxRow)
        )
        found = list(session.scalars(about))
        session.execute(
            update(OutboxRow).where(OutboxRow.id.in_(found)).values(state="claimed", attempt=1, due_at=db_now())
        )
        rows = session.execute(
            select(OutboxRow.id, Event.name, Event.article_seq, Event.version)
            .join(Event, Event.id == OutboxRow.event_id)
            .where(OutboxRow.id.in_(found))
        )
        return outbox.Claim(BY_NAME[listener], 1, tuple(outbox.Row(*row) for row in rows))


def let_pass(db: Database, listener: str) -> None:
    """Lets the time pass until everything of this listener is due."""
    with db.write() as session:
        session.execute(
            update(OutboxRow)
            .where(OutboxRow.listener == listener, OutboxRow.due_at.is_not(None))
            .values(due_at=db_now() - 1)
        )
