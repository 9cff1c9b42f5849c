"""Distributions within each point, as cumulative shares: what share of the requests (or gaps) was at most this long."""

from collections.abc import Callable, Iterator, Sequence

import altair as alt
import numpy as np

from harness.outcome import Outcome
from reports.charts import look
from reports.charts.look import Figure, Panel, Row
from reports.frames import Floats
from reports.report import PointKey, Report
from reports.stats import observed
from reports.window import Placed, gaps

_MS_PER_US = 1e-3
_FLOOR_MS = 0.001
"""Nothing is shorter than a stamp can say, and a logarithmic axis has no zero."""
_BODY_FROM = 0.05
_LOG_FROM = 5
_SHARES = np.unique(np.concatenate([np.linspace(0, 1, 81), np.linspace(0.98, 1, 21)]))
"""Where a curve is evaluated: 101 places however many values there are, denser in the tail."""


def ttft_figure(report: Report, places: Sequence[Placed]) -> Figure:
    """Distribution of TTFT, one curve a point."""
    caption = (
        "One curve a point. A curve at height 95 % over 200 ms says: 95 % of the ok requests of that window had their "
        "first token within 200 ms. Steep is steady; a long flat top is a slow tail. Invalid points are grey."
    )
    chart = shares_chart(report, places, ttft_ms, "TTFT (ms)")
    absent = "Nothing to draw: no request of any window succeeded."
    return Figure("ttft", "Distribution of TTFT", (Panel("Time to first token", caption, chart, absent),))


def itl_figure(report: Report, places: Sequence[Placed]) -> Figure:
    """Distribution of the gaps between tokens, one curve a point."""
    caption = (
        "One curve a point, over every gap between two successive content events that arrived in its window. Gaps "
        "too short for the axis (events that came together) stand at its left edge. Invalid points are grey."
    )
    chart = shares_chart(report, places, itl_ms, "ITL (ms)")
    absent = "Nothing to draw: no stream brought two content events in a window."
    return Figure("itl", "Distribution of ITL", (Panel("Inter-token latency", caption, chart, absent),))


def ttft_ms(placed: Placed) -> Floats:
    """TTFT of the ok requests sent in the window."""
    requests = placed.frames.requests
    kept = placed.in_window & (requests["outcome"] == Outcome.OK.value).to_numpy(bool)
    return observed(requests["first_us"].to_numpy(np.float64)[kept]) * _MS_PER_US


def itl_ms(placed: Placed) -> Floats:
    """Gaps between content events of one request that arrived in the window."""
    found = gaps(placed)
    return found.gap_us[found.in_window] * _MS_PER_US


def shares_chart(
    report: Report, places: Sequence[Placed], values_of: Callable[[Placed], Floats], title: str
) -> alt.LayerChart | None:
    """Cumulative shares of each point's values; None where no point has any."""
    rows = list(_rows(report, places, values_of))
    if not rows:
        return None
    names = list(look.labels(report).values())
    colours = alt.Scale(domain=names, range=look.point_colours(report))
    # A legend entry, clicked, brings its curve out; on paper nothing is picked and all are equal.
    picked = alt.selection_point(name="picked", fields=["label"], bind="legend")
    curves = (
        alt.Chart(look.data(rows), name="shares")
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("value:Q", title=title, scale=_scale(rows)),
            y=alt.Y("share:Q", title="share", axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 0.9, 1])),
            color=alt.Color("label:N", scale=colours, legend=alt.Legend(columns=4, symbolType="stroke")),
            opacity=alt.when(picked).then(alt.value(1)).otherwise(alt.value(0.12)),
            order="share:Q",
            tooltip=[
                alt.Tooltip("label:N", title="point"),
                alt.Tooltip("value:Q", title=title, format=",.5~g"),
                alt.Tooltip("share:Q", title="share at most this", format=".1%"),
            ],
        )
        .add_params(picked)
    )
    return look.layered(curves)


def _scale(rows: Sequence[Row]) -> alt.Scale:
    values = [float(row["value"]) for row in rows]
    # A few gaps of next to nothing would take most of a logarithmic axis: it starts near the body of the curves.
    body = min(float(row["value"]) for row in rows if float(row["share"]) >= _BODY_FROM)
    low, high = max(min(values), body / 3), max(values)
    if high / low <= _LOG_FROM:
        return alt.Scale(type="linear", zero=False, nice=6, clamp=True)
    scale = look.log_scale(low, high)
    scale.clamp = True
    return scale


def _rows(report: Report, places: Sequence[Placed], values_of: Callable[[Placed], Floats]) -> Iterator[Row]:
    names = look.labels(report)
    for placed in places:
        point = placed.frames.point
        values = values_of(placed)
        if len(values):
            heights = np.quantile(values, _SHARES)
            for share, value in zip(_SHARES, np.maximum(heights, _FLOOR_MS), strict=True):
                yield {
                    "label": names[PointKey(point.index, point.target)],
                    "share": look.brief(share),
                    "value": look.brief(value),
                }
