"""The sections of a point's report, each from the point's facts on the axis of its window. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from harness.metrics import seconds
from harness.outcome import FAILED, NOT_JUDGED
from reports.derive import derive, meets_slo
from reports.frames import Floats, PointFrames
from reports.report import (
    Counted,
    Distribution,
    Goodput,
    Latency,
    LocustCheck,
    Prompts,
    Requests,
    Stream,
    Throughput,
    Tokens,
    WithFailures,
)
from reports.stats import distribution, share, tail_with_failures
from reports.window import Flags, Gaps, Placed, gaps, owners

_FAILED = frozenset(outcome.value for outcome in FAILED)


class Arrivals(NamedTuple):
    """What came in the window: when, in µs since it began, and how much of it each time."""

    at_us: Floats
    amount: Floats


@dataclass(frozen=True, slots=True)
class Measured:
    """A point with all that is computed once and read by many sections."""

    placed: Placed
    gaps: Gaps
    derived: pd.DataFrame
    ok: Flags
    """Sent in the window and ok."""
    failed: Flags
    """Sent in the window and failed."""
    all_ok: Flags

    @property
    def facts(self) -> pd.DataFrame:
        return self.placed.frames.requests

    def per_window_s(self, amount: float) -> float | None:
        """`amount` per second of the window."""
        window_us = self.placed.window_us
        return None if window_us is None else float(amount / seconds(window_us))

    def rate(self, arrivals: Arrivals | None) -> float | None:
        """What arrived, per second of the window."""
        return None if arrivals is None else self.per_window_s(float(arrivals.amount.sum()))

    def rates(self, arrivals: Arrivals, parts: int) -> Floats | None:
        """The same of each of so many equal parts of the window; their mean is that of the whole."""
        window_us = self.placed.window_us
        if not window_us:
            return None
        # The windows of workers differ by a little: what came after the mean one's end belongs to its last part.
        edges = np.linspace(0.0, window_us, parts + 1)
        amounts, _ = np.histogram(np.clip(arrivals.at_us, 0.0, window_us), edges, weights=arrivals.amount)
        rates: Floats = amounts / (seconds(window_us) / parts)
        return rates

    def fact(self, name: str, rows: Flags) -> Floats:
        """A column of the requests."""
        return self.facts[name].to_numpy(np.float64)[rows]

    def spread(self, name: str) -> Distribution:
        """Of a derived column, over the ok requests sent in the window."""
        return distribution(self.derived[name].to_numpy(np.float64)[self.ok])


def measure(placed: Placed) -> Measured:
    """All that the sections share."""
    all_gaps = gaps(placed)
    outcome = placed.frames.requests["outcome"]
    all_ok = (outcome == "ok").to_numpy(bool)
    return Measured(
        placed=placed,
        gaps=all_gaps,
        derived=derive(placed, all_gaps),
        ok=placed.in_window & all_ok,
        failed=placed.in_window & outcome.isin(_FAILED).to_numpy(bool),
        all_ok=all_ok,
    )


def count_requests(requests: pd.DataFrame) -> Requests:
    """By outcome, the most frequent first."""
    counted = requests["outcome"].value_counts()
    outcomes = dict(sorted(((str(name), int(n)) for name, n in counted.items()), key=lambda item: (-item[1], item[0])))
    dropped, aborted = (outcomes.get(name, 0) for name in ("dropped", "aborted"))
    return Requests(
        sent=len(requests) - dropped,
        ok=outcomes.get("ok", 0),
        failed=sum(n for name, n in outcomes.items() if name in _FAILED),
        aborted=aborted,
        dropped=dropped,
        outcomes=outcomes,
    )


def goodput(point: Measured, slo: Mapping[str, float]) -> Goodput | None:
    """None without an SLO. Ratio: of the judged requests sent in the window; rate: of those that ended in it."""
    if not slo:
        return None
    met = meets_slo(point.facts, point.derived, slo)
    judged = int(point.ok.sum() + point.failed.sum())
    return Goodput(
        ratio=share(int((met & point.ok).sum()), judged),
        requests_per_s=point.per_window_s(int((met & _ended_in_window(point.placed)).sum())),
        slo=dict(slo),
    )


def throughput(point: Measured) -> Throughput:
    """Of everything that arrived in the window, whichever request it belongs to and however that ended.

    Requests are the ok ones: a refusal that comes back at once is no throughput. Tokens are those of the requests for
    which the server gave a count; None where it gave none.
    """
    return Throughput(
        requests_per_s=point.rate(ended_requests(point)),
        output_tokens_per_s=point.rate(arrived_tokens(point)),
        input_tokens_per_s=_input_tokens_per_s(point),
        chars_per_s=point.rate(arrived_chars(point)),
    )


def ended_requests(point: Measured) -> Arrivals:
    """One of each ok request that ended in the window."""
    ended = point.placed.end_us[point.all_ok & _ended_in_window(point.placed)]
    return Arrivals(ended, np.ones(len(ended)))


def arrived_chars(point: Measured) -> Arrivals:
    """The characters of each content event in the window."""
    inside = point.placed.event_in_window
    return Arrivals(point.placed.event_us[inside], point.placed.frames.events.chars[inside].astype(np.float64))


def _ended_in_window(placed: Placed) -> Flags:
    return (placed.end_us >= 0) & (placed.end_us <= placed.length_us)


def arrived_tokens(point: Measured) -> Arrivals | None:
    """Each request's count, spread over its content events in proportion to characters (evenly where it has none).

    None where the server gave no counts.
    """
    output = point.facts["usage_output"].to_numpy(np.float64)
    if np.isnan(output).all():
        return None
    events = point.placed.frames.events
    n_chars, n_events = (point.facts[name].to_numpy(np.float64) for name in ("n_chars", "n_events"))
    owner, inside = owners(events), point.placed.event_in_window
    weight = np.where(n_chars[owner[inside]] > 0, events.chars[inside], 1.0)
    per_weight = output / np.where(n_chars > 0, n_chars, np.maximum(n_events, 1))
    return Arrivals(point.placed.event_us[inside], np.nan_to_num(weight * per_weight[owner[inside]]))


def _input_tokens_per_s(point: Measured) -> float | None:
    """Each request's prompt tokens at its first content event."""
    prompt = point.facts["usage_prompt"].to_numpy(np.float64)
    if np.isnan(prompt).all():
        return None
    first_us = point.placed.sent_us + point.facts["first_us"].to_numpy(np.float64)
    inside = (first_us >= 0) & (first_us <= point.placed.length_us)
    return point.per_window_s(float(np.nansum(prompt[inside])))


