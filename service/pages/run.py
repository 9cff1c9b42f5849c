"""One run: what it is, how far it is, what it found, and every request of it."""

from pathlib import Path
from typing import Annotated, NamedTuple, get_args

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from harness.outcome import Outcome
from reports.report import Reason
from service.api.reports import Rendering
from service.api.run import known
from service.dependencies import JobsNow, SettingsNow, StoreNow
from service.errors import Refused
from service.pages.address import Cursor, RunId, Searched, address
from service.pages.request import shown
from service.pages.route import PageRoute
from service.pages.show import LIVE, POINT_HEADS, counts, moment, point_name, point_rows, points_of, took
from service.pages.site import page
from service.settings import Settings
from service.store.nouns import Page, ResultFilter, RunRow

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PER_PAGE = 25
PHASES = ("settle", "window", "cooldown")
TILES = (
    ("users", "Users"),
    ("counts", "ok / failed"),
    ("ttft", "TTFT p95"),
    ("latency", "Latency"),
    ("stream", "Chars/s per stream"),
    ("total", "Chars/s in all"),
)
"""By what live.js calls them."""
_TROUBLE = {
    "failed": "The run failed.",
    "interrupted": "The run was interrupted: what there is was reported.",
    "cancelled": "The run was cancelled: what there is was reported.",
}


class Fact(NamedTuple):
    """A line of what was asked for."""

    name: str
    value: str | None


class File(NamedTuple):
    """A rendering that is there."""

    name: str
    address: str


class _Doubts(msgspec.Struct):
    """Of report.json, what the page repeats."""

    reasons: list[Reason] = []


@router.get("/ui/runs/{run}")
def one(request: Request, run: RunId, settings: SettingsNow, store: StoreNow) -> HTMLResponse:
    """The run as it is now."""
    row = known(store, run)
    folder = folder_of(settings, row)
    there = files(run, folder)
    points = points_of(row)
    return page(
        request,
        "run.html.jinja",
        run=row,
        is_live=row.state in LIVE,
        trouble=trouble(row),
        tiles=TILES,
        reasons=doubts(folder),
        heads=POINT_HEADS,
        points=point_rows(points),
        facts=facts(row),
        options=msgspec.json.format(msgspec.json.encode(row.options, order="sorted")).decode(),
        files=there,
        page_address=next((file.address for file in there if file.name == "report.html"), None),
    )


def folder_of(settings: Settings, row: RunRow) -> Path | None:
    """The run folder, if there is one."""
    return None if row.folder is None else settings.data / row.folder


def trouble(row: RunRow) -> str | None:
    """That something went wrong, in a sentence; why stands below it."""
    if row.state == "cancelled" and row.verdict is None:
        return "The run was cancelled."
    return _TROUBLE.get(row.state, "There is something to say about this run." if row.trouble else None)


def facts(row: RunRow) -> list[Fact]:
    """Who was asked, and when."""
    return [
        Fact("Model", row.model),
        Fact("Host", row.host),
        Fact("Dialect", row.dialect),
        Fact("Users", counts(row.users)),
        Fact("Submitted", moment(row.submitted)),
        Fact("Begun", moment(row.begun)),
        Fact("Ended", moment(row.ended)),
        Fact("Took", took(row)),
    ]


def files(run: str, folder: Path | None) -> list[File]:
    """The renderings that are there."""
    if folder is None:
        return []
    return [File(name, f"/runs/{run}/{name}") for name in get_args(Rendering) if (folder / name).is_file()]


def doubts(folder: Path | None) -> list[Reason]:
    """Why the verdict is what it is; none where there is no report that could be read."""
    if folder is None:
        return []
    try:
        return msgspec.json.decode((folder / "report.json").read_bytes(), type=_Doubts).reasons
    except (OSError, msgspec.DecodeError):
        return []


@router.post("/ui/runs/{run}/cancel")
def cancel(run: RunId, store: StoreNow, jobs: JobsNow) -> RedirectResponse:
    """Ask the run to end."""
    row = known(store, run)
    if not jobs.cancel(run):
        raise Refused(409, f"The run is {row.state} by now; there is nothing to cancel.")
    return RedirectResponse(f"/ui/runs/{run}", 303)


@router.get("/ui/runs/{run}/results")
def results(
    *,
    request: Request,
    run: RunId,
    store: StoreNow,
    outcome: Searched = None,
    phase: Searched = None,
    point: Annotated[str | None, Query(pattern=r"^[0-9]{0,6}$")] = None,
    cursor: Cursor = None,
) -> HTMLResponse:
    """Its requests, newest first."""
    row = known(store, run)
    wanted = ResultFilter(run=run, outcome=outcome or None, phase=phase or None, point=int(point) if point else None)
    try:
        found = store.results(wanted, Page(limit=PER_PAGE, cursor=cursor or None))
    except ValueError as error:
        raise Refused(422, str(error)) from None
    query = {"outcome": outcome, "phase": phase, "point": point}
    here = f"/ui/runs/{run}/results"
    return page(
        request,
        "results.html.jinja",
        run=row,
        wanted=wanted,
        outcomes=[str(each) for each in Outcome],
        phases=PHASES,
        points=[(each.index, point_name(each)) for each in points_of(row) if each.index is not None],
        results=[shown(each) for each in found.items],
        total=f"{found.total:,}",
        is_filtered=any(query.values()),
        older=None if found.next is None else address(here, **query, cursor=found.next),
    )
