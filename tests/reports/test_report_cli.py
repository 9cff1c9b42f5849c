"""The command lines of the reading side, and the files that they leave."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.folders import full_window, health, point, record, write_run

from harness.run import RunError
from reports.cli import compare_main, report_main
from reports.write import write, write_comparison

ROOT = Path(__file__).parents[2]
REPORT = {"report.json", "report.md", "report.html", "points.csv", "requests.csv", "requests.parquet"}


@pytest.fixture(autouse=True)
def plots(request, monkeypatch):
    """Pictures take seconds; only a test that asks for them with `real_plots` draws them."""
    if "real_plots" not in request.fixturenames:
        monkeypatch.setattr("reports.write.save_plots", lambda drawn, directory: None)


@pytest.fixture
def real_plots():
    """Asks for the pictures."""


def clean(folder, **fields):
    return write_run(folder, full_window(8), point(users=8), **fields)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name in REPORT}


def test_report_writes_every_rendering(tmp_path, capsys, real_plots):
    folder = clean(tmp_path)
    assert report_main([str(folder)]) == 0
    assert set(contents(folder)) == REPORT
    assert any((folder / "plots").glob("*.svg"))
    out = capsys.readouterr().out
    assert "Verdict: trusted" in out
    assert f"Report: {folder}/report.html" in out


@pytest.mark.parametrize(
    ("told", "asked", "drawn"),
    [(True, [], True), (False, [], False), (False, ["--plots"], True), (True, ["--no-plots"], False)],
)
def test_figures_become_files_as_the_run_was_told_or_as_is_asked_now(tmp_path, monkeypatch, told, asked, drawn):
    def draw(figures, directory):
        directory.mkdir(exist_ok=True)
        (directory / "latency.svg").write_text("new")

    monkeypatch.setattr("reports.write.save_plots", draw)
    folder = clean(tmp_path, options={"plots": told})
    (folder / "plots").mkdir()
    for name in ("latency.png", "kept.txt"):
        (folder / "plots" / name).write_text("old")
    assert report_main([str(folder), *asked]) == 0
    left = {path.name for path in (folder / "plots").iterdir()}
    assert left == ({"latency.svg", "latency.png", "kept.txt"} if drawn else {"kept.txt"})
    assert b'class="chart"' in (folder / "report.html").read_bytes()


def test_a_folder_reported_twice_from_two_places_gives_the_same_bytes(tmp_path, monkeypatch):
    here, there = clean(tmp_path / "here"), clean(tmp_path / "a" / "there")
    write(here)
    first = contents(here)
    write(here)
    assert contents(here) == first
    monkeypatch.chdir(there)
    write(Path())
    assert contents(there) == first
    assert not any(str(tmp_path).encode() in data for data in first.values())


def test_a_run_without_requests_is_reported(tmp_path):
    assert report_main([str(write_run(tmp_path, []))]) == 0
    assert set(contents(tmp_path)) == REPORT


def test_several_runs_are_reported_in_turn(tmp_path, capsys):
    folders = [clean(tmp_path / name) for name in ("one", "two")]
    assert report_main([str(folder) for folder in folders]) == 0
    assert capsys.readouterr().out.count("Report: ") == 2


def test_the_latest_run_is_reported_if_none_is_named(tmp_path, monkeypatch, capsys):
    clean(tmp_path / "output" / "latest")
    monkeypatch.chdir(tmp_path)
    assert report_main([]) == 0
    assert "Report: output/latest/report.html" in capsys.readouterr().out


def test_no_run_folder_is_one_sentence_and_exit_2(tmp_path, capsys):
    assert report_main([str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"{tmp_path} is not a run folder: it holds no run.json.\n"


@pytest.mark.parametrize(
    ("cpu_ratio", "fail_on", "code"),
    [
        (0.2, "doubtful", 0),
        (0.9, "doubtful", 3),
        (0.9, "invalid", 0),
        (0.99, "invalid", 3),
        (0.99, "doubtful", 3),
        (0.99, None, 0),
    ],
)
def test_fail_on(tmp_path, cpu_ratio, fail_on, code):
    folder = clean(tmp_path, lines=health(cpu_ratio=cpu_ratio))
    assert report_main([str(folder), *(["--fail-on", fail_on] if fail_on else [])]) == code


def test_compare_writes_beside_the_candidate_or_where_it_is_told(tmp_path, capsys):
    base, candidate = clean(tmp_path / "base"), clean(tmp_path / "candidate", model="large")
    assert compare_main([str(base), str(candidate)]) == 0
    names = {f"compare.{ending}" for ending in ("json", "csv", "md", "html")}
    assert names <= {path.name for path in candidate.iterdir()}
    assert "model: tiny → large" in capsys.readouterr().out
    assert compare_main([str(base), str(candidate), "--output", str(tmp_path / "new" / "place")]) == 0
    assert {path.name for path in (tmp_path / "new" / "place").iterdir()} == names


def test_runs_that_cannot_be_compared_are_sentences_and_exit_2(tmp_path, capsys):
    base = clean(tmp_path / "base")
    candidate = clean(tmp_path / "candidate", dialect="messages", options={"max_tokens": 1})
    assert compare_main([str(base), str(candidate)]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "The runs differ in their dialect (chat and messages); use one API in both.",
        "The runs differ in their --max-tokens (256 and 1); ask for answers of the same length in both.",
    ]
    assert not (candidate / "compare.json").exists()


def test_a_run_that_is_not_there_cannot_be_compared(tmp_path, capsys):
    assert compare_main([str(clean(tmp_path)), str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.endswith("none is not a run folder: it holds no run.json.\n")


def test_a_report_that_cannot_be_written_is_said(tmp_path):
    folder = write_run(tmp_path, [record()])
    (folder / "report.json").mkdir()
    with pytest.raises(RunError, match=r"^The report cannot be written to .*: Is a directory\.$"):
        write(folder)
    assert not [path for path in folder.iterdir() if path.name.startswith(".report")]


def test_a_comparison_that_cannot_be_written_is_said(tmp_path):
    folder = clean(tmp_path / "run")
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"cannot be written to .*/file/x: Not a directory\. .*--output"):
        write_comparison(folder, folder, tmp_path / "file" / "x")


def test_reporting_needs_no_load_side(tmp_path):
    """A machine that reports may have no Locust, and `import requests` before Locust breaks it elsewhere."""
    folder = clean(tmp_path)
    program = (
        "import atexit, runpy, sys; "
        "atexit.register(lambda: print(sorted({'locust', 'gevent', 'requests', 'urllib3'} & set(sys.modules)))); "
        "runpy.run_module('reports', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
