"""Brings the record to the newest schema. Run by the migration job and by `make up`; safe to run twice, or at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.engine import Connection

from shared.db import Database


def alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    return config


def migrate(db: Database) -> None:
    """Applies what is missing, in one transaction. On PostgreSQL a second job waits for the first.

    On SQLite a changed table is made anew, so its foreign keys are checked at the end instead of at each step.
    """
    with db.engine.connect() as connection:
        if db.is_sqlite:
            _pragma(connection, "foreign_keys=OFF")
        try:
            with connection.begin():
                if not db.is_sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(7241869)"))
                command.upgrade(alembic_config(connection), "head")
                if db.is_sqlite and (broken := connection.execute(text("PRAGMA foreign_key_check")).all()):
                    raise RuntimeError(f"the migration leaves rows that point nowhere: {broken[:5]}")
        finally:
            if db.is_sqlite:
                _pragma(connection, "foreign_keys=ON")


def _pragma(connection: Connection, setting: str) -> None:
    """Through the driver: SQLAlchemy would begin a transaction first, and in one SQLite ignores this."""
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA {setting}")
    cursor.close()
