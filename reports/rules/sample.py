"""Doubts about the sample: are there enough requests, for long enough, in a steady state, and did they succeed? Pure."""

from reports.facts import Facts
from reports.limits import FAILED_RATIO, HALVES_RATIO, REQUESTS, REQUESTS_BEYOND_PERCENTILE, WINDOW_PER_E2E
from reports.render.numbers import in_unit, ratio, seconds
from reports.report import Reason
from reports.rules.reason import above, below, reason
from reports.stats import PERCENTILES, share


def too_few_requests(facts: Facts) -> Reason | None:
    """A note where a percentile shown rests on less than it needs; doubtful where hardly anything was measured."""
    count = facts.point.requests.ok
    remedy = f"Measure for longer: raise {_length_option(facts)}."
    crossed = below(count, REQUESTS)
    if crossed is not None:
        text = f"Only {count} requests sent in the window succeeded."
        return reason("too_few_requests", count, crossed, text, remedy)
    weak = [percentile for percentile in PERCENTILES if count < _needed(percentile)]
    if not weak:
        return None
    names = " and ".join(f"p{percentile}" for percentile in weak)
    return Reason(
        code="too_few_requests",
        level="note",
        figure=count,
        threshold=_needed(weak[-1]),
        text=f"{count} requests are few for {names}; p{weak[-1]} needs {_needed(weak[-1])}.",
        remedy=remedy,
    )


def _needed(percentile: int) -> int:
    return REQUESTS_BEYOND_PERCENTILE * 100 // (100 - percentile)


def window_too_short(facts: Facts) -> Reason | None:
    window_s, e2e_s = facts.point.window_s, facts.point.latency.e2e_s.p50
    if window_s is None or not e2e_s:
        return None
    figure = window_s / e2e_s
    return reason(
        "window_too_short",
        figure,
        below(figure, WINDOW_PER_E2E),
        f"The window of {seconds(window_s)} is {figure:.1f} times the median request of {seconds(e2e_s)}.",
        f"Raise {_length_option(facts)}, so that every user asks several times in a window.",
    )


def _length_option(facts: Facts) -> str:
    return "--requests" if facts.request_bounded else "--run-time"


def not_steady(facts: Facts) -> Reason | None:
    worst = max(facts.shifts, key=lambda shift: shift.ratio, default=None)
    if worst is None:
        return None
    figure = worst.ratio if worst.first else None
    return reason(
        "not_steady",
        figure,
        above(worst.ratio, HALVES_RATIO),
        f"{worst.name[:1].upper()}{worst.name[1:]} went from {_amount(worst.first, worst.unit)} in the first half of "
        f"the window to {_amount(worst.second, worst.unit)} in the second, more than chance does.",
        "Settle for longer before the window with --settle, or measure for longer.",
    )


def _amount(value: float, unit: str) -> str:
    return in_unit(value, unit) if unit == "s" else f"{in_unit(value, unit)} {unit}"


def high_errors(facts: Facts) -> Reason | None:
    requests = facts.point.requests
    figure = share(requests.failed, requests.ok + requests.failed)
    return reason(
        "high_errors",
        figure,
        above(figure, FAILED_RATIO),
        f"{requests.failed} of {requests.ok + requests.failed} requests failed ({ratio(figure)}): "
        f"{_failures(requests.outcomes)}.",
        "Read the failures in requests.csv; the latencies are those of the requests that the server still answered.",
    )


def _failures(outcomes: dict[str, int]) -> str:
    named = (f"{name} {count}" for name, count in outcomes.items() if name not in ("ok", "aborted", "dropped"))
    return ", ".join(named)
