"""The run over time: each request's TTFT where it was sent, and how many requests were in flight."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import altair as alt
import numpy as np
import pandas as pd

from harness.metrics import US_PER_S
from harness.outcome import FAILED
from reports.charts import look
from reports.charts.clock import RunClock, end_of, window_span
from reports.charts.look import Figure, Panel, Row
from reports.frames import Floats, Ints
from reports.report import Report
from reports.window import Placed

_MS = 1000.0
_EVEN = 1200
_SLOWEST = 200
_FAILED = 400
_CROSS = "M-1,-1L1,1M1,-1L-1,1"
"""As an SVG path: the shapes there are have no plain one."""
_STEPS = 600
"""Steps of the line of requests in flight."""

IN_WINDOW, OUTSIDE, FAILURE = "in a window", "outside the windows", "failed"


class Shading(NamedTuple):
    """The windows, as rows, and how far the run's axis reaches."""

    rows: list[Row]
    end_s: float


def timeline_figure(places: Sequence[Placed], clock: RunClock, shading: Shading) -> Figure:
    """TTFT and concurrency over the time of the run."""
    drawn = (
        f"Shaded: the measured windows. A dot is a request, placed where it was sent; a cross is one that failed, at "
        f"the height of the time until it did. Of long runs {_EVEN} requests spread evenly over time are drawn, and "
        f"besides them the {_SLOWEST} slowest and up to {_FAILED} failed ones."
    )
    flight = "Requests sent and not yet ended; dashed, the users of each window. The two should meet inside a window."
    absent = "Nothing to draw: no request was sent."
    return Figure(
        "timeline",
        "The run over time",
        (
            Panel("Time to first token of each request", drawn, ttft_chart(places, clock, shading), absent),
            Panel("Requests in flight", flight, in_flight_chart(places, clock, shading), absent),
        ),
    )


def shade(report: Report, places: Sequence[Placed], clock: RunClock) -> Shading:
    """The windows on the run's axis; a point that several targets shared has one, and the worst verdict of theirs."""
    names = look.whole_labels(report)
    verdicts = {index: _worst(report, index) for index in names}
    rows: dict[int, Row] = {}
    for placed in places:
        window = window_span(placed, clock)
        point = placed.frames.entire.point
        if window is not None:
            rows[point.index] = {
                "start_s": look.brief(window.start_s),
                "end_s": look.brief(window.end_s),
                "label": names[point.index],
                "users": point.users,
                "verdict": verdicts[point.index],
            }
    return Shading(list(rows.values()), max((end_of(placed, clock) for placed in places), default=0.0))


def _worst(report: Report, index: int) -> str:
    verdicts = {point.verdict for point in report.points if point.index == index}
    return next(verdict for verdict in ("invalid", "doubtful", "trusted") if verdict in verdicts)


def time_axis(end_s: float, field: str = "at_s") -> alt.X:
    """Seconds since the run's first event, the same on every chart over time and for every layer of it."""
    scale = alt.Scale(domain=[0, look.brief(max(end_s, 0.001))], nice=False)
    return alt.X(f"{field}:Q", title="seconds since the run began", scale=scale)


def window_layer(shading: Shading) -> Any:
    """The windows as bands behind a chart over time."""
    return (
        alt.Chart(look.data(shading.rows))
        .mark_rect(opacity=0.13, color=look.BLUE)
        .encode(
            x=time_axis(shading.end_s, "start_s"),
            x2="end_s:Q",
            color=alt.when("datum.verdict == 'invalid'")
            .then(alt.value(look.GREY))
            .otherwise(alt.value(look.BLUE)),
            tooltip=[alt.Tooltip("label:N", title="window"), alt.Tooltip("verdict:N", title="verdict")],
        )
    )  # fmt: skip


def ttft_chart(places: Sequence[Placed], clock: RunClock, shading: Shading) -> alt.LayerChart | None:
    """The requests' TTFT over the time they were sent; None where none was sent."""
    rows = list(_dots(places, clock))
    if not rows:
        return None
    kinds = [IN_WINDOW, OUTSIDE, FAILURE]
    scale = look.value_scale([float(row["value"]) for row in rows])
    dots = (
        alt.Chart(look.data(rows))
        .mark_point(filled=False, size=22, opacity=0.75, strokeWidth=1.2)
        .encode(
            x=time_axis(shading.end_s),
            y=alt.Y("value:Q", title="TTFT (ms)", scale=scale),
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=kinds, range=[look.BLUE, look.GREY, look.ORANGE]),
                legend=alt.Legend(),
            ),
            shape=alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=["circle", "circle", _CROSS])),
            tooltip=[
                alt.Tooltip("id:N", title="request"),
                alt.Tooltip("outcome:N", title="outcome"),
                alt.Tooltip("at_s:Q", title="sent at (s)", format=",.3~f"),
                alt.Tooltip("value:Q", title="ms", format=",.5~g"),
            ],
        )
    )
    return look.layered(window_layer(shading), dots)


