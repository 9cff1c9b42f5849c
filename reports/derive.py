"""What follows from each request by itself: a row of numbers beside the row of facts.

NaN is "not observed". Formulas are those of harness.metrics; which rows enter a figure is decided elsewhere.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from harness.metrics import NS_PER_S, per_second, seconds, tpot_s
from reports.frames import Events, Floats
from reports.window import Flags, Gaps, Placed

_GAP_BITS = 40
"""A gap in microseconds fits: 2**40 us are twelve days."""


def derive(placed: Placed, gaps: Gaps) -> pd.DataFrame:
    """One row a request: in_window, the latencies and the rates, named as in report.json, in seconds and per second."""
    facts = placed.frames.requests
    first_us, last_us, ended_us = (_column(facts, name) for name in ("first_us", "last_us", "ended_us"))
    output = _column(facts, "usage_output")
    n_chars = _column(facts, "n_chars")
    streamed = last_us > first_us
    return pd.DataFrame(
        {
            "in_window": placed.in_window,
            "ttft_s": seconds(first_us),
            "ttft_visible_s": seconds(_column(facts, "first_text_us")),
            "headers_s": seconds(_column(facts, "headers_us")),
            "first_event_s": seconds(_column(facts, "first_event_us")),
            "e2e_s": seconds(ended_us),
            "tpot_s": _tpot_s(first_us, last_us, output, _column(facts, "n_events")),
            "counted_tpot_s": _tpot_s(first_us, last_us, _column(facts, "counted_output"), _column(facts, "n_events")),
            "itl_p95_s": seconds(_itl_p95_us(gaps, len(facts))),
            "connect_s": seconds(_column(facts, "connect_us")),
            "late_s": _late_s(facts),
            "lag_s": seconds(_column(facts, "lag_max_us")),
            "chars_per_s": _rate(n_chars, ended_us, n_chars > 0),
            "chars_per_s_decode": _rate(n_chars - _first_chars(placed.frames.events), last_us - first_us, streamed),
            "tokens_per_s": _rate(output, ended_us, ended_us > 0),
        }
    )


def meets_slo(facts: pd.DataFrame, derived: pd.DataFrame, slo: Mapping[str, float]) -> Flags:
    """The ok requests that met every bound (seconds, bound included).

    A bound on something that was not observed is not met, with one exception: an answer of a single content event or
    of a single token has no gap between tokens, so that no bound on `itl_p95` or `tpot` can be broken by it.
    """
    met = (facts["outcome"] == "ok").to_numpy(bool)
    single = (facts["n_events"] == 1).to_numpy(bool)
    one_token = single | (facts["usage_output"] == 1).to_numpy(bool)
    vacuous = {"itl_p95": single, "tpot": one_token}
    for name, bound_s in slo.items():
        value_s = derived[f"{name}_s"].to_numpy(np.float64)
        met = met & ((value_s <= bound_s) | (np.isnan(value_s) & vacuous.get(name, np.zeros(len(met), np.bool_))))
    return met


def _column(facts: pd.DataFrame, name: str) -> Floats:
    return facts[name].to_numpy(np.float64)


def _tpot_s(first_us: Floats, last_us: Floats, output: Floats, n_events: Floats) -> Floats:
    """Needs two events besides two tokens: one event has no duration that tokens could share."""
    known = (output > 1) & (n_events > 1)
    return np.where(known, tpot_s(first_us, last_us, np.where(known, output, np.nan)), np.nan)


def _rate(count: Floats, us: Floats, where: Flags) -> Floats:
    known = where & (us > 0)
    return np.where(known, per_second(count, np.where(known, us, np.nan)), np.nan)


def _late_s(facts: pd.DataFrame) -> Floats:
    due_ns = _column(facts, "due_ns")
    wanted_ns = np.where(np.isnan(due_ns), _column(facts, "begun_ns"), due_ns)
    return (_column(facts, "sent_ns") - wanted_ns) / NS_PER_S


def _first_chars(events: Events) -> Floats:
    """Characters of each request's first content event; 0 where it has none."""
    first = np.zeros(len(events.offsets) - 1)
    has_any = np.diff(events.offsets) > 0
    first[has_any] = events.chars[events.offsets[:-1][has_any]]
    return first


def _itl_p95_us(gaps: Gaps, n_requests: int) -> Floats:
    """Each request's own 95th percentile of its gaps, linearly interpolated; NaN where it has no gap.

    Sorting (owner, gap) as one integer sorts all requests' gaps at once.
    """
    ranked = np.sort((gaps.owner << _GAP_BITS) | gaps.gap_us.astype(np.int64)) & ((1 << _GAP_BITS) - 1)
    counts = np.bincount(gaps.owner, minlength=n_requests)
    has_any = counts > 0
    starts = (np.cumsum(counts) - counts)[has_any]
    position = 0.95 * (counts[has_any] - 1)
    below = np.floor(position).astype(np.int64)
    above = np.minimum(below + 1, counts[has_any] - 1)
    low, high = ranked[starts + below], ranked[starts + above]
    result = np.full(n_requests, np.nan)
    result[has_any] = low + (high - low) * (position - below)
    return result
