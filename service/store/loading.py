"""The requests of a run folder enter the store, some thousands a transaction.

One transaction for all would keep every other writer waiting for as long as it takes. So how far each file was read
is kept in the transaction that adds its rows: a load that is cut off is gone on with, and nothing comes in twice.
"""

from pathlib import Path

from sqlalchemy import Connection, select

from service.store.adding import Names, put, sift
from service.store.database import Database
from service.store.rows import Batch, RunFolder
from service.store.tables import positions
from service.store.upsert import upsert


def load(database: Database, run_id: str, folder: Path) -> int:
    """How many rows were added."""
    with database.reading() as connection:
        read = _positions(connection, run_id)
    names, added = Names(), 0
    for batch in RunFolder(folder, run_id).batches(read):
        with database.writing() as connection:
            added += _add(connection, run_id, batch, names)
    return added


def _positions(connection: Connection, run_id: str) -> dict[str, int]:
    query = select(positions.c.file, positions.c.read_bytes).where(positions.c.run == run_id)
    return {row.file: row.read_bytes for row in connection.execute(query)}


def _add(connection: Connection, run_id: str, batch: Batch, names: Names) -> int:
    # Another load of the same run may have been faster: what is there already is left as it is.
    fresh = sift(connection, batch.rows, names).fresh
    put(connection, fresh, names)
    position = {"run": run_id, "file": batch.file, "read_bytes": batch.end_bytes}
    upsert(connection, positions, [position], ["read_bytes"], how="replace")
    return len(fresh)
