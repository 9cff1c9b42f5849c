"""How sure a ratio or a mean is: 95 % intervals. Pure."""

import math

import numpy as np

from reports.frames import Floats
from reports.report import Bounds

_Z_975 = 1.959963984540054
_RESAMPLES = 2000
_SEED = 20260131
_FEWEST = 5
_CELLS = 4_000_000
"""Numbers drawn at once."""


def wilson(ones: int, n: int) -> Bounds | None:
    """Of the ratio ones / n (E. B. Wilson, JASA 22, 1927); None where n is 0. Each of the n counts as drawn by itself."""
    if n == 0:
        return None
    ratio, z2 = ones / n, _Z_975**2
    middle = (ratio + z2 / (2 * n)) / (1 + z2 / n)
    reach = _Z_975 / (1 + z2 / n) * math.sqrt(ratio * (1 - ratio) / n + z2 / (4 * n * n))
    # Rounding must not carry an end past what was seen.
    return Bounds(max(0.0, min(middle - reach, ratio)), min(1.0, max(middle + reach, ratio)))


def bootstrap_mean(values: Floats) -> Bounds | None:
    """Percentile bootstrap of the mean of observed values, the same for the same values; None for fewer than 5."""
    return bootstrap_ratio(values, np.ones(len(values)))


def bootstrap_ratio(parts: Floats, wholes: Floats) -> Bounds | None:
    """The same of sum(parts) / sum(wholes), drawn in pairs; all wholes are above zero."""
    n = len(parts)
    if n < _FEWEST:
        return None
    draw = np.random.default_rng(_SEED)
    at_once = max(1, _CELLS // n)
    ratios = []
    for done in range(0, _RESAMPLES, at_once):
        drawn = draw.integers(0, n, (min(at_once, _RESAMPLES - done), n))
        ratios.append(parts[drawn].sum(axis=1) / wholes[drawn].sum(axis=1))
    low, high = np.percentile(np.concatenate(ratios), (2.5, 97.5))
    return Bounds(float(low), float(high))
