"""The store: the only door to the database, and transactions around all that goes through it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import text

from service.store import adding, averaging, loading, reading, runs
from service.store.averages import Average
from service.store.database import Database
from service.store.migrate import upgrade
from service.store.nouns import Added, Page, Paged, ResultFilter, ResultRow, RunFilter, RunRow, StoreError

__all__ = ["Store", "StoreError"]


class Store:
    """Runs and results in SQLite or PostgreSQL. Threads may share one; every method raises StoreError."""

    def __init__(self, url: str) -> None:
        """Connects to nothing yet. Raises StoreError for a URL that is of no database it knows."""
        self._database = Database(url)

    def migrate(self) -> None:
        """Bring the database to this version's form, if it is not there yet. A newer one is refused."""
        with self._database.writing() as connection:
            upgrade(connection)

    def ping(self) -> None:
        """Ask the database for nothing."""
        with self._database.reading() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Let go of all connections."""
        self._database.engine.dispose()

    def add_run(self, run: RunRow) -> None:
        """Keep a run whose id is not yet there."""
        with self._database.writing() as connection:
            runs.add(connection, run)

    def update_run(self, run_id: str, **changes: Any) -> None:
        """Give fields of a run other values."""
        with self._database.writing() as connection:
            runs.change(connection, run_id, changes)

    def run(self, run_id: str) -> RunRow | None:
        """The run of that id."""
        with self._database.reading() as connection:
            return runs.find(connection, run_id)

    def runs(self, wanted: RunFilter | None = None, page: Page | None = None) -> Paged[RunRow]:
        """Newest first."""
        with self._database.reading() as connection:
            return runs.search(connection, wanted or RunFilter(), page or Page())

    def load_run(self, run_id: str, folder: Path) -> int:
        """Add the requests of a run folder under that id, and say how many were not yet there.

        What was read before is not read again, so that it may be called at any time, also while the run goes on or
        after a call that was cut off. Raises harness.run.RunError for a folder that cannot be read.
        """
        return loading.load(self._database, run_id, folder)

    def add_results(self, rows: Sequence[ResultRow]) -> Added:
        """Add rows from elsewhere: all, or where an id is there with other content, none."""
        with self._database.writing() as connection:
            return adding.add(connection, rows, adding.Names())

    def results(self, wanted: ResultFilter | None = None, page: Page | None = None) -> Paged[ResultRow]:
        """Newest first. Raises BadCursor."""
        with self._database.reading() as connection:
            return reading.search(connection, wanted or ResultFilter(), page or Page())

    def average(self, wanted: ResultFilter | None = None, *, by_model: bool = False) -> list[Average]:
        """One, or one a model that has rows; none where there are no rows. See service.store.nouns.Results."""
        with self._database.reading() as connection:
            return averaging.average(connection, wanted or ResultFilter(), by_model=by_model)
