"""A scorer of one's own as docs/quality.md shows it: written by its command, used by its command, found in the report."""

import re
import shlex
from pathlib import Path

import pytest
from support.command import Run, latest, llocust
from support.simulator import running_simulator

from harness.score import Score, Scorer, from_line

PAGE = (Path(__file__).parents[2] / "docs" / "quality.md").read_text(encoding="utf-8")
COMMANDS = [
    shlex.split(line)[1:]
    for line in PAGE.split("## A scorer of your own")[1].split("```sh\n")[1].split("```")[0].splitlines()
]
REQUESTS = 6


@pytest.fixture(scope="module")
def swept(tmp_path_factory) -> Run:
    work_dir = tmp_path_factory.mktemp("scored")
    with running_simulator("--ttft", "0.01", "--itl", "0.002", "--tokens", "12") as simulator:
        words = ["sweep", "--host", simulator.url, "--users", "1", "2", "--requests", str(REQUESTS), "--quiet"]
        done = llocust(*words, cwd=work_dir)
    assert done.returncode == 0, done.stderr
    return latest(work_dir)


def different(text):
    words = text.lower().split()
    return len(set(words)) / len(words)


def lines(run):
    return [from_line(line) for line in (run.folder / "quality.jsonl").read_bytes().splitlines()]


def test_the_commands_of_the_page(swept):
    work_dir = swept.folder.parents[1]
    for words in COMMANDS:
        done = llocust(*words, cwd=work_dir)
        assert done.returncode == 0, done.stderr
    scorer, *scores = lines(swept)
    assert isinstance(scorer, Scorer)
    assert (scorer.name, scorer.label, scorer.kind, scorer.better) == (
        "my_scorer",
        "Different words",
        "mean",
        "higher",
    )
    records = {record.id: record for record in swept.records() if record.phase == "window"}
    assert {score.request: score.value for score in scores} == {
        id_: different(record.text) for id_, record in records.items()
    }
    for number, point in enumerate(swept.manifest.points):
        values = [different(record.text) for record in swept.records(point) if record.phase == "window"]
        (told,) = swept.report["points"][number]["quality"]
        assert (told["scorer"], told["n"]) == ("my_scorer", REQUESTS)
        assert told["value"] == pytest.approx(sum(values) / len(values), rel=1e-12)
    assert re.search("Different words", (swept.folder / "report.md").read_text(encoding="utf-8"))


def test_a_file_that_is_changed_scores_anew_and_a_crash_is_of_one_answer(swept, tmp_path):
    path = tmp_path / "odd.py"
    path.write_text("def score(answer):\n    return len(answer.text)\n")
    assert llocust("quality", str(swept.folder), "--scorers", str(path), cwd=tmp_path).returncode == 0
    first = swept.records()[0].id
    path.write_text(f"def score(answer):\n    return 1 / (answer.id != {first!r})\n")
    done = llocust("quality", str(swept.folder), "--scorers", str(path), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    *_, scorer = (line for line in lines(swept) if isinstance(line, Scorer))
    scores = [line for line in lines(swept) if isinstance(line, Score) and line.digest == scorer.digest]
    assert len(scores) == 2 * REQUESTS
    (failed,) = (score for score in scores if score.value is None)
    assert (failed.request, failed.why) == (
        first,
        "The scorer raised ZeroDivisionError on line 2: division by zero.",
    )
    told = next(each for each in swept.report["points"][0]["quality"] if each["scorer"] == "odd")
    assert (told["n"], told["unscored"], told["value"]) == (REQUESTS - 1, 1, 1.0)


def test_a_file_that_is_none_is_told_before_anything_is_asked_or_scored(swept, tmp_path):
    before = (swept.folder / "quality.jsonl").read_bytes() if (swept.folder / "quality.jsonl").exists() else None
    for words in (
        ["quality", str(swept.folder), "--scorers", "none.py"],
        ["sweep", "--host", "http://127.0.0.1:9", "--quality", "none.py"],
    ):
        done = llocust(*words, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr == ("--scorers 'none.py': there is no file of that name; give the path of a Python file.\n")
    if before is not None:
        assert (swept.folder / "quality.jsonl").read_bytes() == before
    assert not (tmp_path / "output").exists()
