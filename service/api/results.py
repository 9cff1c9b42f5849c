"""Results: every request of every run, rows from elsewhere, and the averages of them all."""

import dataclasses
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from harness.outcome import Outcome
from service.dependencies import ResultsNow, WritableNow
from service.errors import Refused, answers
from service.store.averages import Average
from service.store.incoming import IncomingRow
from service.store.moments import NoMoment, Window, read_window, write_moment
from service.store.nouns import ANY, FAILURES, BadCursor, Page, ResultFilter, ResultRow, Results
from service.store.store import Store

router = APIRouter(prefix="/results", tags=["results"])

MOST_ROWS = 10_000
"""In one call."""
_MOST_OFFSET = 100_000
_MOST_SHOWN = 19

_Word = Annotated[str, Query(max_length=200)]
_Time = Annotated[
    str, Query(max_length=100, description="ISO 8601; UTC where no zone is named", examples=["2026-01-31"])
]
_InPath = Annotated[
    str, Path(max_length=100, description="ISO 8601; UTC where no zone is named", examples=["2026-01-31"])
]


class Rows(BaseModel):
    """Rows as a file has them."""

    model_config = ConfigDict(extra="ignore")

    benchmarking_results: Annotated[list[IncomingRow], Field(max_length=MOST_ROWS)]


class Result(BaseModel):
    """One request. Times in milliseconds; null is "not observed"."""

    model_config = ConfigDict(from_attributes=True)

    request_id: str
    prompt_text: str | None
    generated_text: str | None
    token_count: int | None
    time_to_first_token: float | None
    time_per_output_token: float | None
    total_generation_time: float | None
    timestamp: datetime
    run: str | None
    point: int | None
    users: int | None
    model: str | None
    outcome: str | None
    phase: str | None


class ResultPage(BaseModel):
    """Newest first. A file with this in it can be served, and posted, as it is."""

    benchmarking_results: list[Result]
    total: int
    next: Annotated[str | None, Field(description="The `cursor` of the next page; null after the last")]


class Kept(BaseModel):
    """What became of the rows."""

    added: int
    unchanged: Annotated[int, Field(description="Were there with the same content")]


class Counts(BaseModel):
    """How many rows have a figure."""

    token_count: int
    time_to_first_token: int
    time_per_output_token: int
    total_generation_time: int


class Averages(BaseModel):
    """Each over the rows that have it; null where none has. Times in milliseconds."""

    token_count: float | None
    time_to_first_token: float | None
    time_per_output_token: float | None
    total_generation_time: float | None
    count: Annotated[int, Field(description="All rows, whatever they have")]
    observed: Counts


class ModelAverages(Averages):
    """Of one model; null for rows that name none."""

    model: str | None


class AllAverages(Averages):
    """Of all rows, and with `by=model` of each model's."""

    models: list[ModelAverages] | None = None


def _form(body: Any) -> str:
    if isinstance(body, list):
        return "rows"
    return "file" if isinstance(body, dict) and "benchmarking_results" in body else "row"


_Rows = Annotated[list[IncomingRow], Field(max_length=MOST_ROWS)]
_Posted = Annotated[
    Annotated[IncomingRow, Tag("row")] | Annotated[_Rows, Tag("rows")] | Annotated[Rows, Tag("file")],
    Discriminator(_form),
    Body(description="A row, a list of rows, or rows as a file has them"),
]


@router.post("", responses=answers(409, 503))
@router.post("/", include_in_schema=False)
def add(posted: _Posted, store: WritableNow) -> Kept:
    """Keep rows from elsewhere. A row that comes again is counted and left as it is; where one comes with another
    content, nothing of the call is kept.
    """
    rows = [each.row() for each in _each(posted)]
    _refuse_own(rows, store)
    added = store.add_results(rows)
    if added.conflicting:
        raise Refused(409, "Nothing was kept.", *_conflicts(added.conflicting))
    return Kept(added=added.added, unchanged=added.unchanged)


def _each(posted: IncomingRow | list[IncomingRow] | Rows) -> list[IncomingRow]:
    if isinstance(posted, Rows):
        return posted.benchmarking_results
    return posted if isinstance(posted, list) else [posted]


