"""Lines over a row of runs, as coordinates: a template draws them. Pure."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 420.0, 220.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 404.0, 12.0, 192.0
"""Of the area in which lines are drawn."""
_TICKS = 4
_MOST_LABELS = 5


class Value(NamedTuple):
    """What one run has to say. `value` None: not observed, and the line is broken there."""

    value: float | None
    is_sure: bool = True


class Series(NamedTuple):
    """A value for each run, in their order; `tone` is the class in the style sheet."""

    name: str
    tone: str
    values: Sequence[Value]


class Run(NamedTuple):
    """A place on the horizontal axis."""

    label: str
    words: str
    address: str


class Tick(NamedTuple):
    """A line across, and what stands beside it."""

    at: float
    label: str


class Label(NamedTuple):
    """A word under the axis."""

    at: float
    label: str
    anchor: str


class Mark(NamedTuple):
    """A value, drawn."""

    x: float
    y: float
    words: str
    address: str
    is_sure: bool


class Line(NamedTuple):
    """A series, drawn: a path for each stretch without a gap."""

    name: str
    tone: str
    paths: list[str]
    marks: list[Mark]


class Chart(NamedTuple):
    """All of it."""

    title: str
    words: str
    ticks: list[Tick]
    labels: list[Label]
    lines: list[Line]
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = RIGHT


def draw(title: str, runs: Sequence[Run], series: Sequence[Series], say: Callable[[float], str]) -> Chart:
    """The axis begins at zero, so that a small change does not look like a large one. `say`: a value in words."""
    seen = [each.value for line in series for each in line.values if each.value is not None]
    top = ceiling(max(seen, default=1.0))
    xs = places(len(runs))
    lines = [_line(each, runs, xs, top, say) for each in series]
    last = [f"{line.name} {say(value)}" for line in series if (value := line.values[-1].value) is not None]
    return Chart(
        title,
        f"{len(runs)} runs; the last: {', '.join(last)}" if last else f"{len(runs)} runs",
        [Tick(_y(top * number / _TICKS, top), say(top * number / _TICKS)) for number in range(_TICKS + 1)],
        _labels(runs, xs),
        lines,
    )


def ceiling(value: float) -> float:
    """The next of 1, 1.2, 1.6, 2, 2.4, 3.2, 4, 5, 6, 8 times a power of ten: quarters of it are short numbers."""
    if value <= 0:
        return 1.0
    power: float = 10.0 ** math.floor(math.log10(value))
    steps = (1.0, 1.2, 1.6, 2.0, 2.4, 3.2, 4.0, 5.0, 6.0, 8.0, 10.0)
    return next(step * power for step in steps if step * power >= value * (1 - 1e-9))


def places(count: int) -> list[float]:
    """Evenly from left to right; one alone stands in the middle."""
    if count == 1:
        return [(LEFT + RIGHT) / 2]
    step = (RIGHT - LEFT - 16) / max(count - 1, 1)
    return [round(LEFT + 8 + step * number, 1) for number in range(count)]


def _y(value: float, top: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * value / top, 1)


def _labels(runs: Sequence[Run], xs: Sequence[float]) -> list[Label]:
    every = max(math.ceil(len(runs) / _MOST_LABELS), 1)
    chosen = range(0, len(runs), every)
    return [Label(xs[index], runs[index].label, "middle") for index in chosen]


def _line(series: Series, runs: Sequence[Run], xs: Sequence[float], top: float, say: Callable[[float], str]) -> Line:
    paths: list[list[str]] = [[]]
    marks = []
    for run, x, (value, is_sure) in zip(runs, xs, series.values, strict=True):
        if value is None:
            paths.append([])
            continue
        y = _y(value, top)
        paths[-1].append(f"{x:g},{y:g}")
        marks.append(Mark(x, y, f"{run.words}: {series.name} {say(value)}", run.address, is_sure))
    return Line(series.name, series.tone, [" ".join(path) for path in paths if len(path) > 1], marks)
