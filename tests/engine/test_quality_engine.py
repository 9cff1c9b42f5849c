"""What llocust says of the answers of a served model, against what the same weights answer when they are asked directly.

The model has learnt three of four exercises by heart and knows nothing of the rest, so that some answers are wrong. Two
ways lead to its answers: through the server, a sweep and a scorer; and through `model.generate` alone. They have to
meet, answer by answer and in the one figure.
"""

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest
from support.command import Run, latest, llocust
from support.engine import missing, run_script, running_engine, trained

from harness.outcome import Outcome

MAX_TOKENS = 16
USERS = (1, 4)
EXERCISES = 60
SET = Path(__file__).parents[2] / "testsets" / "arithmetic.jsonl"

# Training and loading take some ten seconds each, the first time; then there are two points of 60 requests, one at a time.
pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]


class Direct(NamedTuple):
    """What the model answers when nobody is in between."""

    answer: str
    is_right: bool


def last_number(text: str) -> int | None:
    """Found without llocust: nothing of its scorers is to vouch for itself."""
    found = re.findall(r"\d+", text)
    return int(found[-1]) if found else None


@pytest.fixture(scope="module")
def model():
    why = missing()
    if why is not None:
        pytest.skip(why)
    return trained(SET)


@pytest.fixture(scope="module")
def direct(model) -> dict[str, Direct]:
    """By the name that records give the prompt."""
    said = json.loads(run_script("answer_arithmetic.py", model, SET, str(MAX_TOKENS)))
    return {
        f"arithmetic/{place}": Direct(one["answer"], last_number(one["answer"]) == int(one["expected"]))
        for place, one in enumerate(said)
    }


@pytest.fixture(scope="module")
def engine(model):
    with running_engine(model) as running:
        yield running


@pytest.fixture(scope="module")
def swept(engine, tmp_path_factory) -> Run:
    work_dir = tmp_path_factory.mktemp("quality")
    words = ["sweep", "--host", engine.url, "--model", engine.model, "--testset", "arithmetic"]
    words += ["--users", *map(str, USERS), "--requests", str(EXERCISES), "--max-tokens", str(MAX_TOKENS)]
    words += ["--temperature", "0", "--quality", "accuracy", "truncated", "empty", "--work-dir", str(work_dir)]
    done = llocust(*words, cwd=work_dir, timeout_s=240)
    print(done.stdout)
    assert done.returncode == 0, done.stderr + done.stdout
    return latest(work_dir)


def score(run: Run, point: int, name: str) -> dict:
    (found,) = [each for each in run.report["points"][point]["quality"] if each["scorer"] == name]
    return found


def test_the_model_knows_some_and_not_all(direct):
    assert len(direct) == EXERCISES
    assert 0.3 < sum(one.is_right for one in direct.values()) / EXERCISES < 1


def test_every_answer_is_the_one_that_is_given_directly(swept, direct):
    for record in swept.records():
        assert record.outcome is Outcome.OK
        assert record.text == direct[record.prompt].answer


def test_one_user_asks_every_exercise_once(swept):
    first = swept.manifest.points[0]
    assert sorted(record.prompt for record in swept.records(first)) == sorted(
        f"arithmetic/{place}" for place in range(EXERCISES)
    )


def test_the_accuracy_is_that_of_the_weights_to_the_last_answer(swept, direct):
    right = sum(one.is_right for one in direct.values())
    measured = score(swept, 0, "accuracy")
    assert (measured["n"], measured["unscored"]) == (EXERCISES, 0)
    assert measured["value"] == right / EXERCISES
    assert measured["of_requests"] == right / EXERCISES
    assert measured["interval"]["low"] < right / EXERCISES < measured["interval"]["high"]


def test_accuracy_under_load_is_that_of_the_answers_that_were_asked_for(swept, direct):
    for place, point in enumerate(swept.manifest.points):
        asked = [direct[record.prompt] for record in swept.records(point) if record.phase == "window"]
        assert score(swept, place, "accuracy")["value"] == sum(one.is_right for one in asked) / len(asked)


def test_greedy_answers_do_not_differ_with_the_load(swept):
    # The same weights, one request at a time: prompt by prompt there is no difference, whatever mix was asked.
    difference = score(swept, 1, "accuracy")["difference"]
    assert (difference["users"], difference["difference"], difference["found"]) == (1, 0.0, "none")


def test_answers_are_neither_cut_nor_empty(swept):
    for place in range(len(USERS)):
        assert score(swept, place, "truncated")["value"] == 0.0
        assert score(swept, place, "empty")["value"] == 0.0


def test_what_the_engine_does_not_tell_is_not_available(swept, tmp_path):
    texts = tmp_path / "texts.txt"
    texts.write_text("What is 804 + 928 - 488?\n", encoding="utf-8")
    before = (swept.folder / "quality.jsonl").read_bytes()
    words = ["--scorers", "perplexity", "logprob", "--texts", str(texts)]
    done = llocust("quality", str(swept.folder), *words, cwd=tmp_path, timeout_s=120)
    print(done.stdout, done.stderr)
    gaps = swept.report["quality"]["gaps"]
    assert [gap for gap in gaps if gap.startswith("Perplexity: Not available: ")] != []
    assert [gap for gap in gaps if gap.startswith("Mean log-probability: ")] != []
    assert swept.report["quality"]["texts"] == []
    # What was scored before stays as it was.
    assert (swept.folder / "quality.jsonl").read_bytes().startswith(before)
    assert score(swept, 0, "accuracy")["n"] == EXERCISES
