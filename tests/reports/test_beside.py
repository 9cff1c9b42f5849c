"""The users of a point, written beside its mark."""

import altair as alt
import pytest

from reports.charts.beside import users_beside

X = alt.X("x:Q", scale=alt.Scale(type="linear", zero=True))
Y = alt.Y("y:Q", scale=alt.Scale(domain=[0, 100]))
LOG = alt.X("x:Q", scale=alt.Scale(type="log", domain=[1, 1000]))
FAR = {"target": "far", "users": 99, "x": 100, "y": 99}
"""To its mark the axis reaches."""


def row(users, x, y, target="own"):
    return {"target": target, "users": users, "x": x, "y": y}


def told(rows, x=X):
    """Target, words and how they are aligned, a row of words."""
    drawn = (layer.to_dict() for layer in users_beside([*rows, FAR], ["own", "bought", "far"], x, Y))
    return {
        (each["target"], each["words"], layer["mark"]["align"], layer["mark"]["dy"])
        for layer in drawn
        for each in next(iter(layer["datasets"].values()))
        if each["target"] != "far"
    }


@pytest.mark.parametrize(
    ("rows", "x", "words"),
    [
        # 5 of 100 across and 4 up is near; 7 across is not, nor is 6 up.
        ([row(8, 35, 54), row(1, 40, 50)], X, {"1, 8"}),
        ([row(1, 40, 50), row(8, 33, 50)], X, {"1", "8"}),
        ([row(1, 40, 50), row(8, 40, 56)], X, {"1", "8"}),
        # Near it is by the whole axis, not by what this target has of it.
        ([row(1, 2, 50), row(8, 1, 50)], X, {"1, 8"}),
        # A point that was run again has the same users, which are told once.
        ([row(4, 40, 50), row(4, 40, 50), row(1000, 40, 51)], X, {"4, 1,000"}),
        # log 1.2 is 0.03 of three decades, log 2 a tenth.
        ([row(1, 10, 50), row(2, 12, 50)], LOG, {"1, 2"}),
        ([row(1, 10, 50), row(2, 20, 50)], LOG, {"1", "2"}),
    ],
)
def test_what_lies_close_has_its_words_together(rows, x, words):
    assert {each for _, each, _, _ in told(rows, x)} == words


def test_each_target_has_words_of_its_own():
    assert told([row(1, 40, 50), row(8, 40, 50, "bought")]) == {("own", "1", "left", -8), ("bought", "8", "left", 4)}


def test_words_stay_within_the_chart():
    assert told([row(1, 70, 50), row(8, 71, 90)]) == {("own", "1", "left", -8), ("own", "8", "right", -8)}


def test_words_begin_at_the_outermost_of_their_marks_at_the_height_of_the_first():
    def places(rows):
        layers = [layer.to_dict() for layer in users_beside([*rows, FAR], ["own", "far"], X, Y)]
        told = [each for layer in layers for each in next(iter(layer["datasets"].values()))]
        return [(each["x"], each["y"]) for each in told if each["target"] == "own"]

    assert places([row(1, 42, 50), row(2, 40, 50), row(4, 45, 51)]) == [(45, 50)]
    assert places([row(1, 92, 50), row(2, 90, 51), row(4, 95, 50)]) == [(90, 50)]


def test_where_all_is_nothing_words_are_told_still():
    nothing = [row(1, 0, 0), row(2, 0, 0)]
    assert [
        next(iter(layer.to_dict()["datasets"].values()))[0]["words"] for layer in users_beside(nothing, ["own"], X, Y)
    ] == ["1, 2"]