def latency(point: Measured) -> Latency:
    """Over the ok requests sent in the window; ITL over all gaps that arrived in it."""
    return Latency(
        ttft_s=point.spread("ttft_s"),
        ttft_visible_s=point.spread("ttft_visible_s"),
        headers_s=point.spread("headers_s"),
        first_event_s=point.spread("first_event_s"),
        e2e_s=point.spread("e2e_s"),
        itl_s=distribution(seconds(point.gaps.gap_us[point.gaps.in_window])),
        tpot_s=point.spread("tpot_s"),
        connect_s=point.spread("connect_s"),
    )


def with_failures(point: Measured) -> WithFailures:
    """Every failed request sent in the window counts as infinite."""
    failures = int(point.failed.sum())
    ttft_s, e2e_s = (point.derived[name].to_numpy(np.float64)[point.ok] for name in ("ttft_s", "e2e_s"))
    return WithFailures(ttft_s=tail_with_failures(ttft_s, failures), e2e_s=tail_with_failures(e2e_s, failures))


def stream(point: Measured) -> Stream:
    """Over the ok requests sent in the window."""
    return Stream(
        chars_per_s=point.spread("chars_per_s"),
        chars_per_s_decode=point.spread("chars_per_s_decode"),
        tokens_per_s=point.spread("tokens_per_s"),
    )


def tokens(point: Measured, counted: Counted | None) -> Tokens:
    """Over the ok requests sent in the window; `source` says for how many of them the server counted output."""
    prompt, output, cached, n_events = (
        point.fact(name, point.ok) for name in ("usage_prompt", "usage_output", "usage_cached", "n_events")
    )
    told = ~np.isnan(output)
    return Tokens(
        prompt=distribution(prompt),
        output=distribution(output),
        cached_ratio=_cached(cached, prompt),
        source="none" if not told.any() else "usage" if told.all() else "partial",
        per_event=share(float(output[told].sum()), float(n_events[told].sum())),
        counted=counted,
    )


def _cached(cached: Floats, prompt: Floats) -> float | None:
    both = ~np.isnan(cached) & ~np.isnan(prompt)
    return share(float(cached[both].sum()), float(prompt[both].sum()))


def is_canary(point: Measured) -> Flags:
    """The requests that were asked to see whether the answer changes."""
    flags: Flags = point.facts["canary"].to_numpy(bool)
    return flags


def cached_ratio(point: Measured) -> float | None:
    """As in `tokens`, without canaries, which ask the same again and again on purpose."""
    rows = point.ok & ~is_canary(point)
    return _cached(point.fact("usage_cached", rows), point.fact("usage_prompt", rows))


def prompts(point: Measured) -> Prompts:
    """Of the requests sent in the window, canaries left out; a turn of a conversation is a prompt of its own."""
    went = (point.facts["outcome"] != "dropped").to_numpy(bool) & ~is_canary(point)
    sent = point.facts[point.placed.in_window & went]
    return Prompts(sent=len(sent), distinct=len(sent[["prompt", "turn"]].drop_duplicates()))


def locust_check(frames: PointFrames) -> LocustCheck:
    """Of the whole point. Without Locust's file nothing agrees."""
    if frames.locust is None:
        return LocustCheck(requests=None, failures=None, agrees=False)
    outcome = frames.entire.requests["outcome"]
    judged = int((~outcome.isin([name.value for name in NOT_JUDGED])).sum())
    failed = int(outcome.isin(_FAILED).sum())
    return LocustCheck(
        requests=frames.locust.requests,
        failures=frames.locust.failures,
        agrees=(frames.locust.requests, frames.locust.failures) == (judged, failed),
    )
