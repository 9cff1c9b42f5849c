"""Insert, or change what is there: said alike by both databases, but not in the same words for SQLAlchemy."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    changed: Sequence[str],
    *,
    how: Literal["add", "replace"],
) -> None:
    """Where a row with the same primary key is there, its columns in `changed` are added to, or replaced."""
    insert = postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
    new: dict[str, ColumnElement[Any]] = {name: insert.excluded[name] for name in changed}
    if how == "add":
        new = {name: table.c[name] + value for name, value in new.items()}
    connection.execute(insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=new), list(rows))
