"""Runs in the database."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, func, insert, or_, select, update

from service.store.nouns import Page, Paged, RunFilter, RunRow, StoreError
from service.store.tables import runs


def add(connection: Connection, run: RunRow) -> None:
    """Keep a run that is not yet there."""
    connection.execute(insert(runs), msgspec.structs.asdict(run))


def change(connection: Connection, run_id: str, changes: Mapping[str, Any]) -> None:
    """Raises StoreError for a run that is not there."""
    if not connection.execute(update(runs).where(runs.c.id == run_id).values(**changes)).rowcount:
        raise StoreError(f"There is no run {run_id}.")


def find(connection: Connection, run_id: str) -> RunRow | None:
    """The run of that id."""
    row = connection.execute(select(runs).where(runs.c.id == run_id)).one_or_none()
    return None if row is None else _read(row)


def search(connection: Connection, wanted: RunFilter, page: Page) -> Paged[RunRow]:
    """Newest first. The cursor is the id of the last run of the page before."""
    like = _conditions(wanted)
    total = connection.execute(select(func.count()).select_from(runs).where(*like)).scalar_one()
    after = [] if page.cursor is None else [runs.c.id < page.cursor]
    query = select(runs).where(*like, *after).order_by(runs.c.id.desc()).limit(page.limit + 1).offset(page.offset)
    found = [_read(row) for row in connection.execute(query)]
    items = found[: page.limit]
    return Paged(items, total, items[-1].id if len(found) > page.limit else None)


def _conditions(wanted: RunFilter) -> list[ColumnElement[bool]]:
    exact = {"state": wanted.state, "model": wanted.model, "workload": wanted.workload}
    like = [runs.c[name] == value for name, value in exact.items() if value is not None]
    if wanted.text:
        searched = (runs.c.id, runs.c.name, runs.c.description)
        like.append(or_(*(column.icontains(wanted.text, autoescape=True) for column in searched)))
    return like


def _read(row: Row[Any]) -> RunRow:
    return RunRow(**row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name for a row as a mapping
