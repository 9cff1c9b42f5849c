"""How a figure meets its limits and becomes a reason. Pure."""

from typing import NamedTuple

from reports.limits import Limit
from reports.report import Level, Reason


class Crossed(NamedTuple):
    """The worst level whose limit was crossed, and that limit."""

    level: Level
    threshold: float


def above(figure: float | None, limit: Limit) -> Crossed | None:
    """The worst limit that the figure exceeds."""
    return _worst(figure, limit, 1)


def below(figure: float | None, limit: Limit) -> Crossed | None:
    """The worst limit that the figure falls short of."""
    return _worst(figure, limit, -1)


def _worst(figure: float | None, limit: Limit, direction: int) -> Crossed | None:
    if figure is None:
        return None
    levels: tuple[tuple[Level, float | None], ...] = (
        ("invalid", limit.invalid),
        ("doubtful", limit.doubtful),
        ("note", limit.note),
    )
    for level, threshold in levels:
        if threshold is not None and figure * direction > threshold * direction:
            return Crossed(level, threshold)
    return None


def reason(code: str, figure: float | None, crossed: Crossed | None, text: str, remedy: str) -> Reason | None:
    """None where no limit was crossed."""
    if crossed is None:
        return None
    return Reason(code=code, level=crossed.level, figure=figure, threshold=crossed.threshold, text=text, remedy=remedy)
