"""Two runs over their users, side by side: what the comparison's page draws."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import altair as alt

from reports.charts import look
from reports.charts.look import Figure, Panel, Row
from reports.compare import Comparison, Difference, PointComparison

BASE, CANDIDATE = "base", "candidate"


class _Side(NamedTuple):
    name: str
    colour: str
    dash: list[int]
    shape: str


_SIDES = (_Side(BASE, look.BLUE, look.DASHES[0], "circle"), _Side(CANDIDATE, look.ORANGE, look.DASHES[1], "square"))
_NAMES = [side.name for side in _SIDES]


class _Drawn(NamedTuple):
    """A metric of the comparison on its own axis; `factor` leads from its unit to the axis's."""

    key: str
    title: str
    axis: str
    factor: float


_DRAWN = (
    _Drawn("latency.ttft_s.p50", "TTFT, median", "TTFT p50 (ms)", 1000.0),
    _Drawn("latency.ttft_s.p99", "TTFT, 99th percentile", "TTFT p99 (ms)", 1000.0),
    _Drawn("latency.itl_s.p50", "ITL, median", "ITL p50 (ms)", 1000.0),
    _Drawn("latency.e2e_s.p50", "E2E latency, median", "E2E p50 (s)", 1.0),
    _Drawn("throughput.chars_per_s", "Total throughput", "characters/s", 1.0),
    _Drawn("throughput.output_tokens_per_s", "Output tokens", "output tokens/s", 1.0),
)


def comparison_figure(comparison: Comparison) -> Figure:
    """The metrics most asked for, over the users that both runs have."""
    caption = "Of the users that both runs have. A mark is grey where that side is invalid."
    absent = "Nothing to draw: neither run has this figure."
    panels = [Panel(drawn.title, caption, _chart(comparison, drawn), absent) for drawn in _DRAWN]
    return Figure("sides", "Both runs over their users", tuple(panels))


def _chart(comparison: Comparison, drawn: _Drawn) -> alt.LayerChart | None:
    rows = [row for point in comparison.points for row in _rows(point, drawn)]
    if not rows:
        return None
    x = look.users_axis([int(row["users"]) for row in rows])
    y = alt.Y("value:Q", title=drawn.axis, scale=look.value_scale([float(row["value"]) for row in rows]))
    return look.layered(_thread(rows, x, y), *_lines(rows, x, y), _marks(rows, x, y))


def _rows(point: PointComparison, drawn: _Drawn) -> Iterator[Row]:
    metric = next((metric for metric in point.metrics if metric.key == drawn.key), None)
    if metric is None:
        return
    for side, value, verdict in _sides(metric, point):
        if value is not None:
            yield {
                "users": point.users,
                "target": point.target,
                "side": side,
                "value": look.brief(value * drawn.factor),
                "verdict": verdict,
            }


def _sides(metric: Difference, point: PointComparison) -> Sequence[tuple[str, float | None, str]]:
    return (BASE, metric.base, point.base_verdict), (CANDIDATE, metric.candidate, point.candidate_verdict)


def _colour() -> alt.Color:
    return alt.Color(
        "side:N", scale=alt.Scale(domain=_NAMES, range=[side.colour for side in _SIDES]), legend=alt.Legend()
    )


def _thread(rows: list[Row], x: alt.X, y: alt.Y) -> Any:
    mark = alt.Chart(look.data(rows)).mark_line(color=look.GREY, strokeWidth=1, strokeDash=[2, 3])
    return mark.encode(x=x, y=y, detail=["side:N", "target:N"])


def _lines(rows: list[Row], x: alt.X, y: alt.Y) -> Iterator[Any]:
    for side in _SIDES:
        mine = [row for row in rows if row["side"] == side.name and row["verdict"] != "invalid"]
        mark = alt.Chart(look.data(mine)).mark_line(strokeWidth=2, strokeDash=side.dash)
        if mine:
            yield mark.encode(x=x, y=y, color=_colour(), detail="target:N")


def _marks(rows: list[Row], x: alt.X, y: alt.Y) -> Any:
    shapes = alt.Scale(domain=_NAMES, range=[side.shape for side in _SIDES])
    return (
        alt.Chart(look.data(rows))
        .mark_point(size=55, filled=True, opacity=1)
        .encode(
            x=x,
            y=y,
            color=alt.when("datum.verdict == 'invalid'").then(alt.value(look.GREY)).otherwise(_colour()),
            shape=alt.Shape("side:N", scale=shapes, legend=alt.Legend()),
            tooltip=[
                alt.Tooltip("users:Q", title="users"),
                alt.Tooltip("side:N", title="run"),
                alt.Tooltip("value:Q", title="value", format=",.5~g"),
                alt.Tooltip("verdict:N", title="verdict"),
            ],
        )
    )
