"""A histogram whose buckets grow by a constant factor: mergeable, small, and wrong by at most RELATIVE_ERROR.

The buckets are DDSketch's (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch", VLDB 2019): bucket
i holds the values in (GAMMA^(i-1), GAMMA^i] and stands for 2 GAMMA^i / (GAMMA + 1), which is never further than
RELATIVE_ERROR from any of them. The libraries of that kind add one value at a time, in Python; here a second of a busy
process, tens of thousands of gaps, is added in one pass of numpy, so that counting does not hold up the event loop.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

RELATIVE_ERROR = 0.01
GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
SMALLEST = 1e-9
"""What is below it counts as zero: a nanosecond, where the unit is seconds."""

_LOG_GAMMA = math.log(GAMMA)


class Histogram(msgspec.Struct):
    """Counts by bucket. Values are zero or more, in whatever unit the caller keeps to."""

    counts: dict[int, int] = {}
    zeros: int = 0

    @property
    def n(self) -> int:
        """How many values."""
        return self.zeros + sum(self.counts.values())

    def add(self, values: "Sequence[float] | np.ndarray[Any, Any]") -> None:
        """Count values, all in one pass."""
        given = np.asarray(values, dtype=float)
        large = given[given >= SMALLEST]
        self.zeros += len(given) - len(large)
        if len(large):
            buckets = np.ceil(np.log(large) / _LOG_GAMMA).astype(int)
            lowest = int(buckets.min())
            tallied = np.bincount(buckets - lowest)
            full = np.flatnonzero(tallied)
            self._add_counts(dict(zip((full + lowest).tolist(), tallied[full].tolist(), strict=True)))

    def merge(self, other: "Histogram") -> None:
        """Count what another counted."""
        self.zeros += other.zeros
        self._add_counts(other.counts)

    def _add_counts(self, counts: Mapping[int, int]) -> None:
        mine = self.counts
        for bucket, count in counts.items():
            mine[bucket] = mine.get(bucket, 0) + count

    def quantiles(self, *ratios: float) -> list[float | None]:
        """The values at these ranks (ratios 0..1, ascending), each within RELATIVE_ERROR of the value of rank
        ceil(ratio × n), at least 1, in ascending order. None where nothing was counted.
        """
        n = self.n
        if n == 0:
            return [None] * len(ratios)
        # A hair less than ratio × n: 0.07 × 100 is 7.000000000000001, and yet the seventh is meant.
        ranks = [max(1, math.ceil(ratio * n - 1e-9)) for ratio in ratios]
        found: list[float | None] = []
        below, ascending = self.zeros, iter(sorted(self.counts.items()))
        value = 0.0
        for rank in ranks:
            while below < rank:
                bucket, count = next(ascending)
                below += count
                value = 2 * GAMMA**bucket / (GAMMA + 1)
            found.append(value)
        return found
