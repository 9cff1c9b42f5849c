"""Several targets of one run side by side: each figure of each target at each number of users, ranked by nothing. Pure.

What chance alone may do stands beside a figure where it can be said: of a percentile by order statistics, of a throughput
by the parts of its window, of a share by Wilson, of scores as their report has it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from harness.metrics import seconds
from harness.run import TargetInfo
from reports.frames import Frames
from reports.intervals import wilson
from reports.measure import Arrivals, Measured, arrived_chars, arrived_tokens, ended_requests, measure
from reports.report import Bounds, CostReport, PointKey, PointReport, Report, ScoreReport, Verdict
from reports.stats import PARTS, Interval, median, quantile_interval, rate_interval
from reports.window import is_request_bounded, place

Unit = Literal["s", "ratio", "rate", "score", "money"]


class Figure(NamedTuple):
    """None: not observed, or not to be told."""

    value: float | None
    interval: Bounds | None = None
    n: int | None = None
    """How many answers it is of, where that is not the number of ok requests."""


class Measure(NamedTuple):
    """A row: what it is, and how it is read."""

    group: Literal["Speed", "Quality", "Cost"]
    label: str
    unit: Unit
    meaning: str
    reading: str
    figures: Mapping[PointKey, Figure]


class Column(NamedTuple):
    """One target at one number of users."""

    key: PointKey
    users: int
    state: str
    verdict: Verdict


class Stage(NamedTuple):
    """What belongs beside each other: the targets at one number of users, in the order of the run."""

    title: str
    columns: list[Column]


class Models(NamedTuple):
    """The page, before it is worded."""

    targets: list[TargetInfo]
    stages: list[Stage]
    measures: list[Measure]


def side_by_side(report: Report, frames: Frames) -> Models | None:
    """None for a run of one target: there is nothing to set beside it."""
    targets = frames.manifest.all_targets
    if len(targets) < 2:
        return None
    measures = [*_speed(report, _intervals(frames)), *_quality(report), *_costs(report)]
    return Models(targets, _stages(report), [each for each in measures if _is_told(each)])


def _is_told(measure: Measure) -> bool:
    return any(figure.value is not None for figure in measure.figures.values())


# Who stands beside whom


def _stages(report: Report) -> list[Stage]:
    """By the number of users; a target's second point of a number comes beside the others' second, and so on.

    Targets that shared a point stand beside each other whatever part of its users each had.
    """
    found: dict[tuple[int, int], list[PointReport]] = {}
    times: dict[tuple[str, int], int] = {}
    shared = _shared(report)
    for point in report.points:
        users = shared.get(point.index, point.users)
        time = times[point.target, users] = times.get((point.target, users), 0) + 1
        found.setdefault((users, time), []).append(point)
    return [Stage(_title(users, time), [_column(each) for each in points]) for (users, time), points in found.items()]


def _shared(report: Report) -> dict[int, int]:
    """Users of all targets together, of the points that several shared."""
    users: dict[int, list[int]] = {}
    for point in report.points:
        users.setdefault(point.index, []).append(point.users)
    return {index: sum(each) for index, each in users.items() if len(each) > 1}


def _title(users: int, time: int) -> str:
    title = "1 user" if users == 1 else f"{users} users"
    return title if time == 1 else f"{title}, once more ({time})"


def _column(point: PointReport) -> Column:
    return Column(point.key, point.users, point.state, point.verdict)


# Speed


class _Row(NamedTuple):
    """A figure of each point."""

    label: str
    unit: Unit
    meaning: str
    reading: str
    of: Callable[[PointReport], float | None]
    interval: Callable[[Measured], Interval | None]


def _quantile(column: str, q: float) -> Callable[[Measured], Interval | None]:
    """Of a derived column, over the ok requests sent in the window."""
    return lambda point: quantile_interval(point.derived[column].to_numpy(np.float64)[point.ok], q)


def _throughput(arrived: Callable[[Measured], Arrivals | None]) -> Callable[[Measured], Interval | None]:
    def interval(point: Measured) -> Interval | None:
        arrivals = arrived(point)
        rates = None if arrivals is None or not _has_long_parts(point) else point.rates(arrivals, PARTS)
        return None if rates is None else rate_interval(rates)

    return interval


def _has_long_parts(point: Measured) -> bool:
    """Whether a part of the window is as long as most requests: shorter ones are full of the same requests, and alike."""
    e2e_s, window_us = median(point.derived["e2e_s"].to_numpy(np.float64)[point.ok]), point.placed.window_us
    return e2e_s is not None and window_us is not None and seconds(window_us) >= PARTS * e2e_s


_SPEED = (
    _Row("TTFT p50", "s", "from sending a request to the first thing it says, median of the ok requests",
         "lower is a shorter wait; the network between the load generator and the server is part of it",
         lambda point: point.latency.ttft_s.p50, _quantile("ttft_s", 0.5)),
    _Row("TTFT p99", "s", "the same for the slowest hundredth",
         "what the unlucky see; under 500 requests a single one may decide it",
         lambda point: point.latency.ttft_s.p99, _quantile("ttft_s", 0.99)),
    _Row("TPOT p50", "s", "from one output token to the next, median over requests",
         "lower is a faster stream; tokens are each model's own, and not of one length",
         lambda point: point.latency.tpot_s.p50, _quantile("tpot_s", 0.5)),
    _Row("E2E p50", "s", "from sending a request to the last byte of its answer, median",
         "lower is sooner done; a model that says less is done sooner too",
         lambda point: point.latency.e2e_s.p50, _quantile("e2e_s", 0.5)),
    _Row("Chars/s per stream", "rate", "characters of an answer / its end-to-end time, median",
         "higher is faster; comparable between models of different tokenizers, within one language",
         lambda point: point.stream.chars_per_s.p50, _quantile("chars_per_s", 0.5)),
    _Row("Total chars/s", "rate", "characters that arrived in the window, over all streams",
         "higher is more work done at this number of users",
         lambda point: point.throughput.chars_per_s, _throughput(arrived_chars)),
    _Row("Output tokens/s", "rate", "the same in output tokens, by the server's usage",
         "tokens are each model's own: compare it with the same model elsewhere",
         lambda point: point.throughput.output_tokens_per_s, _throughput(arrived_tokens)),
    _Row("Requests/s", "rate", "ok requests that ended in the window, a second",
         "higher is more work done at this number of users",
         lambda point: point.throughput.requests_per_s, _throughput(ended_requests)),
)  # fmt: skip
_Intervals = Mapping[tuple[PointKey, str], Bounds | None]


def _intervals(frames: Frames) -> _Intervals:
    """By point and label."""
    bounded = is_request_bounded(frames.manifest)
    found: dict[tuple[PointKey, str], Bounds | None] = {}
    for each in frames.points:
        point = measure(place(each, request_bounded=bounded))
        key = PointKey(each.point.index, each.point.target)
        for row in _SPEED:
            interval = row.interval(point)
            found[key, row.label] = None if interval is None else Bounds(*interval)
    return found


def _speed(report: Report, intervals: _Intervals) -> Iterator[Measure]:
    for row in _SPEED:
        figures = {point.key: Figure(row.of(point), intervals[point.key, row.label]) for point in report.points}
        yield Measure("Speed", row.label, row.unit, row.meaning, row.reading, figures)
    yield Measure(
        "Speed",
        "Success",
        "ratio",
        "ok / (ok + failed) requests sent in the window",
        "higher is better; all latencies and scores are of the ok ones alone",
        {point.key: _share(point, point.success_ratio) for point in report.points},
    )
    yield Measure(
        "Speed",
        "Goodput",
        "ratio",
        "requests that met every bound of --slo / (ok + failed) requests",
        "higher is better; it says nothing of whether the answers are right",
        {point.key: _share(point, point.goodput.ratio if point.goodput else None) for point in report.points},
    )


def _share(point: PointReport, ratio: float | None) -> Figure:
    judged = point.requests.ok + point.requests.failed
    return Figure(ratio, None if ratio is None else wilson(round(ratio * judged), judged))


# Quality

_READ_AS = {"higher": "higher is better", "lower": "lower is better", "neither": "neither high nor low is better"}


def _quality(report: Report) -> Iterator[Measure]:
    for scorer in [] if report.quality is None else report.quality.scorers:
        scores = {point.key: score for point in report.points if (score := _score(point, scorer.name))}
        yield Measure(
            "Quality",
            scorer.label,
            "ratio" if scorer.kind == "ratio" else "score",
            scorer.definition,
            _READ_AS[scorer.better],
            {key: Figure(score.value, score.interval, score.n) for key, score in scores.items()},
        )
        if scorer.checks:
            yield Measure(
                "Quality",
                f"{scorer.label}, of all requests",
                "ratio",
                "right answers / (ok + failed) requests",
                "higher is better; a request that failed is not right",
                {key: Figure(score.of_requests) for key, score in scores.items()},
            )
    yield _canaries(report)


def _canaries(report: Report) -> Measure:
    found = {point.key: point.canaries for point in report.points if point.canaries}
    return Measure(
        "Quality",
        "Canaries changed",
        "ratio",
        "canaries whose answer is not the target's usual one at fewest users / canaries compared",
        "lower is steadier; compare it with the target's own at fewest users, not with another target's",
        {key: Figure(each.changed_ratio, each.interval, each.compared) for key, each in found.items()},
    )


def _score(point: PointReport, scorer: str) -> ScoreReport | None:
    return next((score for score in point.quality if score.scorer == scorer), None)


# Cost


class _Cost(NamedTuple):
    label: str
    meaning: str
    reading: str
    of: Callable[[CostReport], Figure]
    of_answers: bool = False
    """Canaries are none."""


_WITHOUT_CANARIES = "; what the tokens of canaries cost is left out, and of a machine's time their part cannot be told"
_COSTS = (
    _Cost("Cost per request", "what the window cost / requests sent in it",
          "lower is cheaper; all targets are asked the same prompts, so requests can be compared",
          lambda cost: Figure(cost.per_request)),
    _Cost("Cost per 1,000 output tokens", "what the window cost, its prompts included / thousands of output tokens",
          "tokens are each model's own, and not of one length",
          lambda cost: Figure(cost.per_1k_tokens)),
    _Cost("Cost per hour", "what an hour of this load costs",
          "a machine costs the same whether it works or waits, tokens cost what is asked for",
          lambda cost: Figure(cost.per_hour)),
    _Cost("Cost per correct answer", "what the window cost / answers that the check calls right",
          "lower is cheaper; wrong answers are paid for and count for nothing",
          lambda cost: Figure(cost.per_correct, cost.interval_per_correct), of_answers=True),
    _Cost("Cost per good answer", "what the window cost / answers that are right and meet every bound of --slo",
          "lower is cheaper; wrong answers and late ones are paid for and count for nothing",
          lambda cost: Figure(cost.per_good, cost.interval_per_good), of_answers=True),
)  # fmt: skip


def _costs(report: Report) -> Iterator[Measure]:
    costs = {point.key: point.cost for point in report.points if point.cost is not None}
    asked_canaries = any(point.canaries is not None for point in report.points)
    for row in _COSTS:
        figures = {key: row.of(cost) for key, cost in costs.items()}
        left_out = _WITHOUT_CANARIES if asked_canaries and row.of_answers else ""
        yield Measure("Cost", row.label, "money", row.meaning, f"{row.reading}{left_out}", figures)


def of_interest(points: Sequence[PointReport], name: str) -> list[tuple[PointReport, ScoreReport]]:
    """The points that have a score of this name."""
    scored = ((point, _score(point, name)) for point in points)
    return [(point, score) for point, score in scored if score is not None and score.value is not None]
