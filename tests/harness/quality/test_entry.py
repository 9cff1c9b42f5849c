"""Scores as lines: who gave them is told apart by version and settings."""

from support.scored import Spoken

from harness.quality.answer import Answer, Found, Passage
from harness.quality.entry import of_answer, of_scorer, of_text
from harness.run import PromptText
from harness.score import Score, from_line, to_line

ANSWER = Answer(
    id="r", point=1, target="a", model="m", text="x", finish=None, asked="?", expected=None, prompt=PromptText("p", "?")
)


def test_a_scorer_says_what_it_is():
    entry = of_scorer(Spoken(version=3, tolerance=0.5))
    assert (entry.name, entry.label, entry.kind, entry.better) == ("spoken", "Spoken", "mean", "higher")
    assert (entry.definition, entry.checks) == ("as it is told", False)
    assert (entry.version, entry.settings) == (3, {"tolerance": 0.5})
    assert from_line(to_line(entry)) == entry


def test_the_digest_is_of_version_and_settings_in_whatever_order():
    digests = [of_scorer(Spoken(version=v, **settings)).digest for v, settings in [
        (1, {"a": 1, "b": {"c": 1, "d": 2}}), (1, {"b": {"d": 2, "c": 1}, "a": 1}), (2, {"a": 1, "b": {"c": 1, "d": 2}}),
        (1, {"a": 1}),
    ]]  # fmt: skip
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
    assert of_scorer(Spoken(name="other")).digest == of_scorer(Spoken()).digest


def test_settings_besides_are_settings():
    entry = of_scorer(Spoken(a=1), {"texts": "t"})
    assert entry.settings == {"a": 1, "texts": "t"}
    assert entry.digest == of_scorer(Spoken(a=1, texts="t")).digest


def test_all_that_was_found_is_kept():
    entry = of_scorer(Spoken())
    found = Found(None, "label", "why", passing=True, detail={"a": [1]})
    assert of_answer(entry, ANSWER, found, repeat=True) == Score(
        scorer="spoken", digest=entry.digest, request="r", label="label", why="why", passing=True, repeat=True,
        detail={"a": [1]},
    )  # fmt: skip
    assert of_text(entry, Passage(target="a", name="t/0", text="x"), found) == Score(
        scorer="spoken", digest=entry.digest, target="a", text="t/0", label="label", why="why", passing=True,
        detail={"a": [1]},
    )  # fmt: skip


def test_infinity_is_no_value():
    score = of_answer(of_scorer(Spoken()), ANSWER, Found(float("inf")))
    assert (score.value, score.why) == (None, "The value is inf, which is no number to count with.")
