"""A record for relay: on SQLite only, what differs between databases is tested in tests/integration."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.db import Database
from tests.databases import sqlite_record


@pytest.fixture
def db(quick_folder: Path) -> Iterator[Database]:
    database = Database(sqlite_record(quick_folder))
    yield database
    database.close()