def _dots(places: Sequence[Placed], clock: RunClock) -> Iterator[Row]:
    if not places:
        return
    table = pd.concat([_dot_table(placed, clock) for placed in places], ignore_index=True)
    table = table[np.isfinite(table["at_s"]) & np.isfinite(table["value"])].reset_index(drop=True)
    for row in table.iloc[sample(table)].itertuples():
        yield {
            "id": str(row.id),
            "at_s": look.brief(float(row.at_s)),
            "value": look.brief(float(row.value)),
            "kind": str(row.kind),
            "outcome": str(row.outcome),
        }


def _dot_table(placed: Placed, clock: RunClock) -> pd.DataFrame:
    requests = placed.frames.requests
    failed = requests["outcome"].isin(FAILED).to_numpy(dtype=bool)
    first_us = requests["first_us"].to_numpy(dtype=float, na_value=np.nan)
    ended_us = requests["ended_us"].to_numpy(dtype=float, na_value=np.nan)
    return pd.DataFrame(
        {
            "id": requests["id"],
            "at_s": clock.seconds(requests["worker"], requests["sent_ns"]),
            "value": np.where(failed, ended_us, first_us) / US_PER_S * _MS,
            "kind": np.where(failed, FAILURE, np.where(placed.in_window, IN_WINDOW, OUTSIDE)),
            "outcome": requests["outcome"],
        }
    )


def sample(table: pd.DataFrame) -> Ints:
    """Positions of the rows to draw, in order: evenly spread ones, the slowest, and failed ones. Nothing random."""
    failed = np.flatnonzero(table["kind"] == FAILURE)
    others = np.flatnonzero(table["kind"] != FAILURE)
    slowest = others[np.argsort(-table["value"].to_numpy(dtype=float)[others], kind="stable")[:_SLOWEST]]
    return np.unique(np.concatenate([_evenly(others, _EVEN), slowest, _evenly(failed, _FAILED)]))


def _evenly(positions: Ints, count: int) -> Ints:
    if len(positions) <= count:
        return positions
    chosen: Ints = positions[np.linspace(0, len(positions) - 1, count).round().astype(int)]
    return chosen


def in_flight_chart(places: Sequence[Placed], clock: RunClock, shading: Shading) -> alt.LayerChart | None:
    """Requests in flight over the run, with each window's users; None where none was sent."""
    sent_s = np.concatenate([_sent_s(placed, clock) for placed in places] or [np.empty(0)])
    ended_s = np.concatenate([_ended_s(placed, clock) for placed in places] or [np.empty(0)])
    both = np.isfinite(sent_s) & np.isfinite(ended_s)
    if not both.any():
        return None
    edges = np.linspace(0, shading.end_s, _STEPS + 1)
    mean = mean_in_flight(sent_s[both], ended_s[both], edges)
    rows: list[Row] = [
        {"at_s": look.brief(at_s), "in_flight": look.brief(value)} for at_s, value in zip(edges[:-1], mean, strict=True)
    ]
    line = (
        alt.Chart(look.data(rows))
        .mark_line(interpolate="step-after", color=look.BLUE, strokeWidth=1.5)
        .encode(x=time_axis(shading.end_s), y=alt.Y("in_flight:Q", title="requests in flight"))
    )
    return look.layered(window_layer(shading), line, _targets(shading))


def _targets(shading: Shading) -> Any:
    mark = alt.Chart(look.data(shading.rows)).mark_rule(color=look.ORANGE, strokeDash=[4, 3], strokeWidth=1.5)
    return mark.encode(
        x=time_axis(shading.end_s, "start_s"),
        x2="end_s:Q",
        y="users:Q",
        tooltip=[alt.Tooltip("users:Q", title="users of the window")],
    )


def mean_in_flight(sent_s: Floats, ended_s: Floats, edges: Floats) -> Floats:
    """Mean number of intervals [sent, ended) open between each pair of successive edges."""
    widths = np.diff(edges)
    open_s = np.diff(_elapsed(sent_s, edges)) - np.diff(_elapsed(ended_s, edges))
    # What is left of rounding must not show as a negative number of requests.
    return np.maximum(np.divide(open_s, widths, out=np.zeros_like(widths), where=widths > 0), 0.0)


def _elapsed(starts: Floats, at: Floats) -> Floats:
    ordered = np.sort(starts)
    before = np.searchsorted(ordered, at, side="right")
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    elapsed: Floats = before * at - sums[before]
    return elapsed


def _sent_s(placed: Placed, clock: RunClock) -> Floats:
    return clock.seconds(placed.frames.requests["worker"], placed.frames.requests["sent_ns"])


def _ended_s(placed: Placed, clock: RunClock) -> Floats:
    ended_us = placed.frames.requests["ended_us"].to_numpy(dtype=float, na_value=np.nan)
    return _sent_s(placed, clock) + ended_us / US_PER_S
