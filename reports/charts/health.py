"""The load generator's own health over the run: what must be quiet before its numbers may be believed."""

from collections.abc import Iterator, Sequence

import altair as alt
import numpy as np
import pandas as pd

from reports.charts import look
from reports.charts.clock import RunClock
from reports.charts.look import Figure, Panel, Row
from reports.charts.timeline import Shading, time_axis, window_layer
from reports.frames import PointFrames
from reports.limits import CLIENT_CPU_RATIO
from reports.window import Placed

_CPU_LIMIT = CLIENT_CPU_RATIO.doubtful or 1.0
_BINS = 400
_US_PER_MS = 1000


def health_figure(places: Sequence[Placed], clock: RunClock, shading: Shading) -> Figure:
    """Loop lag and CPU over the time of the run."""
    table = worst_by_bin(_table(places, clock), shading.end_s)
    lag = (
        "The latest a 20 ms sleep woke up, in each second and in the worst load process. While it is small the "
        "generator reads at once; when it grows past the gap between two tokens, its own queue enters the numbers."
    )
    cpu = (
        "CPU time over wall time of the busiest load process. One process can use one core: near 100 % it is the "
        f"generator that is being measured. The dashed line, at {_CPU_LIMIT:.0%}, is where doubt begins."
    )
    absent = "Nothing to draw: the load processes left no health lines."
    return Figure(
        "health",
        "The generator's own health",
        (
            Panel("Loop lag", lag, over_time(table, shading, "lag_ms", "loop lag, worst (ms)"), absent),
            Panel("CPU", cpu, cpu_chart(table, shading), absent),
        ),
    )


def _table(places: Sequence[Placed], clock: RunClock) -> pd.DataFrame:
    tables = [_point_table(placed.frames, clock) for placed in places if len(placed.frames.health)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["at_s", "lag_ms", "cpu_ratio"])


def _point_table(point: PointFrames, clock: RunClock) -> pd.DataFrame:
    health = point.health
    elapsed_ns = health["elapsed_ns"].to_numpy(dtype=float)
    cpu_ns = health["cpu_ns"].to_numpy(dtype=float)
    return pd.DataFrame(
        {
            "at_s": clock.seconds(health["worker"], health["at_ns"]),
            "lag_ms": [max(lags, default=np.nan) / _US_PER_MS for lags in health["lag_us"]],
            "cpu_ratio": np.divide(cpu_ns, elapsed_ns, out=np.full_like(cpu_ns, np.nan), where=elapsed_ns > 0),
        }
    )


def worst_by_bin(table: pd.DataFrame, end_s: float) -> pd.DataFrame:
    """The worst process of each of a few hundred stretches of the run, at the stretch's middle; never an average."""
    width_s = max(end_s / _BINS, 1.0)
    placed = table[np.isfinite(table["at_s"].to_numpy(dtype=float))]
    bins = np.floor(placed["at_s"].to_numpy(dtype=float) / width_s)
    worst = placed.groupby(bins)[["lag_ms", "cpu_ratio"]].max()
    middles: pd.DataFrame = worst.assign(at_s=(worst.index.to_numpy(dtype=float) + 0.5) * width_s)
    return middles


def cpu_chart(table: pd.DataFrame, shading: Shading) -> alt.LayerChart | None:
    """CPU over the run on an axis that always holds one whole core, with the limit of the verdict."""
    chart = over_time(table, shading, "cpu_ratio", "CPU of one core", axis_format="%")
    if chart is None:
        return None
    core: list[Row] = [{"limit": _CPU_LIMIT, "whole": 1}]
    rule = alt.Chart(look.data(core)).mark_rule(color=look.ORANGE, strokeDash=[4, 3])
    room = alt.Chart(look.data(core)).mark_point(opacity=0)
    return look.layered(chart, rule.encode(y="limit:Q"), room.encode(y="whole:Q"))


def over_time(
    table: pd.DataFrame, shading: Shading, column: str, title: str, axis_format: str = ",~r"
) -> alt.LayerChart | None:
    """One column over the run, windows shaded; None where it was never observed."""
    rows = list(_rows(table, column))
    if not rows:
        return None
    scale = alt.Scale(zero=True, nice=6)
    line = (
        alt.Chart(look.data(rows))
        .mark_line(color=look.BLUE, strokeWidth=1.5, point={"size": 12, "color": look.BLUE})
        .encode(
            x=time_axis(shading.end_s),
            y=alt.Y("value:Q", title=title, scale=scale, axis=alt.Axis(format=axis_format)),
            tooltip=[
                alt.Tooltip("at_s:Q", title="at (s)", format=",.1~f"),
                alt.Tooltip("value:Q", title=title, format=axis_format),
            ],
        )
    )
    return look.layered(window_layer(shading), line)


def _rows(table: pd.DataFrame, column: str) -> Iterator[Row]:
    for at_s, value in zip(table["at_s"].astype(float), table[column].astype(float), strict=True):
        if np.isfinite(value):
            yield {"at_s": look.brief(at_s), "value": look.brief(value)}
