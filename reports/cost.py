"""What a point cost, by the user's table of prices: of tokens those that the server's usage tells, of a machine its time. Pure."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.run import Phases, TargetInfo
from harness.score import Scorer
from reports.derive import meets_slo
from reports.frames import Floats, Frames, PointFrames, Scores, Tariff
from reports.intervals import wilson
from reports.measure import Measured, throughput
from reports.report import Bounds, CostReport, Price
from reports.stats import share
from reports.window import Flags

_TOKENS_OF_A_PRICE = 1_000_000
_S_PER_HOUR = 3600.0
_NS_PER_S = 1e9


def cost(run: Frames, point: Measured) -> CostReport | None:
    """Of one point of one target; None without a price for the target."""
    price = price_at(run, point.placed.frames.point.target)
    if run.tariff is None or price is None:
        return None
    bill = _for_time(price, point) if price.per_hour is not None else _for_tokens(price, point)
    length_s = None if point.placed.window_us is None else point.placed.window_us / 1e6
    check = check_of(run.scores)
    earned = _earned(run, point, bill, check)
    return CostReport(
        currency=run.tariff.currency,
        basis="tokens" if price.per_hour is None else "machine",
        window=bill.window,
        whole_point=bill.whole_point,
        per_request=_each(bill.window, int(bill.priced.sum())),
        per_1k_tokens=_each(bill.window, bill.output_tokens / 1000),
        per_hour=_each(bill.window, None if length_s is None else length_s / _S_PER_HOUR),
        per_correct=earned.per_correct,
        per_good=earned.per_good,
        check=None if check is None else check.name,
        interval_per_correct=earned.around_correct,
        interval_per_good=earned.around_good,
        unpriced=int((_sent(point) & ~bill.priced).sum()),
        unscored=earned.unscored,
    )


def price_at(run: Frames, target: str) -> Price | None:
    """The row for a target: its own, or else its model's. None where the table, or the run, has none."""
    known = next((each for each in run.manifest.all_targets if each.name == target), None)
    return None if run.tariff is None or known is None else row_for(run.tariff, known)


def row_for(tariff: Tariff, target: TargetInfo) -> Price | None:
    rows = {(row.of, row.name): row for row in tariff.rows}
    return rows.get(("target", target.name)) or rows.get(("model", target.model))


def check_of(scores: Scores | None) -> Scorer | None:
    """The scorer that says which answers are right: the first that checks and has said so of any."""
    if scores is None:
        return None
    said = (each for each in scores.scorers if each.checks and _values(scores, each))
    return next(said, None)


def _values(scores: Scores, check: Scorer) -> dict[str, float]:
    """By the record's id."""
    found = scores.by_request.get(check.name, {})
    return {request: score.value for request, score in found.items() if score.value is not None}


# Bills


@dataclass(frozen=True, slots=True)
class _Bill:
    """What a point cost; flags have one entry a request."""

    window: float | None
    whole_point: float | None
    of_answers: float | None
    """The window's without its canaries, where these can be told apart."""
    priced: Flags
    """Sent in the window, and what it cost is in `window`."""
    output_tokens: float


def _for_time(price: Price, point: Measured) -> _Bill:
    """A machine costs the same whether it works or waits."""
    per_s = (price.per_hour or 0.0) / _S_PER_HOUR
    window_us = point.placed.window_us
    window_s = None if window_us is None else window_us / 1e6
    window = None if window_s is None else per_s * window_s
    whole_s = _whole_s(point.placed.frames)
    return _Bill(
        window=window,
        whole_point=None if whole_s is None else per_s * whole_s,
        of_answers=window,
        priced=_sent(point),
        output_tokens=(throughput(point).output_tokens_per_s or 0.0) * (window_s or 0.0),
    )


def _whole_s(frames: PointFrames) -> float | None:
    """From the first user to the end of the cooldown, of the worker that took longest."""
    spans = [_span_ns(phases) for phases in frames.point.phases.values()]
    known = [span for span in spans if span is not None]
    return max(known) / _NS_PER_S if known else None


