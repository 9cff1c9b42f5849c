"""The raw latencies behind a point's percentiles, for what needs more than the report. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from reports.frames import Floats, Frames
from reports.measure import measure
from reports.report import PointKey
from reports.stats import Interval, bootstrap_difference
from reports.window import is_request_bounded, place

Samples = Mapping[str, Floats]
"""Seconds of the ok requests sent in the window, by the metric's path in the report."""

_SAMPLED = {"latency.ttft_s": "ttft_s", "latency.e2e_s": "e2e_s"}
_QUANTILES = {"p50": 0.50, "p95": 0.95}
"""An interval for p99 needs thousands of requests to mean anything, and is not given."""


class Pair(NamedTuple):
    """Of the two points that are compared."""

    base: Samples
    candidate: Samples


def samples_of(frames: Frames | None) -> dict[PointKey, Samples]:
    """By the rows of the report."""
    if frames is None:
        return {}
    request_bounded = is_request_bounded(frames.manifest)
    found: dict[PointKey, Samples] = {}
    for each in frames.points:
        point = measure(place(each, request_bounded=request_bounded))
        found[PointKey(each.point.index, each.point.target)] = {
            path: point.derived[name].to_numpy(np.float64)[point.ok] for path, name in _SAMPLED.items()
        }
    return found


def interval(samples: Pair, key: str) -> Interval | None:
    """95 % interval of candidate - base for a metric like `latency.ttft_s.p50`; None for one that is not sampled."""
    path, _, percentile = key.rpartition(".")
    q = _QUANTILES.get(percentile)
    if q is None or path not in samples.base or path not in samples.candidate:
        return None
    return bootstrap_difference(samples.base[path], samples.candidate[path], q)
