"""A record that was begun with the first schema comes through every migration whole; on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import select, text

from shared import migrate as migrating
from shared.db import Database
from shared.migrate import alembic_config, migrate
from shared.models import Placement

BEGUN = """
INSERT INTO publisher (id, slug, name, created_at) VALUES (1, 'agency', 'Agency', '2018-04-20 09:00:00');
INSERT INTO article (seq, id, publisher_id, version, fingerprint, submission, accepted_at, updated_at)
VALUES (1, 'a-1', 1, 1, 'f', '{}', '2018-04-20 09:00:00', '2018-04-20 09:00:00');
INSERT INTO enrichment (article_seq, version, published_at, day, slug, key, updated_at, headline, html, text, summary,
  language, direction, bylines, tags, words, reading_minutes, keywords, content_hash, notes, enriched_at)
VALUES (1, 1, '2018-04-20 09:00:00', '2018-04-20', 'harbour', 'k', '2018-04-20 09:00:00', 'Harbour', 'h', 't', 's',
  'en', 'ltr', '[]', '[]', 1, 1, '[]', 'c', '[]', '2018-04-20 09:00:00');
INSERT INTO event (id, name, article_seq, version, at) VALUES (1, 'ArticleAccepted', 1, 1, '2018-04-20 09:00:00');
INSERT INTO outbox (id, event_id, listener, state, due_at, attempt) VALUES (1, 1, 'enrich.article', 'waiting', 1, 0);
INSERT INTO feed (slice, label, revision, changed_at, second_shared, seq)
VALUES ('all', '', 1, '2018-04-20 09:00:00', false, 1);
INSERT INTO feed_entry (slice, article_seq, published_at) VALUES ('all', 1, '2018-04-20 09:00:00');
INSERT INTO placement (article_seq, version, placed_at) VALUES (1, 1, '2018-04-20 09:00:00');
"""


@pytest.fixture
def begun(empty_database_url: str) -> Database:
    db = Database(empty_database_url)
    with db.engine.connect() as connection, connection.begin():
        command.upgrade(alembic_config(connection), "0001")
        for statement in filter(str.strip, BEGUN.split(";")):
            connection.execute(text(statement))
    return db


def test_everything_is_still_there(begun: Database) -> None:
    migrate(begun)
    with begun.read() as session:
        enriched = session.execute(text("SELECT article_seq, headline, original, urgency FROM enrichment")).all()
        assert enriched == [(1, "Harbour", None, None)]
        assert session.execute(text("SELECT id, article_seq, target_id FROM event")).all() == [(1, 1, None)]
        assert session.execute(text("SELECT event_id, listener FROM outbox")).all() == [(1, "enrich.article")]
        assert session.execute(text("SELECT article_seq, seq FROM feed_entry")).all() == [(1, 0)]
        assert session.scalars(select(Placement.discussed)).all() == [[]]
    begun.close()


def test_foreign_keys_are_watched_again_afterwards(begun: Database) -> None:
    migrate(begun)
    orphan = "INSERT INTO outbox (id, event_id, listener, state, attempt) VALUES (9, 99, 'x', 'waiting', 0)"
    with pytest.raises(Exception, match=r"(?i)foreign key"), begun.write() as session:
        session.execute(text(orphan))
    begun.close()


def test_a_migration_that_leaves_rows_pointing_nowhere_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they are checked at the end, the end must still be able to take everything back."""
    db = Database(f"sqlite:///{tmp_path / 'masthead.sqlite3'}")
    migrate(db)
    statement = "INSERT INTO outbox (event_id, listener, state, attempt) VALUES (99, 'x', 'waiting', 0)"
    monkeypatch.setattr(
        migrating.command, "upgrade", lambda config, _: config.attributes["connection"].execute(text(statement))
    )
    with pytest.raises(RuntimeError, match="point nowhere"):
        migrate(db)
    with db.read() as session:
        assert session.execute(text("SELECT count(*) FROM outbox")).scalar_one() == 0
    db.close()
