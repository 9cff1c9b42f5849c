"""Charts of a number of each point against its users."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import altair as alt

from reports.charts import look
from reports.charts.look import Figure, Panel, Row
from reports.report import Distribution, PointReport, Report

_MS = 1000.0
_NO_SUCCESS = "Nothing to draw: no request of any window succeeded."


class Series(NamedTuple):
    """One line of a chart: its name and where its value is found in a point."""

    name: str
    value: Callable[[PointReport], float | None]


class Axis(NamedTuple):
    """The vertical axis: its title, and the factor from the report's unit to the one drawn."""

    title: str
    factor: float = 1.0


def latency_figure(report: Report) -> Figure:
    """TTFT, ITL and E2E against users."""
    tail = "Lines: median, 95th and 99th percentile of the ok requests of each window."
    return Figure(
        "latency",
        "Latency against users",
        (
            _panel(report, "Time to first token", f"{tail} A bend upwards is where requests begin to queue.",
                   _percentiles(lambda point: point.latency.ttft_s), Axis("TTFT (ms)", _MS)),
            _panel(report, "Inter-token latency", f"{tail} What a reader feels as the smoothness of the stream.",
                   _percentiles(lambda point: point.latency.itl_s), Axis("ITL (ms)", _MS)),
            _panel(report, "End-to-end latency", f"{tail} From sending a request to the last byte of its answer.",
                   _percentiles(lambda point: point.latency.e2e_s), Axis("E2E latency (s)")),
        ),
    )  # fmt: skip


def throughput_figure(report: Report) -> Figure:
    """Characters, tokens and requests a second against users."""
    whole = "Everything that arrived in the window, over all streams."
    return Figure(
        "throughput",
        "Throughput against users",
        (
            _panel(report, "Characters per second", f"{whole} Where the line flattens, the server is full.",
                   [Series("chars/s", lambda point: point.throughput.chars_per_s)], Axis("characters/s")),
            _panel(report, "Output tokens per second", f"{whole} By the server's own token counts.",
                   [Series("tokens/s", lambda point: point.throughput.output_tokens_per_s)], Axis("output tokens/s")),
            _panel(report, "Requests per second", "Requests that ended in the window.",
                   [Series("requests/s", lambda point: point.throughput.requests_per_s)], Axis("requests/s")),
        ),
    )  # fmt: skip


def tradeoff_figure(report: Report) -> Figure:
    """What more throughput costs in time to first token."""
    caption = (
        "One mark a point, joined in the order of the run and labelled with its users. Up is more throughput, right "
        "is a longer wait: past the knee the line runs to the right without rising."
    )
    absent = "Nothing to set against each other: fewer than two points have a success."
    panel = Panel("Throughput against time to first token", caption, tradeoff_chart(report), absent)
    return Figure("tradeoff", "Throughput against latency", (panel,))


def _percentiles(of: Callable[[PointReport], Distribution]) -> list[Series]:
    return [
        Series("p50", lambda point: of(point).p50),
        Series("p95", lambda point: of(point).p95),
        Series("p99", lambda point: of(point).p99),
    ]


def _panel(report: Report, title: str, caption: str, series: Sequence[Series], axis: Axis) -> Panel:
    absent = "Nothing to draw: the server sent no token counts." if "token" in axis.title else _NO_SUCCESS
    return Panel(title, caption, against_users(report, series, axis), absent)


def against_users(report: Report, series: Sequence[Series], axis: Axis) -> alt.LayerChart | None:
    """Lines over users. Invalid points are grey marks that no coloured line touches; None without any value."""
    rows = list(_rows(report, series, axis.factor))
    if not rows:
        return None
    values = [float(row["value"]) for row in rows]
    x = look.users_axis([int(row["users"]) for row in rows])
    y = alt.Y("value:Q", title=axis.title, scale=look.value_scale(values))
    names, colour = [line.name for line in series], _colour(report, series)
    return look.layered(_thread(rows, x, y), *_lines(rows, names, colour, x, y), _marks(rows, names, colour, x, y))


def _rows(report: Report, series: Sequence[Series], factor: float) -> Iterator[Row]:
    names = look.labels(report)
    for line in series:
        stretch = 0
        for point in sorted(report.points, key=lambda point: (point.target, point.users, point.index)):
            value = line.value(point)
            stretch += point.verdict == "invalid"
            if value is not None:
                yield {
                    "label": names[point.key],
                    "users": point.users,
                    "target": point.target,
                    "series": line.name,
                    "value": look.brief(value * factor),
                    "verdict": point.verdict,
                    "stretch": stretch,
                }


