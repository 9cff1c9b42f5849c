"""Several runs beside the first of them: metrics down, runs across, a table for each number of users. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from reports.compare import Comparison, Difference, PointComparison
from reports.render.numbers import MISSING, count, in_unit, signed
from reports.render.sides import INVALID, reading

Key = tuple[str, int]


class Head(NamedTuple):
    """The top of a column."""

    name: str
    verdict: str | None


class Cell(NamedTuple):
    """A figure, and how far it is from the base's."""

    value: str
    difference: str = ""
    interval: str = ""
    reading: str = ""
    tone: str = ""


class Line(NamedTuple):
    """A metric."""

    label: str
    cells: list[Cell]


class Table(NamedTuple):
    """A number of users."""

    name: str
    heads: list[Head]
    lines: list[Line]


def tables(names: Sequence[str], comparisons: Sequence[Comparison | None]) -> list[Table]:
    """`names` of the base and of each run beside it; a comparison for each of those, None where there is an obstacle."""
    points = [
        {} if each is None else {(point.target, point.users): point for point in each.points} for each in comparisons
    ]
    keys = list(dict.fromkeys(key for each in points for key in each))
    return [_table(key, names, [each.get(key) for each in points]) for key in keys]


def _table(key: Key, names: Sequence[str], points: Sequence[PointComparison | None]) -> Table:
    first = next(point for point in points if point is not None)
    heads = [
        Head(names[0], first.base_verdict),
        *(Head(name, None if point is None else point.candidate_verdict) for name, point in zip(names[1:], points, strict=True)),
    ]  # fmt: skip
    metrics = [{} if point is None else {each.key: each for each in point.metrics} for point in points]
    shown = dict.fromkeys(name for each in metrics for name, metric in each.items() if _is_observed(metric))
    lines = [_line([each.get(name) for each in metrics], points) for name in shown]
    return Table(_name(key), heads, lines)


def _is_observed(metric: Difference) -> bool:
    return metric.base is not None or metric.candidate is not None


def _name(key: Key) -> str:
    target, users = key
    words = f"{count(users)} user{'' if users == 1 else 's'}"
    return words if target == "default" else f"{words}, {target}"


def _line(metrics: Sequence[Difference | None], points: Sequence[PointComparison | None]) -> Line:
    first = next(metric for metric in metrics if metric is not None)
    cells = [_cell(metric, point) for metric, point in zip(metrics, points, strict=True)]
    return Line(first.label, [Cell(in_unit(first.base, first.unit)), *cells])


def _cell(metric: Difference | None, point: PointComparison | None) -> Cell:
    """Nothing follows from a difference where a side is invalid: it is shown in grey, and not read."""
    if metric is None or point is None:
        return Cell(MISSING)
    doubted = INVALID in (point.base_verdict, point.candidate_verdict)
    said = "" if doubted else reading(metric)
    is_told = metric.low is not None and metric.high is not None
    return Cell(
        in_unit(metric.candidate, metric.unit),
        "" if metric.difference is None else signed(metric.difference, metric.unit) + _percent(metric),
        f"{signed(metric.low, metric.unit)} to {signed(metric.high, metric.unit)}" if is_told else "",
        "" if said == MISSING else said,
        INVALID if doubted else said if said in ("better", "worse") else "",
    )


def _percent(metric: Difference) -> str:
    """Ratios are in per cent already."""
    if metric.ratio is None or metric.unit == "ratio":
        return ""
    change = round((metric.ratio - 1) * 100, 1)
    sign = "−" if change < 0 else "+" if change > 0 else "±"
    return f" ({sign}{abs(change):g} %)"
