"""Fixtures that more than one kind of test needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from shared.db import Database
from shared.migrate import migrate
from tests.databases import fresh_database, postgresql
from tests.valkey import valkey

# A loaded machine is no fault of the code; whoever promises a time measures it in a test of its own.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One PostgreSQL server for the whole run."""
    with postgresql(tmp_path_factory.mktemp("postgresql")) as url:
        yield url


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """One Valkey for the whole run."""
    with valkey() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'masthead.sqlite3'}"
    return fresh_database(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """A migrated record, once of each kind."""
    database = Database(database_url)
    migrate(database)
    yield database
    database.close()
