"""A URL becomes an engine: SQLite in WAL, or PostgreSQL. Transactions that write take their lock at the beginning."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from service.store.nouns import StoreError

_ERRORS = (SQLAlchemyError, psycopg.Error)
"""Rows in bulk go past SQLAlchemy, and so do their errors."""
_WRITES = "llocust_writes"
_LOCK = 0x6C6C6F63
"""Names our lock among the advisory locks of a PostgreSQL database."""
_PRAGMAS = (
    # Readers and the one writer do not wait for each other; what was committed stays also when the power fails.
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA busy_timeout = 30000",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -65536",
    "PRAGMA temp_store = MEMORY",
)


def read_url(text: str) -> URL:
    """Raises StoreError where it is of no database that the service speaks with."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise StoreError(
            "The database's URL cannot be read: write sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME."
        ) from None
    if url.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername in ("sqlite", "sqlite+pysqlite"):
        if url.database in (None, "", ":memory:"):
            raise StoreError("The database's URL names no file: write sqlite:///PATH.")
        return url.set(drivername="sqlite+pysqlite")
    raise StoreError(f"There is no store in {url.drivername}: the database's URL begins with sqlite: or postgresql:.")


class Database:
    """The engine, and transactions whose errors are sentences."""

    def __init__(self, text: str) -> None:
        """Connects to nothing yet. Raises StoreError for a URL that is none."""
        self._url = read_url(text)
        self.is_sqlite = self._url.get_backend_name() == "sqlite"
        # With parameters in its messages, an error would show prompts and answers.
        self.engine = _sqlite(self._url) if self.is_sqlite else _postgres(self._url)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except _ERRORS as error:
            self._complain(error)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is the only one to write to results; committed at its end, unless an exception ends it."""
        try:
            with self.engine.execution_options(**{_WRITES: True}).begin() as connection:
                if not self.is_sqlite:
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
                yield connection
        except _ERRORS as error:
            self._complain(error)

    def _complain(self, error: Exception) -> NoReturn:
        why = str(getattr(error, "orig", None) or error).strip().splitlines()[0].rstrip(".")
        for secret in (self._url.password, self._url.username):
            why = re.sub(rf"(?<!\w){re.escape(str(secret))}(?!\w)", "***", why) if secret else why
        raise StoreError(f"The database cannot be used: {why}.") from None


def _sqlite(url: URL) -> Engine:
    _make_room(Path(str(url.database)))
    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _make_room(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{path.parent} cannot be made for the database: {error.strerror}.") from None


def _prepare(connection: Any, _: Any) -> None:
    # Python's own notion of when a transaction begins leaves reads and changes of tables outside of it.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later is refused where another wrote in between; this one waits.
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgres(url: URL) -> Engine:
    return create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args={"connect_timeout": 10})
