"""Transactions keep their promises on both databases."""

from __future__ import annotations

import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import StatementError

from shared.db import Database
from shared.migrate import migrate
from shared.models import Base, Publisher, Ticker
from tests.factories import publisher


def test_a_read_sees_one_moment_however_many_queries_it_takes(db: Database) -> None:
    with db.read() as session:
        before = session.scalar(select(func.count()).select_from(Publisher))
        with db.write() as other:
            publisher(other)
        assert session.scalar(select(func.count()).select_from(Publisher)) == before == 0
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Publisher)) == 1


def test_a_write_after_a_read_sees_what_others_committed_meanwhile(db: Database) -> None:
    with db.read() as session:
        session.scalars(select(Publisher)).all()
    with db.write() as session:
        publisher(session)
    with db.write() as session:
        assert session.scalar(select(func.count()).select_from(Publisher)) == 1


def test_what_is_changed_in_a_read_is_thrown_away(db: Database) -> None:
    with db.read() as session:
        publisher(session)
    with db.read() as session:
        assert session.scalars(select(Publisher)).all() == []


def test_a_block_that_raises_leaves_nothing(db: Database) -> None:
    with pytest.raises(RuntimeError), db.write() as session:
        publisher(session)
        raise RuntimeError
    with db.read() as session:
        assert session.scalars(select(Publisher)).all() == []


def test_numbers_appear_in_the_order_in_which_they_were_given(db: Database) -> None:
    """Whoever takes a number holds the ticker until the commit: no reader sees 8 while 7 is still to come."""
    seen: list[int] = []
    together = threading.Barrier(6)

    def take(_: int) -> None:
        together.wait(10)
        for _ in range(10):
            with db.write() as session:
                moved = update(Ticker).where(Ticker.name == "count").values(value=Ticker.value + 1)
                number = session.scalars(moved.returning(Ticker.value)).one()
                seen.append(number)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(take, range(6)))
    assert seen == sorted(seen)
    assert len(set(seen)) == 60


def test_a_time_without_a_zone_is_refused(db: Database) -> None:
    with pytest.raises(StatementError, match="without a zone"), db.write() as session:
        session.add(Publisher(slug="x", name="X", created_at=datetime(2018, 4, 20)))  # noqa: DTZ001


def test_times_come_back_as_the_same_instant(db: Database) -> None:
    given = datetime(2018, 4, 20, 9, 0, 0, 123456, tzinfo=UTC)
    with db.write() as session:
        session.add(Publisher(slug="x", name="X", created_at=given))
    with db.read() as session:
        assert session.scalars(select(Publisher.created_at)).one() == given


def test_migrating_twice_changes_nothing(db: Database) -> None:
    with db.read() as session:
        before = session.scalars(text("SELECT id FROM installation")).one()
    migrate(db)
    with db.read() as session:
        assert session.scalars(text("SELECT id FROM installation")).one() == before


def migrate_there(url: str) -> None:
    db = Database(url)
    migrate(db)
    db.close()


def test_several_jobs_migrate_an_empty_record_at_once(empty_database_url: str) -> None:
    """In processes of their own, as on several hosts."""
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        list(pool.map(migrate_there, [empty_database_url] * 3))
    db = Database(empty_database_url)
    with db.read() as session:
        assert len(session.scalars(text("SELECT id FROM installation")).all()) == 1
        assert session.scalars(text("SELECT version_num FROM alembic_version")).one()
    db.close()


def test_the_migrations_make_exactly_what_the_models_say(db: Database) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.databases("postgresql")
def test_slices_are_ordered_by_their_bytes_whatever_order_the_database_prefers(db: Database) -> None:
    columns = text("SELECT table_name, collation_name FROM information_schema.columns WHERE column_name = 'slice'")
    with db.read() as session:
        assert set(dict(session.execute(columns).all()).values()) == {"C"}
