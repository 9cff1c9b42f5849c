"""Runs: asked for, listed, cancelled, imported."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from service.api.run import Run, RunId, known, shown
from service.api.submission import Submission
from service.dependencies import JobsNow, SettingsNow, StoreNow
from service.errors import Refused, answers
from service.jobs.directory import Directory
from service.jobs.importing import take_over
from service.jobs.intake import take_in
from service.store.nouns import Page, RunFilter, RunState

router = APIRouter(prefix="/runs", tags=["runs"])

Searched = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Runs(BaseModel):
    """A page of runs, newest first."""

    runs: list[Run]
    total: int
    next: Annotated[str | None, Field(description="`cursor` of the next page; null after the last")]


class Import(BaseModel):
    """Which run folder to take over."""

    model_config = ConfigDict(extra="forbid", strict=True)
    path: Annotated[
        str,
        StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$"),
        Field(description="Below DATA/imports", examples=["20260131T120000Z-sweep"]),
    ]


@router.post("", status_code=202, responses=answers(503))
def submit(submission: Submission, settings: SettingsNow, jobs: JobsNow) -> Run:
    """Ask for a run: the options of `llocust sweep --config` as JSON, and `api_key`. It waits for its turn."""
    return shown(take_in(settings, jobs, submission))


@router.get("", responses=answers())
def runs(
    store: StoreNow,
    *,
    state: RunState | None = None,
    model: Searched = None,
    workload: Searched = None,
    text: Annotated[Searched, Query(description="In the id, the name or the description")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 50,
    cursor: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9._-]{1,100}$")] = None,
) -> Runs:
    """The runs, newest first."""
    page = store.runs(RunFilter(state, model, workload, text), Page(limit=limit, cursor=cursor))
    return Runs(runs=[shown(row) for row in page.items], total=page.total, next=page.next)


@router.post("/import", status_code=201, responses=answers())
def take(wanted: Import, settings: SettingsNow, store: StoreNow) -> Run:
    """Take over a run folder that was made elsewhere. The same one a second time is the run that is there."""
    return shown(take_over(settings, store, wanted.path))


@router.get("/{run}", responses=answers(404))
def one(run: RunId, settings: SettingsNow, store: StoreNow) -> Run:
    """A run, and how far it is."""
    row = known(store, run)
    return shown(row, Directory(settings.runs / run).last_progress() if row.state == "running" else None)


@router.delete("/{run}", status_code=202, responses=answers(404, 409))
def cancel(run: RunId, store: StoreNow, jobs: JobsNow) -> Run:
    """End a run: what is in flight is followed and all is reported. A second time aborts what is in flight."""
    row = known(store, run)
    if not jobs.cancel(run):
        raise Refused(409, f"The run {run} is {row.state}; there is nothing to cancel.")
    return shown(known(store, run))
