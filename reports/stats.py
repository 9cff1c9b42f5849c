"""Statistics over plain arrays: what goes into a Distribution, and what chance alone can do. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from reports.frames import Floats
from reports.report import Distribution, Tail

PERCENTILES = (50, 90, 95, 99)
_RESAMPLES = 4000
_SEED = 20260131
_T_995 = {4: 4.604, 6: 3.707, 8: 3.355, 10: 3.169, 12: 3.055, 14: 2.977, 16: 2.921, 18: 2.878}
"""Student's t, 0.995 quantile by degrees of freedom: two-sided 99 %."""
_Z_975 = 1.96
_FEWEST, _FEWEST_BEYOND = 20, 5

PARTS = 10
"""Of a window, to see how steady a rate was."""
_T_975_OF_PARTS = 2.262
"""Student's t, 0.975 quantile, 9 degrees of freedom."""


class Interval(NamedTuple):
    """Both ends belong to it."""

    low: float
    high: float


def distribution(values: Floats) -> Distribution:
    """Of the observed (non-NaN) values. stdev is the sample's (n - 1), None for fewer than two values."""
    seen = observed(values)
    if not len(seen):
        return Distribution(n=0)
    p50, p90, p95, p99 = (float(value) for value in np.percentile(seen, PERCENTILES))
    low, high = float(seen.min()), float(seen.max())
    return Distribution(
        n=len(seen),
        # Rounding can carry the mean of equal values past them.
        mean=min(max(float(seen.mean()), low), high),
        stdev=_stdev(seen),
        min=low,
        p50=p50,
        p90=p90,
        p95=p95,
        p99=p99,
        max=high,
    )


def _stdev(seen: Floats) -> float | None:
    if len(seen) < 2:
        return None
    return float(seen.std(ddof=1)) if np.ptp(seen) else 0.0


def observed(values: Floats) -> Floats:
    """Without NaN."""
    return values[~np.isnan(values)]


def median(values: Floats) -> float | None:
    """Of the observed values; None where there are none."""
    seen = observed(values)
    return float(np.median(seen)) if len(seen) else None


def tail_with_failures(values: Floats, failures: int) -> Tail:
    """Percentiles of the observed values and `failures` infinite ones; None where that is infinite.

    An interpolation that touches a failure with any weight is infinite too.
    """
    ranked = np.sort(observed(values))
    return Tail(*(_quantile_before(ranked, failures, q) for q in (0.50, 0.95, 0.99)))


def _quantile_before(ranked: Floats, failures: int, q: float) -> float | None:
    count = len(ranked) + failures
    if not count:
        return None
    position = q * (count - 1)
    below = int(position)
    above = below if position == below else below + 1
    if above >= len(ranked):
        return None
    return float(ranked[below] + (ranked[above] - ranked[below]) * (position - below))


def share(part: float, whole: float) -> float | None:
    """Part / whole; None where the whole is nothing."""
    return float(part / whole) if whole else None


def median_interval(values: Floats) -> Interval | None:
    """About 95 % confidence for the median, see quantile_interval."""
    return quantile_interval(values, 0.5)


def quantile_interval(values: Floats, q: float) -> Interval | None:
    """About 95 % confidence for a quantile, by order statistics (binomial, normal approximation): no shape assumed.

    None for fewer than 20 values, or 5 on the far side of the quantile (of the 99th percentile, 500 in all), where the
    approximation is poor.
    """
    ranked = np.sort(observed(values))
    count = len(ranked)
    if count < _FEWEST or min(count * q, count - count * q) < _FEWEST_BEYOND:
        return None
    reach = _Z_975 * np.sqrt(count * q * (1 - q))
    low = max(int(np.floor(count * q - reach)), 0)
    high = min(int(np.ceil(count * q + reach)), count - 1)
    return Interval(float(ranked[low]), float(ranked[high]))


def rate_interval(rates: Floats) -> Interval:
    """95 % confidence for the mean of the rates of PARTS equal parts of a window, by Student's t; at least zero.

    Known as batch means (A. M. Law, Simulation Modeling and Analysis): right where the parts are so long that they know
    little of each other.
    """
    reach = _T_975_OF_PARTS * float(np.std(rates, ddof=1)) / float(np.sqrt(PARTS))
    mean = float(np.mean(rates))
    return Interval(max(mean - reach, 0.0), mean + reach)


def medians_differ(first: Floats, second: Floats) -> bool:
    """Whether the 95 % intervals of the two medians lie apart: under 1 % by chance for independent values."""
    left, right = median_interval(first), median_interval(second)
    if left is None or right is None:
        return False
    return left.high < right.low or right.high < left.low


def means_differ(first: Sequence[float] | Floats, second: Sequence[float] | Floats) -> bool:
    """Two samples of one size (3 to 10): Welch's t beyond its 99 % point. Equal constants do not differ."""
    size = len(first)
    variance = (np.var(first, ddof=1) + np.var(second, ddof=1)) / size
    gap = abs(float(np.mean(first)) - float(np.mean(second)))
    return gap > _T_995[2 * (size - 1)] * float(np.sqrt(variance))


def bootstrap_difference(base: Floats, candidate: Floats, q: float) -> Interval | None:
    """95 % bootstrap interval of quantile(candidate) - quantile(base); None for fewer than 20 values on a side."""
    left, right = np.sort(observed(base)), np.sort(observed(candidate))
    if min(len(left), len(right)) < 20:
        return None
    draw = np.random.default_rng(_SEED)
    differences = _resampled(right, q, draw) - _resampled(left, q, draw)
    low, high = np.percentile(differences, (2.5, 97.5))
    return Interval(float(low), float(high))


def _resampled(ranked: Floats, q: float, draw: np.random.Generator) -> Floats:
    """The quantile in each of many resamples, without making them.

    A resample's k-th smallest value is ranked[floor(n U)], U being the k-th order statistic of n uniform numbers:
    Beta(k, n + 1 - k); the next one up is drawn given the first. This is the ordinary bootstrap, at any n.
    """
    count = len(ranked)
    position = q * (count - 1)
    rank = int(position) + 1
    lower = draw.beta(rank, count + 1 - rank, _RESAMPLES)
    values = ranked[np.minimum((lower * count).astype(np.int64), count - 1)]
    if rank == count:
        return values
    upper = lower + (1 - lower) * draw.beta(1, count - rank, _RESAMPLES)
    above = ranked[np.minimum((upper * count).astype(np.int64), count - 1)]
    mixed: Floats = values + (above - values) * (position - int(position))
    return mixed
