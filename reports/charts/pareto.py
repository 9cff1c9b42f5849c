"""Quality against cost and against the wait for a first token, of several targets: what each was seen to give for what."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import altair as alt

from reports.charts import look
from reports.charts.beside import users_beside
from reports.charts.look import Figure, Panel, Row
from reports.models import of_interest
from reports.report import PointReport, Report, ScorerReport

PARETO = "pareto"
"""Its name among the figures."""

_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
_MARGIN = 0.05
_LEAST_SPAN = 0.1
"""Of the axis: less of it would make much of little."""


class Mark(NamedTuple):
    """A point of the chart. `x` is the better the lower."""

    target: str
    label: str
    users: int
    x: float
    y: float
    low: float | None
    high: float | None
    verdict: str


class _Price(NamedTuple):
    """What is given for quality."""

    name: str
    title: str
    axis: str
    of: Callable[[PointReport], float | None]
    absent: str


def pareto_figure(report: Report) -> Figure:
    """Two panels for each score that is the better the higher, or the lower."""
    panels = [
        _panel(report, scorer, price)
        for scorer in ([] if report.quality is None else report.quality.scorers)
        if scorer.better != "neither"
        for price in _prices(report)
    ]
    return Figure(PARETO, "Quality against cost, and against the wait", tuple(panels))


def _prices(report: Report) -> tuple[_Price, _Price]:
    currency = "" if report.prices is None else f" ({report.prices.currency})"
    return (
        _Price("cost", "cost of a request", f"cost per request{currency}", _per_request,
               "Nothing to draw: no point has both this score and a price. Prices are given with --prices."),
        _Price("ttft", "time to first token", "TTFT p50 (ms)", _ttft_ms,
               "Nothing to draw: no point has this score."),
    )  # fmt: skip


def _per_request(point: PointReport) -> float | None:
    return None if point.cost is None else point.cost.per_request


def _ttft_ms(point: PointReport) -> float | None:
    ttft_s = point.latency.ttft_s.p50
    return None if ttft_s is None else ttft_s * 1000


def _panel(report: Report, scorer: ScorerReport, price: _Price) -> Panel:
    marks = list(marks_of(report, scorer.name, price.of))
    way = "Up and left is better" if scorer.better == "higher" else "Down and left is better"
    caption = f"{way}. Numbers are users, bars the 95 % intervals of the score; the grey line is the front."
    return Panel(
        f"{scorer.label} against {price.title}",
        caption,
        _chart(marks, scorer, _Drawn(price.axis, look.targets_of(report))),
        price.absent,
    )


def marks_of(report: Report, scorer: str, of: Callable[[PointReport], float | None]) -> Iterator[Mark]:
    """The points that have both."""
    names = look.labels(report)
    for point, score in of_interest(report.points, scorer):
        x = of(point)
        if x is not None and score.value is not None:
            bounds = score.interval
            low, high = (None, None) if bounds is None else (bounds.low, bounds.high)
            yield Mark(point.target, names[point.key], point.users, x, score.value, low, high, point.verdict)


def front(marks: Sequence[Mark], *, higher: bool) -> list[Mark]:
    """The valid marks that no other one beats, by rising x: none is as good in both and better in one of them."""
    valid = [mark for mark in marks if mark.verdict != "invalid"]
    best = [mark for mark in valid if not any(_beats(other, mark, higher=higher) for other in valid)]
    return sorted(best, key=lambda mark: (mark.x, mark.y, mark.label))


def _beats(other: Mark, mark: Mark, *, higher: bool) -> bool:
    gain = other.y - mark.y if higher else mark.y - other.y
    return other.x <= mark.x and gain >= 0 and (other.x < mark.x or gain > 0)


class _Drawn(NamedTuple):
    """What all layers of a chart have in common. A target has one colour in all charts, wherever it is missing."""

    axis: str
    targets: list[str]


def _chart(marks: list[Mark], scorer: ScorerReport, drawn: _Drawn) -> alt.LayerChart | None:
    if not marks:
        return None
    unit = 100.0 if scorer.kind == "ratio" else 1.0
    rows = [_row(mark, unit) for mark in marks]
    best = [_row(mark, unit) for mark in front(marks, higher=scorer.better == "higher")]
    # 0.00005 and not 0.00000, 0.00010: as many digits as a tick has, and no powers of ten.
    axis = alt.Axis(format=",.6~r")
    x = alt.X("x:Q", title=drawn.axis, scale=look.value_scale([mark.x for mark in marks]), axis=axis)
    title = f"{scorer.label} (%)" if scorer.kind == "ratio" else scorer.label
    y = alt.Y("y:Q", title=title, scale=_scale(rows, 100.0 if scorer.kind == "ratio" else None))
    layers = [*_front(best, x, y), *_bars(rows, x, y, drawn), _marks(rows, x, y, drawn)]
    return look.layered(*layers, *users_beside(rows, drawn.targets, x, y))


def _scale(rows: list[Row], most: float | None) -> alt.Scale:
    """A little more than from the lowest end of a bar to the highest; of a share never beyond 0 and `most`."""
    seen = [float(row[end]) for row in rows for end in ("low", "y", "high") if end in row]
    margin = max(max(seen) - min(seen), _LEAST_SPAN * (most or abs(max(seen, key=abs)) or 1.0)) * _MARGIN
    low, high = min(seen) - margin, max(seen) + margin
    if most is not None:
        low, high = max(low, 0.0), min(high, most)
    return alt.Scale(zero=False, nice=False, domain=[look.brief(low), look.brief(high)])


def _row(mark: Mark, unit: float) -> Row:
    row: Row = {
        "target": mark.target,
        "label": mark.label,
        "users": mark.users,
        "x": look.brief(mark.x),
        "y": look.brief(mark.y * unit),
        "verdict": mark.verdict,
    }
    if mark.low is not None and mark.high is not None:
        row |= {"low": look.brief(mark.low * unit), "high": look.brief(mark.high * unit)}
    return row


def _front(best: list[Row], x: alt.X, y: alt.Y) -> Iterator[Any]:
    if not best:
        return
    chart = alt.Chart(look.data(best)).encode(x=x, y=y)
    yield chart.mark_line(color=look.GREY, strokeWidth=1.5, interpolate="step-after").encode(order="x:Q")
    yield chart.mark_point(shape="circle", filled=False, size=230, strokeWidth=1.5, color=look.GREY, opacity=1)


def _bars(rows: list[Row], x: alt.X, y: alt.Y, drawn: _Drawn) -> Iterator[Any]:
    bounded = [row for row in rows if "low" in row]
    if bounded:
        chart = alt.Chart(look.data(bounded)).mark_rule(strokeWidth=1.5)
        low = y.copy()
        low.shorthand = "low:Q"
        yield chart.encode(x=x, y=low, y2="high:Q", color=_colour(rows, drawn))


def _marks(rows: list[Row], x: alt.X, y: alt.Y, drawn: _Drawn) -> Any:
    taken = [_SHAPES[at % len(_SHAPES)] for at in range(len(drawn.targets))]
    shapes = alt.Scale(domain=drawn.targets, range=taken)
    return (
        alt.Chart(look.data(rows))
        .mark_point(filled=True, size=75, opacity=1)
        .encode(
            x=x,
            y=y,
            color=_colour(rows, drawn),
            shape=alt.Shape("target:N", scale=shapes, legend=_legend(rows)),
            tooltip=[
                alt.Tooltip("label:N", title="point"),
                alt.Tooltip("x:Q", title=drawn.axis, format=",.4~g"),
                alt.Tooltip("y:Q", title="score", format=",.4~g"),
                alt.Tooltip("verdict:N", title="verdict"),
            ],
        )
    )


def _legend(rows: list[Row]) -> alt.Legend:
    return alt.Legend(values=list(dict.fromkeys(str(row["target"]) for row in rows)))


def _colour(rows: list[Row], drawn: _Drawn) -> Any:
    scale = alt.Scale(domain=drawn.targets, range=look.contrasts(len(drawn.targets)))
    marked = alt.Color("target:N", scale=scale, legend=_legend(rows))
    return alt.when("datum.verdict == 'invalid'").then(alt.value(look.GREY)).otherwise(marked)