def _refuse_own(rows: list[ResultRow], store: Store) -> None:
    for run in dict.fromkeys(row.run for row in rows if row.run is not None):
        if store.run(run) is not None:
            raise Refused(409, f"{run} is a run of this service: its results come from its own folder alone.")


def _conflicts(request_ids: list[str]) -> list[str]:
    request_ids = list(dict.fromkeys(request_ids))
    said = [f"{name} is there with another content." for name in request_ids[:_MOST_SHOWN]]
    more = len(request_ids) - len(said)
    return [*said, f"So are {more} more."] if more else said


def _wanted(
    run: _Word | None = None,
    point: Annotated[int | None, Query(ge=0, le=2**31 - 1)] = None,
    model: _Word | None = None,
    outcome: Annotated[
        Outcome | Literal["any", "failed"] | None,
        Query(description=f"`{ANY}` for all, `{FAILURES}` for every failure"),
    ] = None,
    phase: Literal["settle", "window", "cooldown"] | None = None,
) -> ResultFilter:
    return ResultFilter(run=run, point=point, model=model, outcome=outcome, phase=phase)


_Wanted = Annotated[ResultFilter, Depends(_wanted)]


@router.get("", responses=answers(503))
@router.get("/", include_in_schema=False)
def results(
    source: ResultsNow,
    wanted: _Wanted,
    *,
    request_id: _Word | None = None,
    start: _Time | None = None,
    end: _Time | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=_MOST_OFFSET, description="Beyond that, go by `cursor`")] = 0,
    cursor: _Word | None = None,
) -> ResultPage:
    """Every request, newest first. `start` and `end` both belong to the window; a date at the end is that whole day."""
    wanted = dataclasses.replace(wanted, **_window(start, end)._asdict(), request_id=request_id)
    try:
        page = source.results(wanted, Page(limit, offset, cursor))
    except BadCursor as error:
        raise Refused(422, str(error)) from None
    found = [Result.model_validate(row) for row in page.items]
    return ResultPage(benchmarking_results=found, total=page.total, next=page.next)


_AVERAGES: dict[str, Any] = {"responses": answers(404, 503), "response_model_exclude_unset": True}
_HIDDEN = _AVERAGES | {"include_in_schema": False}
_By = Annotated[Literal["model"] | None, Query(description="`model`: each model's averages besides")]


@router.get("/average", **_AVERAGES)
@router.get("/average/", **_HIDDEN)
def average(source: ResultsNow, wanted: _Wanted, by: _By = None) -> AllAverages:
    """Averages of all results that did not fail; `outcome=any` for failed and aborted ones, too."""
    return _average(source, wanted, by, "There are no such results yet.")


@router.get("/average/{start}/{end}", **_AVERAGES)
@router.get("/average/{start}/{end}/", **_HIDDEN)
def average_between(source: ResultsNow, wanted: _Wanted, start: _InPath, end: _InPath, by: _By = None) -> AllAverages:
    """The same of those sent from `start` to `end`, both included; a date at the end is that whole day."""
    window = _window(start, end)
    nothing = f"There are no such results from {' to '.join(write_moment(each) for each in window if each)}."
    return _average(source, dataclasses.replace(wanted, **window._asdict()), by, nothing)


def _window(start: str | None, end: str | None) -> Window:
    try:
        return read_window(start, end)
    except NoMoment as error:
        sentence = str(error)
        raise Refused(422, f"{sentence[0].upper()}{sentence[1:]}.") from None


def _average(source: Results, wanted: ResultFilter, by: str | None, nothing: str) -> AllAverages:
    found = source.average(wanted)
    if not found:
        raise Refused(404, nothing)
    told = AllAverages(**_figures(found[0]))
    if by == "model":
        told.models = [
            ModelAverages(model=each.model, **_figures(each)) for each in source.average(wanted, by_model=True)
        ]
    return told


def _figures(average: Average) -> dict[str, Any]:
    figures = dataclasses.asdict(average)
    del figures["model"]
    return figures | {"observed": average.observed._asdict()}
