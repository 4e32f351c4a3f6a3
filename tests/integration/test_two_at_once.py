"""Two workers hold different rows of the same article at once: what is done is done once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from services.count.tasks import CountTasks
from services.enrich import tasks as enriching
from services.enrich.pipeline import Context, Enriched, enrich
from services.enrich.tasks import EnrichTasks
from shared import bus, outbox
from shared.clock import Clock
from shared.counters import Counters
from shared.db import Database
from shared.events import ArticleUpdated
from shared.installation import installation_id
from shared.listeners import COUNT_ARTICLE, ENRICH_ARTICLE
from shared.models import Article, Event, OutboxRow
from shared.publication import TEMPLATE, load_publication
from shared.settings import Settings
from shared.submission import Submission
from tests.newsroom import Newsroom
from tests.system import wait_for
from tests.valkey import valkey


def claim_each(db: Database, listener: str) -> list[outbox.Claim]:
    """Claims every open row of a listener for a worker of its own."""
    with db.write() as session:
        rows = session.execute(
            select(OutboxRow.id, Event.name, Event.article_seq, Event.version)
            .join(Event, Event.id == OutboxRow.event_id)
            .where(OutboxRow.listener == listener, OutboxRow.due_at.is_not(None))
            .order_by(OutboxRow.id)
        ).all()
        for row in session.scalars(select(OutboxRow).where(OutboxRow.id.in_([each.id for each in rows]))):
            row.state, row.attempt = "claimed", 1
    return [outbox.Claim(outbox.BY_NAME[listener], 1, (outbox.Row(*row),)) for row in rows]


def events(session: Session) -> dict[tuple[str, int], int]:
    found = select(Event.name, Event.version, func.count()).group_by(Event.name, Event.version)
    return {(name, version): count for name, version, count in session.execute(found)}


def test_a_version_is_enriched_once_though_two_rows_ask_for_it(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    newsroom = Newsroom(db)
    seq = newsroom.accept()
    with db.write() as session:
        edited = session.get_one(Article, seq)
        edited.version, edited.updated_at = 2, edited.updated_at + timedelta(minutes=1)
        outbox.record(session, [ArticleUpdated(seq, 2, edited.updated_at)])
    publication = load_publication(TEMPLATE)
    tasks = EnrichTasks(db, publication, Clock())
    accepted, updated = claim_each(db, ENRICH_ARTICLE.name)

    def while_the_other_is_faster(submission: Submission, context: Context) -> Enriched:
        monkeypatch.setattr(enriching, "enrich", enrich)
        tasks.article(updated)
        return enrich(submission, context)

    monkeypatch.setattr(enriching, "enrich", while_the_other_is_faster)
    tasks.article(accepted)
    with db.read() as session:
        assert events(session)["ArticleEnriched", 2] == 1
        assert set(session.scalars(select(OutboxRow.state).where(OutboxRow.listener == ENRICH_ARTICLE.name))) == {
            "done"
        }


@pytest.mark.databases("postgresql")
def test_two_counters_of_one_article_count_it_once(db: Database) -> None:
    newsroom = Newsroom(db)
    seq = newsroom.publish(tags=["Budget"])
    with valkey() as url, ThreadPoolExecutor(2) as pool:
        counters = Counters(bus.connect(Settings(redis_url=url)), db, installation_id(db))
        tasks = CountTasks(db, counters, Clock())
        (first,) = claim_each(db, COUNT_ARTICLE.name)
        tasks.recount(first)
        newsroom.edit(seq, tags=["Weather"])
        newsroom.edit(seq, tags=["Elections"])
        with db.write() as session:
            session.execute(select(Article).with_for_update())
            under_way = [pool.submit(tasks.recount, each) for each in claim_each(db, COUNT_ARTICLE.name)]
            wait_for(lambda: _waiting(db) == 2, what="both wait for the article")
        for each in under_way:
            each.result(timeout=30)
        found = counters.mirrored()
    assert found is not None
    assert {name: count for name, count in found.items() if name.startswith("tag:")} == {"tag:elections": 1}


def _waiting(db: Database) -> int:
    """Sessions that wait for a lock, in this database."""
    with db.read() as session:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return int(session.scalar(text(query)) or 0)