def _span_ns(phases: Phases) -> int | None:
    return None if phases.end_ns is None else phases.end_ns - phases.spawn_ns


def _for_tokens(price: Price, point: Measured) -> _Bill:
    costs = token_costs(price, point.facts)
    sent = _sent(point)
    priced = sent & ~np.isnan(costs)
    return _Bill(
        window=_sum(costs[sent]),
        whole_point=_sum(costs),
        of_answers=_sum(costs[sent & ~_canaries(point.facts)]),
        priced=priced,
        output_tokens=float(point.fact("usage_output", priced).sum()),
    )


def token_costs(price: Price, facts: pd.DataFrame) -> Floats:
    """Of each request; NaN where the server told no counts.

    Cached tokens are part of the prompt's and reasoning ones of the answer's; where the server does not tell them there
    are none, so that they cost what the others do.
    """
    prompt, output = (facts[f"usage_{name}"].to_numpy(np.float64) for name in ("prompt", "output"))
    cached, reasoning = (np.nan_to_num(facts[f"usage_{name}"].to_numpy(np.float64)) for name in ("cached", "reasoning"))
    cached, reasoning = np.minimum(cached, prompt), np.minimum(reasoning, output)
    read, written = price.input or 0.0, price.output or 0.0
    read_again = read if price.cached_input is None else price.cached_input
    thought = written if price.reasoning is None else price.reasoning
    million = (prompt - cached) * read + cached * read_again + (output - reasoning) * written + reasoning * thought
    costs: Floats = million / _TOKENS_OF_A_PRICE
    return costs


def _sum(costs: Floats) -> float | None:
    """Of those that are known; None where none is."""
    known = costs[~np.isnan(costs)]
    return float(known.sum()) if len(known) else None


def _sent(point: Measured) -> Flags:
    return point.placed.in_window & went_out(point.facts)


def went_out(facts: pd.DataFrame) -> Flags:
    """Not those that an open loop had no slot for."""
    return (facts["outcome"] != "dropped").to_numpy(bool)


def _canaries(facts: pd.DataFrame) -> Flags:
    return facts["canary"].to_numpy(bool)


def _each(amount: float | None, count: float | None) -> float | None:
    return None if amount is None or count is None else share(amount, count)


# What came of it


@dataclass(frozen=True, slots=True)
class _Earned:
    per_correct: float | None = None
    per_good: float | None = None
    around_correct: Bounds | None = None
    around_good: Bounds | None = None
    unscored: int = 0


def _earned(run: Frames, point: Measured, bill: _Bill, check: Scorer | None) -> _Earned:
    """What a right answer cost, of those whose own cost is known."""
    if run.scores is None or check is None or bill.of_answers is None:
        return _Earned()
    answers = _answers(point) & bill.priced
    right = _marks(run.scores, check, point.facts)
    unscored = int(np.isnan(right[answers]).sum())
    if unscored:
        return _Earned(unscored=unscored)
    is_right = answers & (right == 1)
    slo = run.manifest.options.get("slo") or {}
    correct, asked = int(is_right.sum()), int(answers.sum())
    good = int((is_right & meets_slo(point.facts, point.derived, slo)).sum()) if slo else None
    return _Earned(
        per_correct=_each(bill.of_answers, correct),
        per_good=_each(bill.of_answers, good),
        around_correct=_around(bill.of_answers, correct, asked),
        around_good=None if good is None else _around(bill.of_answers, good, asked),
    )


def _answers(point: Measured) -> Flags:
    """Ok, sent in the window, and no canaries."""
    return point.ok & ~_canaries(point.facts)


def _marks(scores: Scores, check: Scorer, facts: pd.DataFrame) -> Floats:
    """1 and 0 by request; NaN where the check said nothing."""
    return np.array(facts["id"].map(_values(scores, check)), dtype=np.float64)


def _around(amount: float, counted: int, answers: int) -> Bounds | None:
    """Of amount / counted; None where the share of such answers may be nothing, and one may cost anything."""
    ratio = wilson(counted, answers)
    if ratio is None or ratio.low <= 0:
        return None
    return Bounds(amount / (answers * ratio.high), amount / (answers * ratio.low))
