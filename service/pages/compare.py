"""Two runs or more, side by side."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from harness.run import RunError
from reports.build import build
from reports.comparable import Change
from reports.compare import CompareError, Comparison
from reports.compare import compare as compare_reports
from reports.frames import Frames
from reports.load import load
from reports.report import Report
from service.api.run import known
from service.dependencies import SettingsNow, StoreNow
from service.errors import Refused
from service.pages.address import address
from service.pages.route import PageRoute
from service.pages.run import folder_of
from service.pages.show import moment
from service.pages.sides import tables
from service.pages.site import page
from service.settings import Settings
from service.store.nouns import RunRow

router = APIRouter(route_class=PageRoute, include_in_schema=False)

MOST_RUNS = 6
"""Each is read whole."""
Compared = Annotated[list[Annotated[str, Query(pattern=r"^[A-Za-z0-9._-]{1,100}$")]] | None, Query(max_length=100)]


class Read(NamedTuple):
    """A run with all that was recorded."""

    row: RunRow
    report: Report
    frames: Frames


class Side(NamedTuple):
    """A run, at the top of the page."""

    mark: str
    id: str
    name: str
    verdict: str | None
    model: str | None
    begun: str
    as_base: str
    """Address of the same comparison with this one as the base."""
    whole: str | None
    """Address of what `llocust compare` says."""


class Obstacle(NamedTuple):
    """Why a run cannot be compared with the base."""

    name: str
    sentences: list[str]


class Differing(NamedTuple):
    """What is not the same in a run and the base."""

    name: str
    lines: list[Change]


@router.get("/ui/compare")
def compare(
    request: Request,
    settings: SettingsNow,
    store: StoreNow,
    run: Compared = None,
    base: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9._-]{1,100}$")] = None,
) -> HTMLResponse:
    """`base`: with which the others are compared; or else the one that was begun first."""
    ids = in_order(run or [], base)
    if len(ids) > MOST_RUNS:
        raise Refused(422, f"{len(ids)} runs are too many for one table: mark {MOST_RUNS} at most.")
    if len(ids) == 1:
        raise Refused(422, "One run alone cannot be compared: mark two or more.")
    runs = [known(store, each) for each in ids]
    results = against_first([_read(settings, row) for row in runs])
    obstacles = [Obstacle(_mark(at), each) for at, each in enumerate(results, 1) if isinstance(each, list)]
    found = [None if isinstance(each, list) else each for each in results]
    return page(
        request,
        "compare.html.jinja",
        sides=[_side(at, row, ids, found) for at, row in enumerate(runs)],
        obstacles=obstacles,
        changes=[
            Differing(_mark(at), each.differs) for at, each in enumerate(found, 1) if each is not None and each.differs
        ],
        tables=tables([_mark(at) for at in range(len(runs))], found),
    )


def in_order(ids: Sequence[str], base: str | None) -> list[str]:
    """Each once, the base first, then by time: ids are sortable by it."""
    return sorted(set(ids), key=lambda each: (each != base, each))


def _mark(at: int) -> str:
    return "ABCDEF"[at]


def _read(settings: Settings, row: RunRow) -> Read | list[str]:
    """The run, or why it cannot be read."""
    folder = folder_of(settings, row)
    if folder is None:
        return [f"{row.name} ({row.id}) is {row.state} and has no results."]
    try:
        frames = load(folder)
        return Read(row, build(frames), frames)
    except (RunError, msgspec.DecodeError) as error:
        return [f"{row.name} ({row.id}) cannot be read: {error}"]


def against_first(runs: Sequence[Read | list[str]]) -> list[Comparison | list[str]]:
    """Each but the first against it; sentences where that cannot be."""
    return [_pair(runs[0], other) for other in runs[1:]]


def _pair(base: Read | list[str], candidate: Read | list[str]) -> Comparison | list[str]:
    for each in (base, candidate):
        if isinstance(each, list):
            return each
    assert isinstance(base, Read)
    assert isinstance(candidate, Read)
    try:
        return compare_reports(base.report, candidate.report, base.frames, candidate.frames)
    except CompareError as error:
        return error.sentences


def _side(at: int, row: RunRow, ids: Sequence[str], found: Sequence[Comparison | None]) -> Side:
    is_compared = at > 0 and found[at - 1] is not None
    return Side(
        mark=_mark(at),
        id=row.id,
        name=row.name,
        verdict=row.verdict,
        model=row.model,
        begun=moment(row.begun),
        as_base=address("/ui/compare", run=list(ids), base=row.id),
        whole=address("/compare", base=ids[0], candidate=row.id) if is_compared else None,
    )
