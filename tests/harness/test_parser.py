import os

import pytest

from harness.options import OPTIONS, UsageMistakes, resolve
from harness.parser import make_parser

HOST = ("--host", "http://h")


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch, tmp_path):
    """Neither its environment nor its config files."""
    for name in [name for name in os.environ if name.startswith("LLOCUST_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def parsed(*words):
    return vars(make_parser().parse_args(list(words)))


def options(*words):
    return resolve(parsed(*HOST, *words))


def sentence(*words) -> str:
    with pytest.raises(UsageMistakes) as info:
        parsed(*words)
    (only,) = info.value.mistakes
    return only


def test_what_is_not_given_is_none():
    assert {key: value for key, value in parsed().items() if value} == {}
    assert set(parsed()) == {option.key for option in OPTIONS} | {"resume", "quiet", "json_progress", "config"}


def test_nothing_but_a_host():
    assert options() == resolve({"host": "http://h"})


@pytest.mark.parametrize("name", ["-u", "--users", "--test-runs"])
@pytest.mark.parametrize("counts", [("1", "2", "4"), ("1,2,4",), ("1 2 4",), ("1,2", "4")])
def test_user_counts_by_all_their_names(name, counts):
    assert options(name, *counts).users == (1, 2, 4)


@pytest.mark.parametrize("name", ["--testset", "--test-set"])
def test_testset_by_both_names(name):
    assert options(name, "code").testset == "code"


@pytest.mark.parametrize("name", ["-t", "--run-time", "--test-duration"])
def test_run_time_by_all_its_names(name):
    assert options(name, "60").run_time_s == 60


def test_short_names():
    given = options("-H", "http://other", "-r", "3", "-f", "mine.py")
    assert (given.host, given.spawn_rate, given.locustfile) == ("http://other", 3, "mine.py")


def test_headers_may_be_repeated_and_hold_blanks():
    assert options("--header", "X-A: b c", "--header", "X-D: env:E").headers == ("X-A: b c", "X-D: env:E")


def test_bounds_may_be_many():
    assert options("--slo", "ttft=500ms", "tpot=50ms").slo == {"ttft": 0.5, "tpot": 0.05}


def test_switches():
    assert options("--no-keep-text").keep_text is False
    assert options("--keep-text").keep_text is True
    assert options("--salt").salt is True
    assert options("--no-probe", "--model", "m").probe is False


def test_what_is_said_twice_counts_as_said_last():
    assert options("--run-time", "1", "--users", "1", "--run-time", "2", "--users", "5").run_time_s == 2
    assert options("--users", "1", "--users", "5", "6").users == (5, 6)


def test_the_environment(monkeypatch):
    monkeypatch.setenv("LLOCUST_USERS", "3 5")
    monkeypatch.setenv("LLOCUST_RUN_TIME", "7s")
    monkeypatch.setenv("LLOCUST_HEADER", "X-A: b")
    monkeypatch.setenv("LLOCUST_KEEP_TEXT", "false")
    monkeypatch.setenv("LLOCUST_SALT", "true")
    given = options()
    assert (given.users, given.run_time_s, given.headers) == ((3, 5), 7, ("X-A: b",))
    assert (given.keep_text, given.salt) == (False, True)


def test_what_is_typed_comes_before_the_environment_and_that_before_the_file(monkeypatch, tmp_path):
    (tmp_path / "llocust.conf").write_text("run-time = 1\nmax-tokens = 1\nseed = 1\n")
    monkeypatch.setenv("LLOCUST_RUN_TIME", "2")
    monkeypatch.setenv("LLOCUST_MAX_TOKENS", "2")
    given = options("--run-time", "3")
    assert (given.run_time_s, given.max_tokens, given.seed) == (3, 2, 1)


def test_a_config_file(tmp_path):
    file = tmp_path / "mine.conf"
    file.write_text('users = [1, 2]\nslo = [ttft=1s, e2e=9]\nheader = ["X-A: b", "X-C: d"]\nkeep-text = false\n')
    given = options("--config", str(file))
    assert (given.users, given.slo, given.keep_text) == ((1, 2), {"ttft": 1, "e2e": 9}, False)
    assert given.headers == ("X-A: b", "X-C: d")


def test_the_config_file_at_home(tmp_path):
    (tmp_path / ".llocust.conf").write_text("seed = 9\n")
    assert options().seed == 9


def test_options_of_the_sweep_itself():
    given = parsed("--resume", "output/x", "--quiet", "--json-progress")
    assert (given["resume"], given["quiet"], given["json_progress"]) == ("output/x", True, True)


LIST = "`llocust sweep --help` lists the options."


def test_an_unknown_option_is_named_without_its_value():
    assert sentence("--api-key", "sk-123") == f"There is no option --api-key. {LIST}"
    assert sentence("--api-key=sk-123", "-z") == f"There is no option --api-key, -z. {LIST}"
    assert sentence("sk-123") == f"There is a word that belongs to no option. {LIST}"


def test_an_abbreviation_is_no_option():
    assert sentence("--use", "4") == f"There is no option --use. {LIST}"


def test_an_option_without_its_value():
    assert sentence("--users") == f"Argument -u/--users/--test-runs: expected at least one argument. {LIST}"


def test_a_config_file_that_is_not_there():
    assert sentence("--config", "no.conf").startswith("Unable to open config file: no.conf.")


def test_an_unknown_key_in_a_config_file(tmp_path):
    (tmp_path / "llocust.conf").write_text("usres = 4\n")
    assert sentence() == f"There is no option --usres. {LIST}"


def test_the_help_tells_every_option_with_its_default():
    text = make_parser().format_help()
    for option in OPTIONS:
        assert all(flag in text for flag in option.flags), option.key
    words = " ".join(text.split())
    assert "store the generated text (default: on)" in words
    assert "user counts, one point of the sweep each, in this order (default: 1 2 4 8 16)" in words
