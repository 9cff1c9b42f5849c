"""What the comparison's page says, as words in tables: the template only lays it out."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from reports.compare import Comparison, Difference, PointComparison
from reports.render.numbers import MISSING, count, factor, in_unit, in_units_of, probability, prompts_compared, signed
from reports.render.sections import Line, Table
from reports.scoresides import ScoreDifference

INVALID = "invalid"
_BETTER, _WORSE, _UNCLEAR = "better", "worse", "no clear difference"
ANSWERS, PROMPTS = "Answers", "Prompts in both + others"
_SCORE_HEADS = ("Score", "Base", "Candidate", ANSWERS, PROMPTS, "Difference", "p", "Reading")
_HEADS = ("Metric", "Base", "Candidate", "Difference", "95 % interval", "Factor", "Reading")


class Pair(NamedTuple):
    """One pair of points as the template needs it."""

    name: str
    base_verdict: str
    candidate_verdict: str
    table: Table
    scores: Table
    """Empty where nobody scored both runs alike."""


def runs(comparison: Comparison) -> Table:
    """What each run is, and whether it may be trusted."""
    base, candidate = comparison.base, comparison.candidate
    rows = [Line((name, _said(base, key), _said(candidate, key))) for name, key in _IDENTITY]
    return Table(("", "Base", "Candidate"), rows)


_IDENTITY = (
    ("Run", "id"),
    ("Name", "name"),
    ("Description", "description"),
    ("Model", "model"),
    ("URL", "url"),
    ("Begun", "begun"),
)


def _said(run: dict[str, Any], key: str) -> str:
    return str(run.get(key) or MISSING)


def changes(comparison: Comparison) -> Table:
    """What is not the same in the two runs."""
    rows = [Line((change.name, change.base or MISSING, change.candidate or MISSING)) for change in comparison.differs]
    return Table(("", "Base", "Candidate"), rows)


def pairs(comparison: Comparison) -> list[Pair]:
    """Each pair of points, every metric that at least one side has."""
    return [
        Pair(point.name, point.base_verdict, point.candidate_verdict, Table(_HEADS, list(_lines(point))), scores(point))
        for point in comparison.points
    ]


def _lines(point: PointComparison) -> Iterator[Line]:
    doubted = INVALID in (point.base_verdict, point.candidate_verdict)
    for metric in point.metrics:
        if metric.base is not None or metric.candidate is not None:
            yield _line(metric, doubted=doubted)


def _line(metric: Difference, *, doubted: bool) -> Line:
    unit = metric.unit
    low, high = signed(metric.low, unit), signed(metric.high, unit)
    said = MISSING if doubted else reading(metric)
    cells = (
        metric.label,
        in_unit(metric.base, unit),
        in_unit(metric.candidate, unit),
        signed(metric.difference, unit),
        MISSING if metric.low is None or metric.high is None else f"{low} to {high}",
        factor(metric.ratio),
        said,
    )
    return Line(cells, INVALID if doubted else {_BETTER: "better", _WORSE: "worse"}.get(said, ""))


def scores(point: PointComparison) -> Table:
    """Each score of a pair of points that at least one side has."""
    doubted = INVALID in (point.base_verdict, point.candidate_verdict)
    seen = [score for score in point.scores if score.base_n or score.candidate_n]
    return Table(_SCORE_HEADS, [_score_line(score, doubted=doubted) for score in seen])


def _score_line(score: ScoreDifference, *, doubted: bool) -> Line:
    unit = "ratio" if score.kind == "ratio" else ""
    said = MISSING if doubted else score_reading(score)
    cells = (
        score.label,
        in_unit(score.base, unit),
        in_unit(score.candidate, unit),
        f"{count(score.base_n)} and {count(score.candidate_n)}",
        prompts_compared(score.prompts, score.others),
        in_units_of(score.difference, score.kind),
        probability(score.p),
        said,
    )
    return Line(cells, INVALID if doubted else {_BETTER: "better", _WORSE: "worse"}.get(said, ""))


def score_reading(score: ScoreDifference) -> str:
    """Better or worse only where a difference was found, and one side is the better one."""
    if score.found == "untested":
        return "not tested"
    if score.found == "none":
        return _UNCLEAR
    if score.better == "neither":
        return score.found
    return _BETTER if score.found == score.better else _WORSE


def reading(metric: Difference) -> str:
    """Better or worse only where the interval leaves out zero; without an interval no reading is given."""
    if metric.low is None or metric.high is None:
        return MISSING
    if metric.low <= 0 <= metric.high:
        return _UNCLEAR
    return _BETTER if (metric.high < 0) == (metric.better == "lower") else _WORSE


def unmatched(comparison: Comparison) -> list[str]:
    """A sentence for each side that has points of its own."""
    return [
        f"Only the {side} has {', '.join(map(str, users))} users."
        for side, users in (("base", comparison.only_base), ("candidate", comparison.only_candidate))
        if users
    ]
