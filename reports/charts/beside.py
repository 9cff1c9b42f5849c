"""The users of a point, written beside its mark so that marks that lie close do not hide each other's words. Pure."""

import math
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import altair as alt

from reports.charts import look
from reports.charts.look import Row

_NEAR = (0.06, 0.05)
"""Of the width and of the height of a chart: words that are no further apart would lie on each other."""
_BETWEEN = ", "
_EDGES = {"left": (0.0, 0.7), "right": (0.3, 1.0)}
"""Where across the chart a mark may be so that its words, which begin or end there, stay within."""


class _Corner(NamedTuple):
    """Of a mark, where its words stand."""

    align: Literal["left", "right"]
    dx: int
    dy: int

    def within(self, place: float) -> "_Corner":
        """This one, or the one across, where its words would run out of the chart."""
        least, most = _EDGES[self.align]
        if least <= place <= most:
            return self
        return _Corner("right" if self.align == "left" else "left", -self.dx, self.dy)


_CORNERS = (_Corner("left", 8, -8), _Corner("left", 9, 4), _Corner("right", -8, -8), _Corner("right", -9, 4))
"""Each target has one of its own, as far as there are corners. None is below the mark, where the axis may be."""


class _Axis(NamedTuple):
    """From one end of a chart to the other."""

    name: str
    low: float
    high: float
    is_log: bool

    def place(self, row: Row) -> float:
        """Where on the axis a mark is, from 0 to 1."""
        low, high, value = self.low, self.high, float(row[self.name])
        if self.is_log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return (value - low) / ((high - low) or 1.0)


class _Group(NamedTuple):
    """Marks of one target that lie close to the first of them."""

    across: float
    up: float
    rows: list[Row]

    def words(self) -> str:
        return _BETWEEN.join(dict.fromkeys(f"{row['users']:,}" for row in self.rows))


def users_beside(rows: Sequence[Row], targets: Sequence[str], x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    """Layers of words; of marks of one target that lie close, those of all of them together: 1, 4, 8."""
    across, up = _axis(x, rows), _axis(y, rows)
    layers: dict[_Corner, list[Row]] = {}
    for at, target in enumerate(targets):
        for group in _groups([row for row in rows if row["target"] == target], across, up):
            corner = _CORNERS[at % len(_CORNERS)].within(group.across)
            words = {"target": target, up.name: group.rows[0][up.name], "words": group.words()}
            # Beginning at the outermost mark they lie on none of their own; at the height of the first, on no other words.
            outermost = min if corner.align == "right" else max
            words[across.name] = outermost(group.rows, key=across.place)[across.name]
            layers.setdefault(corner, []).append(words)
    for corner, said in layers.items():
        marked = alt.Chart(look.data(said)).mark_text(align=corner.align, dx=corner.dx, dy=corner.dy, fontSize=11)
        yield marked.encode(x=x, y=y, text="words:N")


def _axis(drawn: alt.X | alt.Y, rows: Sequence[Row]) -> _Axis:
    found = drawn.to_dict()
    assert isinstance(found, dict)
    name, scale = str(found["field"]), found["scale"]
    low, high = scale.get("domain") or (0.0, max(float(row[name]) for row in rows))
    return _Axis(name, low, high, scale.get("type") == "log")


def _groups(rows: Sequence[Row], across: _Axis, up: _Axis) -> list[_Group]:
    found: list[_Group] = []
    for row in sorted(rows, key=lambda row: float(row["users"])):
        mine = _Group(across.place(row), up.place(row), [row])
        near = next((group for group in found if _is_near(group, mine)), None)
        if near is None:
            found.append(mine)
        else:
            near.rows.append(row)
    return found


def _is_near(one: _Group, other: _Group) -> bool:
    return abs(one.across - other.across) < _NEAR[0] and abs(one.up - other.up) < _NEAR[1]
