"""The record's engine: one way to read, one way to write, the same on SQLite and PostgreSQL.

`write()` is one durable transaction: on SQLite it begins IMMEDIATE with synchronous=FULL, on PostgreSQL it commits
synchronously. Nothing inside a transaction may call the network.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Engine, Float, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

READ_ONLY = "masthead_read_only"


class db_now(FunctionElement[float]):
    """The database's own clock, in seconds since 1970: leases and due times of all hosts agree on it."""

    type = Float()
    inherit_cache = True


@compiles(db_now, "sqlite")
def _sqlite_now(element: Any, compiler: Any, **kw: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(db_now, "postgresql")
def _postgresql_now(element: Any, compiler: Any, **kw: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"


def insert_into(session: Session, table: type[DeclarativeBase]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that can say what to do on a conflict, in the words of this database."""
    return sqlite.insert(table) if session.get_bind().dialect.name == "sqlite" else postgresql.insert(table)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, kept in UTC. A datetime without a zone is refused here, so none reaches the record."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """Opens transactions on the record. One per process, built in the composition file (app.py, worker.py)."""

    def __init__(self, url: str, *, pool_size: int = 5) -> None:
        if url.startswith("postgresql://"):
            url = url.replace("postgresql://", "postgresql+psycopg://", 1)
        self.is_sqlite = url.startswith("sqlite")
        self._reading: dict[str, Any] = {READ_ONLY: True}
        if self.is_sqlite:
            self.engine = create_engine(url, connect_args={"timeout": 15, "check_same_thread": False})
            _prepare_sqlite(self.engine)
        else:
            self.engine = create_engine(url, pool_pre_ping=True, pool_size=pool_size, max_overflow=pool_size)
            # SQLite's transactions see one moment by nature; PostgreSQL's only from this level on.
            self._reading["isolation_level"] = "REPEATABLE READ"
        self._turn = _Turn(self.engine.url.database) if self.is_sqlite else nullcontext()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A view of the record at one moment, however many queries it takes; changes made in it are thrown away."""
        with (
            self.engine.connect().execution_options(**self._reading) as connection,
            Session(connection) as session,
        ):
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction, committed durably at the end of the block and rolled back when it raises."""
        with (
            self._turn,
            self.engine.connect() as connection,
            connection.begin(),
            Session(connection, expire_on_commit=False) as session,
        ):
            yield session
            session.flush()

    def close(self) -> None:
        self.engine.dispose()


class _Turn:
    """Writers of all processes queue here before they ask SQLite for its lock.

    SQLite's own waiting is sleeping and trying again: beside a busy writer, others hardly ever get in. This lock wakes
    who waits. It keeps nobody from the record who does not ask for it; SQLite's own lock stays the one that counts.
    """

    def __init__(self, database: str | None) -> None:
        self._threads = threading.Lock()
        self._path = f"{database}-turn" if database and database != ":memory:" else ""
        self._file = -1

    def __enter__(self) -> None:
        self._threads.acquire()
        if not self._path:
            return
        try:
            # Opened anew each time: a descriptor that crossed a fork would share its lock with the parent.
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except BaseException:
            self._leave()
            raise

    def __exit__(self, *_: object) -> None:
        self._leave()

    def _leave(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        self._threads.release()


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.isolation_level = None  # the driver must not begin transactions on its own
        cursor = dbapi_connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA busy_timeout=15000")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA trusted_schema=OFF")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get(READ_ONLY, False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
