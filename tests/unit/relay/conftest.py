"""A record for relay: on SQLite only, what differs between databases is tested in tests/integration."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.db import Database
from shared.migrate import migrate


@pytest.fixture
def db(quick_folder: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{quick_folder / 'masthead.sqlite3'}")
    migrate(database)
    yield database
    database.close()
