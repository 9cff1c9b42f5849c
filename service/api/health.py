"""Whether all is well."""

import shutil
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from service.dependencies import JobsNow, SettingsNow, StoreNow
from service.safety.guard import token_of
from service.store.nouns import StoreError

router = APIRouter(tags=["service"])

LEAST_FREE_BYTES = 100_000_000


class Health(BaseModel):
    """`status` alone for whom brings no token where one is needed."""

    status: Literal["ok", "degraded"]
    database: Literal["ok", "gone"] | None = None
    disk_free_bytes: Annotated[int | None, Field(description="Of the disk that holds the runs")] = None
    running: int | None = None
    queued: int | None = None


@router.get("/health", responses={503: {"model": Health}})
def health(request: Request, response: Response, settings: SettingsNow, store: StoreNow, jobs: JobsNow) -> Health:
    """Database, disk, and how many runs go on; 503 where the database is gone or the disk full."""
    free = shutil.disk_usage(settings.data).free
    try:
        store.ping()
        there = True
    except StoreError:
        there = False
    status: Literal["ok", "degraded"] = "ok" if there and free >= LEAST_FREE_BYTES else "degraded"
    if status != "ok":
        response.status_code = 503
    if settings.tokens and token_of(request.scope) is None:
        return Health(status=status)
    running = jobs.counts
    return Health(
        status=status,
        database="ok" if there else "gone",
        disk_free_bytes=free,
        running=running.running,
        queued=running.queued,
    )
