"""A run as the calls show it."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import Path
from pydantic import BaseModel, Field

from service.errors import Refused
from service.store.nouns import RunRow, RunState
from service.store.store import Store

RunId = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9._-]{1,100}$", description="Of a run", examples=["20260131T120000123Z-4f3a9c"])
]


class Run(BaseModel):
    """A run that was asked for here, or imported. Times are UTC; null is "not observed"."""

    id: str
    name: str
    description: str
    state: RunState
    submitted: datetime
    begun: datetime | None
    ended: datetime | None
    model: str | None
    dialect: str | None
    host: str | None
    users: list[int]
    workload: str | None
    verdict: str | None
    figures: dict[str, Any]
    options: dict[str, Any]
    trouble: str | None
    imported: bool
    folder: Annotated[str | None, Field(description="The run folder, relative to the service's data directory")]
    progress: Annotated[dict[str, Any] | None, Field(description="While it runs: the last line of its progress")] = None


def shown(row: RunRow, progress: dict[str, Any] | None = None) -> Run:
    """The row, and how far it is."""
    return Run(**msgspec.structs.asdict(row), progress=progress)


def known(store: Store, run: str) -> RunRow:
    """Raises Refused for a run that is not there."""
    row = store.run(run)
    if row is None:
        raise Refused(404, f"There is no run {run}.")
    return row
