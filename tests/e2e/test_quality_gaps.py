"""Two targets side by side, and what cannot be scored or priced: a sentence each, and the rest all the same."""

import shutil
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from support import answered
from support.answered import QUESTIONS
from support.command import Run, latest, llocust
from support.simulator import running_simulator

from harness.score import Score, from_line

PRICES = 'currency = "EUR"\n\n[models.open]\ninput = 1\noutput = 2\n'
SHARES = {"open": 0.9, "closed": 0.5}


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A run of two targets whose answers differ, and what their servers say of it."""
    folder = tmp_path_factory.mktemp("pair")
    (folder / "prices.toml").write_text(PRICES)
    words = ("--ttft", "0.005", "--itl", "0.001", "--answers", answered.write_answers(folder))
    with (
        running_simulator(*words, "--model", "open", "--accuracy", str(SHARES["open"])) as first,
        running_simulator(*words, "--model", "closed", "--accuracy", str(SHARES["closed"])) as second,
    ):
        done = llocust(
            *("sweep", "--target", f"name=open host={first.url}", "--target", f"name=closed host={second.url}"),
            *("--users", "2", "--requests", "80", "--spawn-rate", "50", "--testset", answered.write_set(folder)),
            *("--max-tokens", "40", "--quality", "accuracy", "refusal", "--prices", "prices.toml"),
            cwd=folder,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        yield latest(folder), {row["id"]: row for server in (first, second) for row in server.requests()}


def judged_by(run: Run) -> dict[str, list[dict]]:
    return {point["target"]: point["quality"] for point in run.report["points"]}


def test_each_target_has_the_accuracy_that_was_planted(pair):
    run, truth = pair
    for target, share in SHARES.items():
        answers = [r for r in run.records() if r.target == target and r.phase == "window" and r.outcome == "ok"]
        planted = Counter(truth[record.id]["planted"] for record in answers)
        (accuracy,) = [each for each in judged_by(run)[target] if each["scorer"] == "accuracy"]
        assert accuracy["value"] == pytest.approx(planted["right"] / len(answers))
        assert accuracy["interval"]["low"] <= share <= accuracy["interval"]["high"]


def test_a_page_shows_both_side_by_side(pair):
    run, _ = pair
    page, text = ((run.folder / name).read_text("utf-8") for name in ("models.html", "models.md"))
    for word in ("open", "closed", "Accuracy", "EUR"):
        assert word in page
        assert word in text
    assert 'href="models.html"' in (run.folder / "report.html").read_text("utf-8")


def test_a_model_without_a_price_is_a_gap_that_is_seen(pair):
    run, _ = pair
    (gap,) = run.report["prices"]["gaps"]
    assert "closed" in gap
    assert {point["target"]: point["cost"] is None for point in run.report["points"]} == {"open": False, "closed": True}
    assert gap in markdown(run)


def rewrite(path: Path, without: str) -> None:
    """As if nothing of that name had been written."""
    lines = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
    kept = [{key: value for key, value in line.items() if key != without} for line in lines]
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in kept))


@pytest.fixture(scope="module")
def poor(pair, tmp_path_factory):
    """The run without scores, the set without answers, one target's answers without text, and a judge who talks nonsense."""
    run = Run(tmp_path_factory.mktemp("poor") / "run")
    shutil.copytree(pair[0].folder, run.folder)
    (run.folder / "quality.jsonl").unlink()
    rewrite(run.folder / "prompts.jsonl", "expected")
    (closed,) = [point for point in run.manifest.points if point.target == "closed"]
    for path in (run.folder / closed.folder).glob("records-*.jsonl"):
        rewrite(path, "text")
    with running_simulator("--ttft", "0", "--itl", "0", "--tokens", "4") as judge:
        done = llocust(
            *("quality", str(run.folder), "--scorers", "accuracy", "refusal", "coherence", "--judge-sample", "8"),
            *("--judge", f"host={judge.url} model=sim"),
            cwd=run.folder,
        )
    # Two of the three have found nothing, and that is said.
    assert done.returncode == 1, done.stderr
    assert "could be scored: The judge did not answer in the form that was asked for" in done.stderr
    return run


def gaps(run: Run) -> list[str]:
    found = run.report["quality"]["gaps"]
    assert all(gap in markdown(run) for gap in found)
    return found


def markdown(run: Run) -> str:
    """The report in words, without what Markdown needs to take them as words."""
    return (run.folder / "report.md").read_text("utf-8").replace("\\", "")


def test_answers_without_text_are_a_gap_for_each_scorer(poor):
    found = [gap for gap in gaps(poor) if "was not stored (--no-keep-text)" in gap]
    assert len(found) == 3
    assert all("closed" in gap for gap in found)
    assert judged_by(poor)["closed"] == [] or {each["n"] for each in judged_by(poor)["closed"]} == {0}


def test_a_set_without_answers_is_a_gap_of_what_needs_them(poor):
    (gap,) = [gap for gap in gaps(poor) if "expected" in gap]
    assert "closed" not in gap
    by_name = {each["scorer"]: each for each in judged_by(poor)["open"]}
    assert "accuracy" not in by_name or by_name["accuracy"]["value"] is None
    # The others go on; the planted answers decline nothing.
    assert (by_name["refusal"]["value"], by_name["refusal"]["unscored"]) == (0, 0)
    assert by_name["refusal"]["n"] >= len(QUESTIONS)


def test_a_judge_who_never_makes_sense_gives_no_scores(poor):
    (found,) = [each for each in judged_by(poor)["open"] if each["scorer"] == "coherence"]
    assert (found["n"], found["unscored"], found["value"]) == (0, 8, None)
    (why,) = found["whys"]
    assert "did not answer in the form that was asked for" in why


def test_what_is_scored_is_not_scored_again(pair):
    folder = pair[0].folder
    before = (folder / "quality.jsonl").read_bytes()
    done = llocust("quality", str(folder), "--scorers", "refusal", cwd=folder)
    assert done.returncode == 0, done.stderr
    after = (folder / "quality.jsonl").read_bytes()
    assert after.startswith(before)
    assert not any(isinstance(from_line(line), Score) for line in after[len(before) :].splitlines())
