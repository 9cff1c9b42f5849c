"""`llocust sweep --dry-run`: all that can be seen without a server, and nothing done."""

import json
import sys

import pytest

from harness import cli


def rehearsed(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["llocust", "sweep", "--dry-run", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr()
    return ended.value.code, said.out, said.err


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


HOST = ("--host", "http://127.0.0.1:9", "--model", "m")


def test_options_without_a_mistake(monkeypatch, capsys, here):
    code, out, err = rehearsed(monkeypatch, capsys, *HOST)
    assert (code, out, err) == (0, "Nothing is wrong with the options; without --dry-run they make a run.\n", "")
    assert list(here.iterdir()) == []


def test_a_program_is_told_the_options(monkeypatch, capsys):
    code, out, _ = rehearsed(monkeypatch, capsys, *HOST, "--users", "3", "--json-progress")
    said = json.loads(out)
    assert (code, said["event"], said["mistakes"]) == (0, "dry-run", [])
    assert (said["options"]["users"], said["options"]["run_time_s"]) == ([3], 30.0)


def test_mistakes_of_values_and_files_are_told(monkeypatch, capsys):
    (code, out, err) = rehearsed(monkeypatch, capsys, *HOST, "--testset", "nowhere.jsonl")
    assert (code, out) == (2, "")
    assert "'nowhere.jsonl' is neither a file nor a shipped set" in err
    code, out, err = rehearsed(monkeypatch, capsys, "--users", "0", "--top-p", "2", "--json-progress")
    said = json.loads(out)
    assert (code, err, said["options"], len(said["mistakes"])) == (2, "", None, 3)


def test_quiet_is_quiet(monkeypatch, capsys):
    assert rehearsed(monkeypatch, capsys, *HOST, "--quiet") == (0, "", "")


def test_it_looks_at_options_alone(monkeypatch, capsys):
    code, _, err = rehearsed(monkeypatch, capsys, "--resume", "output/x")
    assert (code, err) == (
        2,
        "--dry-run looks at options, which --resume takes from a run; leave out one of the two.\n",
    )
