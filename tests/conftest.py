"""Fixtures that more than one kind of test needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from shared.db import Database
from tests.databases import KINDS, empty_database, folder_in_memory, new_record, postgresql
from tests.valkey import valkey

# A loaded machine is no fault of the code; whoever promises a time measures it in a test of its own.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What needs a database is tested on each kind, or on those that `pytest.mark.databases` names."""
    mark = metafunc.definition.get_closest_marker("databases")
    for name in ("database_url", "empty_database_url"):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, mark.args if mark else KINDS, indirect=True)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, quick_folder: Path) -> str:
    """Where a new record is."""
    return new_record(request, request.param, quick_folder)


@pytest.fixture
def empty_database_url(request: pytest.FixtureRequest, quick_folder: Path) -> str:
    """Where a database without tables is."""
    return empty_database(request, request.param, quick_folder)


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """A new record."""
    database = Database(database_url)
    yield database
    database.close()
