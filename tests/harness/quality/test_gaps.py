"""What could not be scored is said once for all targets, or for each that it is true of."""

from harness.quality.gaps import spread, without_answers
from harness.quality.stored import Census
from harness.score import Gap


def test_the_same_for_all_is_said_once():
    assert spread("s", {"a": "No.", "b": "No."}, ["a", "b"]) == [Gap(scorer="s", text="No.")]
    assert spread("s", {"a": "No."}, ["a"]) == [Gap(scorer="s", text="No.")]


def test_else_it_names_the_target():
    assert spread("s", {"b": "No."}, ["a", "b"]) == [Gap(scorer="s", target="b", text="No.")]
    assert spread("s", {"a": "No.", "b": "Not."}, ["a", "b"]) == [
        Gap(scorer="s", target="a", text="No."),
        Gap(scorer="s", target="b", text="Not."),
    ]
    assert spread("s", {}, ["a"]) == []


def test_targets_without_answers():
    census = Census({"a": 3}, {"a": 1, "b": 2})
    found = without_answers(census, ["a", "b", "c"])
    assert found.keys() == {"b", "c"}
    assert "--no-keep-text" in found["b"]
    assert found["c"].startswith("There is no whole answer")
