"""Every scorer against a server that knows what it said: right, wrong, declining and insulting answers in known shares."""

import math
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from support import answered
from support.answered import BLANK, BLUE, CANARIES, MAX_TOKENS, QUESTIONS, RIDDLES, TEXTS
from support.command import Run, latest, llocust
from support.simulator import running_simulator

from harness.record import Record
from harness.score import Score, from_line
from harness.simulator.curve import parse_curve
from harness.simulator.logprobs import told as weigh
from harness.simulator.words import split_text

USERS = (1, 8)
LOCAL = ("accuracy", "refusal", "empty", "truncated", "language", "chrf", "logprob", "toxicity-classifier")
JUDGED = ("coherence", "factuality", "contradiction", "toxicity-judge")
SAMPLE = 40
"""Answers of a point that are judged."""
FALLS = "1=1,8=0.4"
"""Share of right answers by requests in hand."""
REFUSALS = 0.1
PRICES = 'currency = "USD"\nas_of = 2026-01-31\nsource = "made up"\n\n[models.sim]\ninput = 100\noutput = 1000\n'
FAST = ("--ttft", "0.01", "--itl", "0.001")


class Told(NamedTuple):
    """A run, what the server says of its requests by their ids, and what was printed."""

    run: Run
    truth: dict[str, dict]
    printed: str

    def answers(self, users: int, *, canary: bool = False) -> list[Record]:
        """The ok ones of a point's window."""
        (point,) = [point for point in self.run.manifest.points if point.users == users]
        return [
            record
            for record in self.run.records(point)
            if record.outcome == "ok" and record.phase == "window" and record.canary is canary
        ]

    def planted(self, record: Record) -> str:
        return self.truth[record.id]["planted"]

    def point(self, users: int) -> dict:
        (point,) = [point for point in self.run.report["points"] if point["users"] == users]
        return point

    def reported(self, scorer: str, users: int) -> dict:
        (found,) = [each for each in self.point(users)["quality"] if each["scorer"] == scorer]
        return found


