"""Watches every move of the outbox from inside the database, by a trigger: what a stale worker writes is seen here
even where the effect itself would forgive it."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.db import Database

_TABLE = "CREATE TABLE storm_move (row_id BIGINT, before VARCHAR(10), after VARCHAR(10), times_claimed INTEGER)"
_INSERT = "INSERT INTO storm_move VALUES (old.id, old.state, new.state, new.attempt - old.attempt)"
_SQLITE = f"CREATE TRIGGER storm_watch AFTER UPDATE OF state ON outbox BEGIN {_INSERT}; END"
_POSTGRESQL = (
    f"CREATE FUNCTION storm_note() RETURNS trigger AS $$ BEGIN {_INSERT}; RETURN NULL; END $$ LANGUAGE plpgsql",
    "CREATE TRIGGER storm_watch AFTER UPDATE OF state ON outbox FOR EACH ROW EXECUTE FUNCTION storm_note()",
)

# The picture at the top of shared/outbox.py.
LEGAL = {
    ("waiting", "offered", 0),
    ("offered", "offered", 0),
    ("offered", "claimed", 1),
    ("claimed", "offered", 0),  # its lease was over
    ("claimed", "done", 0),
    ("claimed", "waiting", 0),
    ("claimed", "dead", 0),
}


def watch(db: Database) -> None:
    """Begins to note every move; call it once, before any work."""
    with db.write() as session:
        for statement in (_TABLE, *((_SQLITE,) if db.is_sqlite else _POSTGRESQL)):
            session.execute(text(statement))


def illegal_moves(session: Session) -> list[str]:
    """Moves that the outbox does not know: what is done stays done, and only who holds a row moves it on."""
    rows = session.execute(text("SELECT row_id, before, after, times_claimed FROM storm_move"))
    return [f"row {row[0]} went from {row[1]} to {row[2]}" for row in rows if tuple(row[1:]) not in LEGAL]