def _thread(rows: list[Row], x: alt.X, y: alt.Y) -> Any:
    # It runs through the invalid points too, so that the eye finds them where they are.
    mark = alt.Chart(look.data(rows)).mark_line(color=look.GREY, strokeWidth=1, strokeDash=[2, 3])
    return mark.encode(x=x, y=y, detail=["series:N", "target:N"])


def _lines(rows: list[Row], names: Sequence[str], colour: alt.Color, x: alt.X, y: alt.Y) -> Iterator[Any]:
    # A layer for each line: its dash is then no part of the legend, whose symbols it would tear.
    for name, dash in zip(names, look.DASHES, strict=False):
        mine = [row for row in rows if row["series"] == name and row["verdict"] != "invalid"]
        if not mine:
            continue
        mark = alt.Chart(look.data(mine)).mark_line(strokeWidth=2, strokeDash=dash)
        yield mark.encode(x=x, y=y, color=colour, detail=["stretch:O", "target:N"])


def _marks(rows: list[Row], names: Sequence[str], colour: alt.Color, x: alt.X, y: alt.Y) -> Any:
    shapes = alt.Scale(domain=list(names), range=list(look.SHAPES[: len(names)]))
    return (
        alt.Chart(look.data(rows))
        .mark_point(size=55, filled=True, opacity=1)
        .encode(
            x=x,
            y=y,
            color=alt.when("datum.verdict == 'invalid'").then(alt.value(look.GREY)).otherwise(colour),
            shape=alt.Shape("series:N", scale=shapes, legend=_legend(names)),
            tooltip=[
                alt.Tooltip("label:N", title="point"),
                alt.Tooltip("series:N", title="line"),
                alt.Tooltip("value:Q", title="value", format=",.5~g"),
                alt.Tooltip("verdict:N", title="verdict"),
            ],
        )
    )


def _colour(report: Report, series: Sequence[Series]) -> alt.Color:
    """Colour tells the lines apart or, where there are several targets, these; dash and shape tell the lines in any case."""
    targets = look.targets_of(report)
    if len(targets) > 1:
        return _coloured("target", targets)
    return _coloured("series", [line.name for line in series])


def _coloured(field: str, names: list[str]) -> alt.Color:
    scale = alt.Scale(domain=names, range=look.contrasts(len(names)))
    return alt.Color(f"{field}:N", scale=scale, legend=_legend(names))


def _legend(names: Sequence[str]) -> alt.Legend | None:
    # One line needs no legend: the axis already says what it is.
    return alt.Legend() if len(names) > 1 else None


def tradeoff_chart(report: Report) -> alt.LayerChart | None:
    """Characters a second over the median TTFT; None where fewer than two points have both."""
    rows = list(_tradeoff_rows(report))
    if len(rows) < 2:
        return None
    x_scale = look.value_scale([float(row["ttft_ms"]) for row in rows])
    chart = alt.Chart(look.data(rows)).encode(
        x=alt.X("ttft_ms:Q", title="TTFT p50 (ms)", scale=x_scale),
        y=alt.Y("chars_per_s:Q", title="characters/s", scale=alt.Scale(zero=True, nice=6)),
    )
    targets = look.targets_of(report)
    marked = _coloured("target", targets) if len(targets) > 1 else alt.value(look.BLUE)
    colour = alt.when("datum.verdict == 'invalid'").then(alt.value(look.GREY)).otherwise(marked)
    return look.layered(
        chart.mark_line(color=look.GREY, strokeWidth=1.5).encode(order="order:Q", detail="target:N"),
        chart.mark_point(filled=True, size=70, opacity=1).encode(
            color=colour,
            tooltip=[
                alt.Tooltip("label:N", title="point"),
                alt.Tooltip("ttft_ms:Q", title="TTFT p50 (ms)", format=",.5~g"),
                alt.Tooltip("chars_per_s:Q", title="characters/s", format=",.5~g"),
                alt.Tooltip("verdict:N", title="verdict"),
            ],
        ),
        chart.mark_text(align="left", dx=8, dy=-8, fontSize=11).encode(text="users:Q"),
    )


def _tradeoff_rows(report: Report) -> Iterator[Row]:
    names = look.labels(report)
    for order, point in enumerate(report.points):
        ttft_s, rate = point.latency.ttft_s.p50, point.throughput.chars_per_s
        if ttft_s is not None and rate is not None:
            yield {
                "order": order,
                "label": names[point.key],
                "users": point.users,
                "target": point.target,
                "ttft_ms": look.brief(ttft_s * _MS),
                "chars_per_s": look.brief(rate),
                "verdict": point.verdict,
            }