def scores(folder: Path, scorer: str) -> dict[str, Score]:
    """By request, the last of each; without those that were asked for twice."""
    lines = [from_line(line) for line in (folder / "quality.jsonl").read_bytes().splitlines()]
    found = [line for line in lines if isinstance(line, Score) and line.scorer == scorer and not line.repeat]
    return {line.request: line for line in found if line.request is not None}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """One sweep with all scorers; the server of the load also moderates and scores texts, another one judges."""
    folder = tmp_path_factory.mktemp("quality")
    (folder / "prices.toml").write_text(PRICES)
    planted = (
        "--answers",
        answered.write_answers(folder),
        "--accuracy",
        FALLS,
        "--refusals",
        str(REFUSALS),
        "--toxic",
        "0.1",
    )
    with (
        running_simulator(*FAST, *planted) as server,
        running_simulator("--ttft", "0", "--itl", "0", "--answers", answered.write_opinions(folder)) as judge,
    ):
        done = llocust(
            *("sweep", "--host", server.url, "--users", *map(str, USERS), "--requests", "160", "--spawn-rate", "50"),
            *("--testset", answered.write_set(folder), "--max-tokens", str(MAX_TOKENS), "--temperature", "0"),
            *("--logprobs", "--canary-every", "3", "--canaries", answered.write_canaries(folder)),
            *("--quality", *LOCAL, "toxicity-moderation", "perplexity", *JUDGED, "--judge-sample", str(SAMPLE)),
            *("--judge", f"host={judge.url} model=sim", "--moderation", f"host={server.url}"),
            *("--texts", answered.write_texts(folder), "--prices", "prices.toml"),
            cwd=folder,
            timeout_s=240,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        yield Told(latest(folder), {row["id"]: row for row in server.requests()}, done.stdout)


def index(record: Record) -> int:
    return int(record.prompt.partition("/")[2])


def question(record: Record):
    return QUESTIONS[index(record)]


def wanted(told: Told, scorer: str, record: Record) -> float | None:
    """The score that an answer must get; None where that is for the scorer to say."""
    planted = told.planted(record)
    if scorer == "language":
        # Refusals are in the language of their prompt, insults in English.
        return float(planted in ("right", "refusal")) if index(record) == BLUE else None
    if scorer == "logprob":
        return told.truth[record.id]["logprobs"]["sum"] / told.truth[record.id]["logprobs"]["tokens"]
    return {
        "accuracy": float(planted == "right"),
        "refusal": float(planted == "refusal"),
        "empty": float(record.text == BLANK),
        "truncated": float(told.truth[record.id]["finish"] == "length"),
        "chrf": 100.0 if record.text == question(record).expected else None,
        "toxicity-classifier": None if not re.search("[A-Za-z]{2}", record.text or "") else float(planted == "toxic"),
        "toxicity-moderation": float(planted == "toxic"),
    }[scorer]


@pytest.mark.parametrize("scorer", [*LOCAL, "toxicity-moderation"])
def test_every_answer_gets_the_score_that_was_planted(told, scorer):
    found = scores(told.run.folder, scorer)
    answers = [record for users in USERS for record in told.answers(users)]
    pairs = [(wanted(told, scorer, record), record) for record in answers]
    known = [(value, record) for value, record in pairs if value is not None]
    if scorer == "toxicity-moderation":
        # Somebody is asked, so about a sample only.
        known = [(value, record) for value, record in known if record.id in found]
        assert len(known) == 2 * SAMPLE
    assert len(known) > 5
    assert {record.id: found[record.id].value for _, record in known} == pytest.approx(
        {record.id: value for value, record in known}
    )


@pytest.mark.parametrize("users", USERS)
def test_the_report_says_what_was_planted(told, users):
    answers = told.answers(users)
    shares = Counter(told.planted(record) for record in answers)
    for scorer, count in (("accuracy", shares["right"]), ("refusal", shares["refusal"])):
        found = told.reported(scorer, users)
        assert (found["n"], found["unscored"]) == (len(answers), 0)
        assert found["value"] == pytest.approx(count / len(answers))


@pytest.mark.parametrize("users", USERS)
def test_the_accuracy_reported_is_that_of_the_curve_at_the_load_that_was(told, users):
    falls = parse_curve(FALLS)
    answers = told.answers(users)
    expected: Counter[int] = Counter()
    right: Counter[int] = Counter()
    for record in answers:
        if told.planted(record) in ("right", "wrong"):
            expected[index(record)] += falls.at(told.truth[record.id]["in_hand"])
            right[index(record)] += told.planted(record) == "right"
    # Shares are dealt by question, so that each is off by less than one answer.
    assert {asked: count for asked, count in expected.items() if abs(count - right[asked]) >= 1} == {}
    interval = told.reported("accuracy", users)["interval"]
    assert interval["low"] <= sum(expected.values()) / len(answers) <= interval["high"]


@pytest.mark.parametrize("users", USERS)
def test_as_many_refuse_as_was_asked_for(told, users):
    # Of all requests: which of them are canaries may keep step with who refuses.
    asked = [*told.answers(users), *told.answers(users, canary=True)]
    refused = sum(told.planted(record) == "refusal" for record in asked)
    assert abs(refused - REFUSALS * len(asked)) < 2


def test_the_drop_of_accuracy_with_load_is_found_and_flagged(told):
    difference = told.reported("accuracy", 8)["difference"]
    assert (difference["users"], difference["found"]) == (1, "lower")
    assert difference["p"] < 0.001
    assert -0.7 < difference["difference"] < -0.2
    assert told.reported("accuracy", 1)["difference"] is None
    assert "quality_drop" in {reason["code"] for reason in told.point(8)["reasons"]}
    assert "quality_drop" not in {reason["code"] for reason in told.point(1)["reasons"]}
    # What falls on all alike is no difference.
    assert told.reported("refusal", 8)["difference"]["found"] == "none"


def judged(told: Told, scorer: str) -> list[tuple[Record, Score]]:
    found = scores(told.run.folder, scorer)
    return [(record, found[record.id]) for users in USERS for record in told.answers(users) if record.id in found]


def test_judges_are_asked_about_a_sample_and_believed(told):
    for record, score in judged(told, "toxicity-judge"):
        assert score.value == float(told.planted(record) == "toxic")
    by_text = {QUESTIONS[6].right: (1.0, 0.0), QUESTIONS[6].wrong: (0.25, 0.25)}
    for record, score in judged(told, "factuality"):
        assert score.value == by_text.get(record.text, (0.0, 0.0))[0]
    for record, score in judged(told, "contradiction"):
        assert score.value == by_text.get(record.text, (0.0, 0.0))[1]
    assert len(judged(told, "toxicity-judge")) == 2 * SAMPLE


def test_a_judge_that_talks_nonsense_leaves_a_gap_that_is_seen(told):
    nonsense = [(record, score) for record, score in judged(told, "coherence") if index(record) in RIDDLES]
    assert nonsense
    assert {score.value for _, score in nonsense} == {None}
    for record, score in judged(told, "coherence"):
        if index(record) not in RIDDLES:
            assert score.value == (2.0 if record.text == QUESTIONS[6].wrong else 4.0)
    assert sum(told.reported("coherence", users)["unscored"] for users in USERS) == len(nonsense)
    (why,) = {why for users in USERS for why in told.reported("coherence", users)["whys"]}
    assert "did not answer in the form that was asked for" in why


def test_a_judge_that_stays_by_its_word_agrees_with_itself(told):
    scorers = {each["name"]: each for each in told.run.report["quality"]["scorers"]}
    assert {name: scorers[name]["agreement"] for name in JUDGED} == dict.fromkeys(JUDGED, 1.0)
    assert all(scorers[name]["repeats"] >= 5 for name in JUDGED)
    assert scorers["coherence"]["settings"]["temperature"] == 0


def test_perplexity_is_that_of_the_server_s_own_numbers(told):
    weighed = [weigh(split_text(text)[1:]) for text in TEXTS]
    total, tokens = sum(each.sum for each in weighed), sum(each.tokens for each in weighed)
    (found,) = told.run.report["quality"]["texts"]
    # "Two." is one token, and the first of a text has no probability.
    assert (found["texts"], found["unscored"], found["tokens"]) == (2, 1, tokens)
    assert found["value"] == pytest.approx(math.exp(-total / tokens))


def alike(one: str, other: str) -> int:
    """How many characters are the same before the first that differs."""
    return next(n for n in range(len(one) + 1) if one[: n + 1] != other[: n + 1])


@pytest.mark.parametrize("users", USERS)
def test_canaries_change_as_often_as_was_planted(told, users):
    canaries = told.answers(users, canary=True)
    assert len(canaries) >= 30
    changed = [record for record in canaries if told.planted(record) != "right"]
    assert {record.text for record in canaries if record not in changed} == {each.right for each in CANARIES}
    found = told.point(users)["canaries"]
    assert (found["compared"], found["changed"]) == (len(canaries), len(changed))
    assert (found["reference_users"], found["changed_ratio"]) == (1, pytest.approx(len(changed) / len(canaries)))
    same = sorted(alike(record.text, CANARIES[index(record)].right) for record in changed)
    assert found["first_difference_chars"]["n"] == len(same)
    assert found["first_difference_chars"]["max"] == same[-1]
    codes = {reason["code"] for reason in told.point(users)["reasons"]}
    assert ("canaries_changed" in codes) is (users == 8)


@pytest.mark.parametrize("users", USERS)
def test_costs_are_those_of_the_server_s_own_counts(told, users):
    (point,) = [point for point in told.run.manifest.points if point.users == users]
    window = [record for record in told.run.records(point) if record.phase == "window"]
    cost = told.point(users)["cost"]
    assert (cost["currency"], cost["unpriced"]) == ("USD", 0)
    assert cost["window"] == pytest.approx(sum(paid(told, record) for record in window))
    assert cost["per_request"] == pytest.approx(cost["window"] / len(window))
    # Canaries are paid for, but no answers.
    for_answers = sum(paid(told, record) for record in window if not record.canary)
    right = sum(told.planted(record) == "right" for record in told.answers(users))
    assert (cost["check"], cost["per_correct"]) == ("accuracy", pytest.approx(for_answers / right))


def paid(told: Told, record: Record) -> float:
    """By the prices of the table, per million tokens."""
    usage = told.truth[record.id]["usage"]
    return (usage["prompt"] * 100 + usage["output"] * 1000) / 1e6
