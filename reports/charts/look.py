"""How every chart looks: colours, shapes, axes, and the words a point is called by.

Colours are of similar lightness (relative luminance 0.12 to 0.32), so that they carry on white and on near-black
alike, and differ in hue also for eyes that confuse red and green (after Okabe and Ito). Shape and dash repeat what
colour says.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import altair as alt
import numpy as np

from reports.report import PointKey, PointReport, Report

Row = dict[str, str | float | int]
"""One mark of a chart."""

_NOT_OURS = {"$schema", "config"}
"""Altair's own configuration gives way to ours; the schema's address has no business in a page that loads nothing."""

BLUE = "#2f7ebc"
ORANGE = "#d55e00"
PURPLE = "#a8569f"
GREY = "#8a8f98"

_RAMP = ("#5a63d6", "#2f7ebc", "#0b8a83", "#5d8a1e", "#b07c00", "#d55e00", "#c2417c")
_TICKS = 6
_MARGIN = 1.2
_LOG_FROM = 20
"""A logarithmic axis where the largest value is this many times the smallest; below that, a linear one from zero."""

# A logarithmic axis has a line at every 2nd to 9th part of a decade, most of them without a label: those step back.
_GRID = {"condition": {"test": "datum.label === ''", "value": 0.05}, "value": 0.17}

DASHES = ([1, 0], [6, 3], [2, 2])
SHAPES = ("circle", "square", "triangle-up")


@dataclass(frozen=True)
class Panel:
    """One chart with its words. `chart` is None where there is nothing to draw, and `absent` says why."""

    title: str
    caption: str
    chart: alt.LayerChart | None
    absent: str

    @cached_property
    def spec(self) -> dict[str, Any] | None:
        """The chart's Vega-Lite, made once for page and paper, and not to be changed: without size or configuration."""
        if self.chart is None:
            return None
        # Held against Vega-Lite's schema in our tests; doing it at every report takes longer than the charts themselves.
        spec = self.chart.to_dict(validate=False)
        return {key: value for key, value in spec.items() if key not in _NOT_OURS}


class Figure(NamedTuple):
    """Panels that belong together; `name` is the stem of the files they are saved under."""

    name: str
    title: str
    panels: tuple[Panel, ...]


def labels(report: Report) -> dict[PointKey, str]:
    """What each point is called: its users, and whatever more it takes to be unique in the run."""
    several = len(targets_of(report)) > 1
    names = {point.key: name_of(point, with_target=several) for point in report.points}
    times = Counter(names.values())
    return {key: name if times[name] == 1 else f"{name} (point {key.point})" for key, name in names.items()}


def whole_labels(report: Report) -> dict[int, str]:
    """What each point is called by its index, all targets that shared it together."""
    names: dict[int, list[str]] = {}
    for key, name in labels(report).items():
        names.setdefault(key.point, []).append(name)
    return {index: " + ".join(parts) for index, parts in names.items()}


def targets_of(report: Report) -> list[str]:
    """The targets, in the order in which their points come."""
    return list(dict.fromkeys(point.target for point in report.points))


def name_of(point: PointReport, *, with_target: bool) -> str:
    """What a point is called as long as no other has the same users."""
    users = "1 user" if point.users == 1 else f"{point.users} users"
    return f"{users}, {point.target}" if with_target else users


def point_colours(report: Report) -> list[str]:
    """One colour a point, in order; grey for the invalid ones."""
    ramp = ramp_of(len(report.points))
    return [GREY if point.verdict == "invalid" else ramp[at] for at, point in enumerate(report.points)]


def contrasts(count: int) -> list[str]:
    """`count` colours, each easily told from the next."""
    first = [BLUE, ORANGE, PURPLE]
    return first[:count] if count <= len(first) else ramp_of(count)


def ramp_of(count: int) -> list[str]:
    """`count` colours, spread evenly over the ramp."""
    anchors = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in _RAMP], dtype=float)
    places = np.linspace(0, len(_RAMP) - 1, count) if count > 1 else np.array([1.0])
    channels = [np.interp(places, np.arange(len(_RAMP)), anchors[:, channel]) for channel in range(3)]
    return ["#" + "".join(f"{round(value):02x}" for value in rgb) for rgb in zip(*channels, strict=True)]


def layered(*charts: Any) -> alt.LayerChart:
    """Charts on top of each other, first at the back; Altair's own signature allows for facets, which we never make."""
    layers = alt.layer(*charts)
    assert isinstance(layers, alt.LayerChart)
    return layers


def data(rows: Iterable[Row]) -> alt.InlineData:
    """Rows as Altair takes them without a frame in between; every encoding must then name its type."""
    return alt.InlineData(values=list(rows))


def brief(value: float) -> float:
    """Six significant digits: more cannot be seen, and costs bytes in the page."""
    return float(f"{value:.6g}")


def spread_ratio(values: Sequence[float]) -> float:
    """Largest / smallest of the positive values; 1 where there are none."""
    positive = [value for value in values if value > 0 and math.isfinite(value)]
    return max(positive) / min(positive) if positive else 1.0


def value_scale(values: Sequence[float]) -> alt.Scale:
    """From zero, or logarithmic where the values lie far apart and none is zero."""
    if spread_ratio(values) > _LOG_FROM and min(values) > 0:
        return log_scale(min(values), max(values))
    if not any(values):
        return alt.Scale(type="linear", domain=[0, 1])
    return alt.Scale(type="linear", zero=True, nice=_TICKS)


def log_scale(low: float, high: float) -> alt.Scale:
    """A little more than from `low` to `high`: whole decades would leave most of a chart empty."""
    return alt.Scale(type="log", domain=[brief(low / _MARGIN), brief(high * _MARGIN)], nice=False)


def users_axis(users: Sequence[int]) -> alt.X:
    """Users on a logarithmic axis, with a tick for each count that was run."""
    # By default a logarithmic axis words only some of its ticks; here each was chosen.
    words = "format(datum.value, ',')"
    ticks = alt.Axis(values=sorted(set(users)), labelExpr=words, labelOverlap="greedy", grid=False)
    return alt.X("users:Q", title="users", scale=log_scale(min(users), max(users)), axis=ticks)


def config(ink: str) -> dict[str, Any]:
    """The configuration of a whole chart. `ink` colours words and lines; `currentColor` takes the page's."""
    quiet = {"labelColor": ink, "titleColor": ink, "domainColor": ink, "tickColor": ink, "gridColor": ink}
    return {
        "background": "transparent",
        "font": "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', sans-serif",
        "view": {"stroke": None},
        "axis": quiet
        | {"gridOpacity": _GRID, "domainOpacity": 0.5, "tickOpacity": 0.5, "labelFontSize": 11, "titleFontSize": 12}
        | {"titleFontWeight": "normal", "labelPadding": 4, "tickCount": _TICKS},
        "legend": {"labelColor": ink, "titleColor": ink, "orient": "top", "title": None, "symbolStrokeWidth": 2},
        "title": {"color": ink, "anchor": "start", "fontSize": 13},
        "text": {"color": ink},
    }
