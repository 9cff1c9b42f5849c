"""Whether the second half of a window is like the first, beyond what chance does. Pure.

Throughput: characters by arrival in equal blocks of time, the halves' block means compared by Welch's t at 99 %. A
block is no shorter than the median answer, because shorter ones share their streams and are not independent. Fewer
than three such blocks a half tell nothing and are not judged.
TTFT p50: the halves' medians, by order statistics (`stats.medians_differ`).
A request-bounded window is looked at up to its last send; what follows is the tail-off that was asked for.
"""

from typing import NamedTuple

import numpy as np

from reports.frames import Floats
from reports.limits import HALVES_RATIO
from reports.measure import Measured
from reports.stats import means_differ, median, medians_differ

_MOST_BLOCKS = 10
_FEWEST_BLOCKS = 3


class Shift(NamedTuple):
    """A metric that differs between the halves by more than chance."""

    name: str
    unit: str
    first: float
    second: float

    @property
    def ratio(self) -> float:
        """|second - first| / first; infinite where the first half had nothing."""
        return abs(self.second - self.first) / self.first if self.first else float("inf")


def shifts(point: Measured, *, request_bounded: bool) -> list[Shift]:
    """The metrics that moved by more than the limit, and by more than chance."""
    span_us = point.placed.last_send_us if request_bounded else point.placed.window_us
    if not span_us:
        return []
    found = (_throughput_shift(point, span_us), _ttft_shift(point, span_us))
    return [shift for shift in found if shift is not None and shift.ratio > (HALVES_RATIO.doubtful or 0)]


def _throughput_shift(point: Measured, span_us: float) -> Shift | None:
    answer_us = median(point.fact("ended_us", point.ok))
    if not answer_us:
        return None
    blocks = min(int(span_us / 2 / answer_us), _MOST_BLOCKS)
    if blocks < _FEWEST_BLOCKS:
        return None
    placed = point.placed
    inside = (placed.event_us >= 0) & (placed.event_us < span_us)
    chars, _ = np.histogram(
        placed.event_us[inside],
        bins=2 * blocks,
        range=(0.0, span_us),
        weights=placed.frames.events.chars[inside].astype(np.float64),
    )
    per_s = chars / (span_us / 1e6 / (2 * blocks))
    first, second = per_s[:blocks], per_s[blocks:]
    if not means_differ(first, second):
        return None
    return Shift("throughput", "chars/s", float(first.mean()), float(second.mean()))


def _ttft_shift(point: Measured, span_us: float) -> Shift | None:
    ttft_s: Floats = point.derived["ttft_s"].to_numpy(np.float64)
    early = point.ok & (point.placed.moment_us < span_us / 2)
    late = point.ok & ~early
    first, second = median(ttft_s[early]), median(ttft_s[late])
    if first is None or second is None or not medians_differ(ttft_s[early], ttft_s[late]):
        return None
    return Shift("TTFT p50", "s", first, second)
