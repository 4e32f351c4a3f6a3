"""Fixtures that more than one kind of test needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

from shared.db import Database
from shared.migrate import migrate
from tests.databases import fresh_database, postgresql
from tests.valkey import valkey

# A loaded machine is no fault of the code; whoever promises a time measures it in a test of its own.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    """A folder in memory where the system has one: durable commits then wait for no disk."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(prefix="masthead-", dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """One PostgreSQL server for the whole run."""
    with folder_in_memory() as folder, postgresql(folder) as url:
        yield url


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """One Valkey for the whole run."""
    with valkey() as url:
        yield url


@pytest.fixture
def quick_folder() -> Iterator[Path]:
    with folder_in_memory() as folder:
        yield folder


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, quick_folder: Path) -> str:
    """An empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{quick_folder / 'masthead.sqlite3'}"
    return fresh_database(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """A migrated record, once of each kind."""
    database = Database(database_url)
    migrate(database)
    yield database
    database.close()
