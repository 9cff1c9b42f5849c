"""`--prices` of a sweep: looked at before anybody is asked, with all other mistakes, and kept with the run."""

import sys

import pytest

from harness import cli
from harness.options import UsageMistakes
from harness.run import PRICES
from harness.sweep import read_command

HOST = ("--host", "http://127.0.0.1:9", "--model", "m")
TABLE = 'currency = "USD"\n[models.m]\nper_hour = 1\n'


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def swept(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["llocust", "sweep", *HOST, *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code, capsys.readouterr().err


def test_a_table_that_is_right_is_no_mistake(monkeypatch, capsys, here):
    (here / "p.toml").write_text(TABLE)
    assert swept(monkeypatch, capsys, "--dry-run", "--prices", "p.toml") == (0, "")
    assert [path.name for path in here.iterdir()] == ["p.toml"]


@pytest.mark.parametrize("dry", [("--dry-run",), ()])
def test_its_mistakes_are_told_with_all_others_before_anything_is_done(monkeypatch, capsys, here, dry):
    (here / "p.toml").write_text("currency = 1\n[models.m]\nper_hour = -1\n")
    code, err = swept(monkeypatch, capsys, *dry, "--prices", "p.toml", "--testset", "nowhere.jsonl")
    assert code == 2
    told = err.splitlines()
    assert "'nowhere.jsonl' is neither a file nor a shipped set" in told[0]
    assert told[1:] == [
        "p.toml: `currency` is 1; give a name of a few letters, or a sign, such as USD or €.",
        'p.toml: [models."m"]: `per_hour` is -1; give a number of zero or more.',
    ]
    assert [path.name for path in here.iterdir()] == ["p.toml"]


def test_a_table_that_is_not_there(monkeypatch, capsys):
    code, err = swept(monkeypatch, capsys, "--prices", "p.toml")
    assert (code, err) == (2, "--prices p.toml cannot be read: No such file or directory.\n")


def test_the_run_keeps_a_copy(here):
    (here / "p.toml").write_text(TABLE)
    (here / "run").mkdir()
    options = read_command([*HOST, "--prices", "p.toml"]).resolve()
    cli._take_prices(options, into=here / "run")
    assert (here / "run" / PRICES).read_text() == TABLE
    (here / "p.toml").unlink()
    with pytest.raises(UsageMistakes, match="cannot be read"):
        cli._take_prices(options, into=here / "run")
    assert (here / "run" / PRICES).read_text() == TABLE
