"""One time axis for all processes of a run: seconds since its first event.

A process stamps on its own monotonic clock. Its start anchor says which wall time that was, and `offset_ns` how far
its wall clock was ahead of the master's: wall = monotonic + (start.wall - start.monotonic) - offset.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from harness.metrics import NS_PER_S, US_PER_S
from harness.run import Manifest
from reports.frames import Floats
from reports.window import Placed


class Span(NamedTuple):
    """Seconds since the run's first event."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class RunClock:
    """Places monotonic stamps on the run's axis."""

    shift_ns: dict[str, int]
    """By worker: what to add to its monotonic stamps; the run's first event is then at 0."""

    def seconds(self, worker: pd.Series, at_ns: pd.Series) -> Floats:
        """NaN where the stamp is, or where the manifest knows no such worker."""
        shift = worker.map(self.shift_ns).to_numpy(dtype=np.float64, na_value=np.nan)
        at_s: Floats = (at_ns.to_numpy(dtype=np.float64, na_value=np.nan) + shift) / NS_PER_S
        return at_s

    def knows(self, worker: str) -> bool:
        return worker in self.shift_ns

    def moment_s(self, worker: str, at_ns: int) -> float:
        """Raises KeyError where the manifest knows no such worker."""
        return (at_ns + self.shift_ns[worker]) / NS_PER_S


def run_clock(manifest: Manifest, places: Sequence[Placed]) -> RunClock:
    """The clock of a run whose zero is its first request or phase, whichever came first."""
    wall = _wall_shifts(manifest)
    firsts = [first for placed in places for first in _first_events(placed, wall)]
    zero = min(firsts, default=0)
    return RunClock({worker: shift - zero for worker, shift in wall.items()})


def _wall_shifts(manifest: Manifest) -> dict[str, int]:
    return {
        process.worker: process.start.wall_ns - process.start.monotonic_ns - process.offset_ns
        for process in manifest.processes
    }


def _first_events(placed: Placed, wall: dict[str, int]) -> list[int]:
    phases = placed.frames.point.phases
    spawns = [times.spawn_ns + wall[worker] for worker, times in phases.items() if worker in wall]
    begun = placed.frames.requests.groupby("worker")["begun_ns"].min()
    return spawns + [int(at_ns) + wall[str(worker)] for worker, at_ns in begun.items() if worker in wall]


def window_span(placed: Placed, clock: RunClock) -> Span | None:
    """From the first worker's opening to the last one's close; None where no worker has a window."""
    windows = {worker: window for worker, window in placed.windows.items() if clock.knows(worker)}
    if not windows:
        return None
    return Span(
        min(clock.moment_s(worker, window.start_ns) for worker, window in windows.items()),
        max(clock.moment_s(worker, window.end_ns) for worker, window in windows.items()),
    )


def end_of(placed: Placed, clock: RunClock) -> float:
    """The last thing of a point that the axis must reach; 0 where there was none."""
    phases = placed.frames.point.phases.items()
    ends = [clock.moment_s(worker, times.end_ns) for worker, times in phases if times.end_ns and clock.knows(worker)]
    window = window_span(placed, clock)
    requests = placed.frames.requests
    last_s = (
        clock.seconds(requests["worker"], requests["sent_ns"]) + requests["ended_us"].to_numpy(np.float64) / US_PER_S
    )
    return max([0.0, *ends, *([window.end_s] if window else []), _latest(last_s)])


def _latest(moments_s: Floats) -> float:
    seen = moments_s[np.isfinite(moments_s)]
    return float(seen.max()) if len(seen) else 0.0
