"""One workload over time: the same prompts and options, whatever server and whenever."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from reports.render.numbers import rate, seconds
from service.dependencies import StoreNow
from service.pages.address import Searched, address
from service.pages.chart import Chart, Series, Value, draw
from service.pages.chart import Run as Place
from service.pages.route import PageRoute
from service.pages.show import PointFigures, counts, moment, point_name, points_of, throughput
from service.pages.site import page
from service.store.nouns import Page, RunFilter, RunRow
from service.store.store import Store

router = APIRouter(route_class=PageRoute, include_in_schema=False)

MOST_RUNS = 100
"""The newest, in a trend."""
_LOOKED_AT = 300
"""Runs among which workloads are found."""


class Workload(NamedTuple):
    """One to choose from."""

    digest: str
    name: str


class Sample(NamedTuple):
    """A run, and the point of it that is looked at."""

    run: RunRow
    point: PointFigures


class Entry(NamedTuple):
    """A line of the table under the charts."""

    number: int
    id: str
    name: str
    begun: str
    model: str | None
    verdict: str | None
    ttft_p50: str
    ttft_p95: str
    throughput: str


@router.get("/ui/trend")
def trend(
    request: Request,
    store: StoreNow,
    workload: Searched = None,
    point: Annotated[str | None, Query(max_length=300)] = None,
    model: Searched = None,
) -> HTMLResponse:
    """The trend of one workload; of the newest, if none is named."""
    known = workloads(store.runs(RunFilter(), Page(limit=_LOOKED_AT)).items)
    workload = workload or (known[0].digest if known else None)
    runs = _runs(store, workload)
    chosen = point or largest(runs)
    samples = pick([run for run in runs if not model or run.model == model], chosen)
    return page(
        request,
        "trend.html.jinja",
        workloads=_with(known, workload, runs),
        workload=workload,
        points=names(runs),
        chosen=chosen,
        models=sorted({run.model for run in runs if run.model}),
        model=model,
        lines=entries(samples),
        charts=charts(samples) if samples else [],
        compare=_ends(samples),
    )


def workloads(runs: Sequence[RunRow]) -> list[Workload]:
    """Those of reported runs, the newest first, each by the name and the prompts of its newest run."""
    found: dict[str, list[RunRow]] = {}
    for run in runs:
        if run.workload is not None and run.verdict is not None:
            found.setdefault(run.workload, []).append(run)
    return [Workload(digest, _name(of)) for digest, of in found.items()]


def _name(runs: Sequence[RunRow]) -> str:
    newest = runs[0]
    times = f"{len(runs)} run{'' if len(runs) == 1 else 's'}"
    return f"{newest.name}: {newest.options.get('testset') or 'chat'}, users {counts(newest.users)} ({times})"


def _with(known: list[Workload], workload: str | None, runs: Sequence[RunRow]) -> list[Workload]:
    """The one that is looked at is among them, though it be old."""
    if workload is None or any(each.digest == workload for each in known):
        return known
    return [*known, Workload(workload, _name(runs) if runs else workload)]


def _runs(store: Store, workload: str | None) -> list[RunRow]:
    """Oldest first."""
    if workload is None:
        return []
    found = store.runs(RunFilter(workload=workload), Page(limit=MOST_RUNS)).items
    return sorted((run for run in found if run.verdict is not None), key=lambda run: run.begun or run.submitted)


def names(runs: Sequence[RunRow]) -> list[str]:
    """Every point that some run has, by users."""
    points = sorted((point for run in runs for point in points_of(run)), key=lambda point: (point.users, point.target))
    return list(dict.fromkeys(point_name(point) for point in points))


def largest(runs: Sequence[RunRow]) -> str | None:
    """The name of the point with the most users."""
    return next(reversed(names(runs)), None)


def pick(runs: Sequence[RunRow], name: str | None) -> list[Sample]:
    """The point of that name in each run that has it; of one that was run again, the last."""
    by_name = [{point_name(point): point for point in points_of(run)} for run in runs]
    return [Sample(run, points[name]) for run, points in zip(runs, by_name, strict=True) if name in points]


def charts(samples: Sequence[Sample]) -> list[Chart]:
    """TTFT, and throughput: in tokens where every run has them, or else in characters."""
    runs = [
        Place(label, f"{each.run.name}, {moment(each.run.begun)}", f"/ui/runs/{each.run.id}")
        for each, label in zip(samples, labels(samples), strict=True)
    ]
    in_tokens = all(each.point.output_tokens_per_s is not None for each in samples)
    unit = "Output tokens/s" if in_tokens else "Chars/s"
    rates = [each.point.output_tokens_per_s if in_tokens else each.point.chars_per_s for each in samples]
    ttfts = [
        Series("p50", "first", _values(samples, [each.point.ttft_p50_s for each in samples])),
        Series("p95", "second", _values(samples, [each.point.ttft_p95_s for each in samples])),
    ]
    return [
        draw("Time to first token", runs, ttfts, seconds),
        draw(unit, runs, [Series(unit, "first", _values(samples, rates))], rate),
    ]


def labels(samples: Sequence[Sample]) -> list[str]:
    """Days; or, if all are of one day, times of the day."""
    begun = [each.run.begun or each.run.submitted for each in samples]
    form = "%H:%M" if len({at.date() for at in begun}) == 1 else "%d %b"
    return [at.strftime(form) for at in begun]


def _values(samples: Sequence[Sample], values: Sequence[float | None]) -> list[Value]:
    return [Value(value, is_sure=each.point.verdict == "trusted") for each, value in zip(samples, values, strict=True)]


def entries(samples: Sequence[Sample]) -> list[Entry]:
    """The table: oldest first, as in the charts."""
    return [
        Entry(
            number=number,
            id=each.run.id,
            name=each.run.name,
            begun=moment(each.run.begun),
            model=each.run.model,
            verdict=each.point.verdict,
            ttft_p50=seconds(each.point.ttft_p50_s),
            ttft_p95=seconds(each.point.ttft_p95_s),
            throughput=throughput(each.point),
        )
        for number, each in enumerate(samples, 1)
    ]


def _ends(samples: Sequence[Sample]) -> str | None:
    if len(samples) < 2:
        return None
    return address("/ui/compare", run=[samples[0].run.id, samples[-1].run.id])
