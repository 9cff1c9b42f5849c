"""Many rows at once, by the way that each database takes them fastest; SQLAlchemy's own costs as much again as SQLite itself."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table


def put_many(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Add rows, their values in the order of `columns`. Errors are the driver's, or SQLAlchemy's."""
    names = ", ".join(columns)
    if connection.dialect.name == "postgresql":
        _copy(connection, f"COPY {table.name} ({names}) FROM STDIN", rows)
        return
    places = ", ".join("?" for _ in columns)
    connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({places})", list(rows))  # noqa: S608 - names of ours


def _copy(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    with connection.connection.cursor() as cursor, cursor.copy(statement) as copy:  # type: ignore[attr-defined] # psycopg's
        for row in rows:
            copy.write_row(row)
