"""How the load generator itself fared in a point's window: its loop, its CPU, its stamps, its clocks. Pure."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from harness.metrics import NS_PER_S, seconds
from reports.frames import Floats
from reports.measure import Measured
from reports.report import Client
from reports.stats import distribution, share
from reports.window import Flags, Window, Windows


def client(point: Measured) -> Client:
    """lag_s: over the requests sent in the window, each by its oldest read. cpu_ratio: of the busiest load process."""
    placed = point.placed
    inside = placed.in_window
    lines = _in_windows(placed.frames.health, placed.windows)
    return Client(
        lag_s=distribution(point.derived["lag_s"].to_numpy(np.float64)[inside]),
        loop_lag_s=distribution(_loop_lag_s(lines)),
        late_s=distribution(point.derived["late_s"].to_numpy(np.float64)[inside]),
        cpu_ratio=_cpu_ratio(lines),
        bounded_ratio=share(float(point.fact("bounded", inside).sum()), float(point.fact("n_events", inside).sum())),
    )


def first_bounded_ratio(point: Measured) -> float | None:
    """Share of the first content events, of requests sent in the window, whose stamp is bounded."""
    inside = point.placed.in_window
    return share(float(point.fact("first_bounded", inside).sum()), float((point.fact("n_events", inside) > 0).sum()))


def dispatch_late_s(point: Measured) -> Floats:
    """late_s without the time in which a connection was set up: that is the network's and the server's."""
    late_s, connect_s = (point.derived[name].to_numpy(np.float64) for name in ("late_s", "connect_s"))
    waited_s: Floats = np.maximum(late_s - np.nan_to_num(connect_s), 0)
    return waited_s[point.placed.in_window]


def clock_step_s(health: pd.DataFrame) -> float | None:
    """The most that any load process's wall clock moved against its monotonic clock within the point."""
    if not len(health):
        return None
    offsets_ns = health.groupby("worker")["wall_minus_monotonic_ns"].agg(["min", "max"])
    return float((offsets_ns["max"] - offsets_ns["min"]).max()) / NS_PER_S


def _in_windows(health: pd.DataFrame, windows: Windows) -> pd.DataFrame:
    worker = health["worker"].to_numpy(object)
    keep = np.zeros(len(health), np.bool_)
    for name, window in windows.items():
        keep |= (worker == name) & _mostly_inside(health, window)
    return health[keep]


def _mostly_inside(health: pd.DataFrame, window: Window) -> Flags:
    """At least half of the line's second lies in the window, or half of a window shorter than that."""
    at_ns, elapsed_ns = (health[name].to_numpy(np.float64) for name in ("at_ns", "elapsed_ns"))
    overlap_ns = np.minimum(at_ns, window.end_ns) - np.maximum(at_ns - elapsed_ns, window.start_ns)
    inside: Flags = overlap_ns * 2 >= np.minimum(elapsed_ns, window.end_ns - window.start_ns)
    return inside


def _loop_lag_s(lines: pd.DataFrame) -> Floats:
    lag_us: Floats = np.fromiter(_flat(lines), np.float64)
    lag_s: Floats = seconds(lag_us)
    return lag_s


def _flat(lines: pd.DataFrame) -> Iterator[int]:
    for lag_us in lines["lag_us"]:
        yield from lag_us


def _cpu_ratio(lines: pd.DataFrame) -> float | None:
    if not len(lines):
        return None
    spent = lines.groupby("worker")[["cpu_ns", "elapsed_ns"]].sum()
    return float((spent["cpu_ns"] / spent["elapsed_ns"]).max())
