import pytest

from harness.options import OPTIONS, UsageMistakes, resolve
from harness.parser import make_parser, parse

HOST = ("--host", "http://h")


def parsed(*words):
    return parse(list(words))


def options(*words):
    return resolve(parsed(*HOST, *words))


def sentence(*words) -> str:
    with pytest.raises(UsageMistakes) as info:
        parsed(*words)
    (only,) = info.value.mistakes
    return only


def test_what_is_not_given_is_none():
    assert {key: value for key, value in parsed().items() if value} == {}
    assert set(parsed()) == {option.key for option in OPTIONS} | {
        "resume",
        "quiet",
        "json_progress",
        "dry_run",
        "config",
    }


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


def test_texts_that_end_an_answer_may_be_repeated_and_hold_anything():
    assert options("--stop", "a, b", "--stop=-x", "--stop", " ").stop == ("a, b", "-x", " ")


def test_targets_may_be_repeated():
    words = ("--target", "name=a host=http://a", "--target", "name=b host=http://b")
    assert [target.host for target in options(*words).targets] == ["http://a", "http://b"]


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


def test_the_help_tells_every_option_with_its_default():
    text = make_parser().format_help()
    for option in OPTIONS:
        assert all(flag in text for flag in option.flags), option.key
    words = " ".join(text.split())
    assert "store the generated text (default: on)" in words
    assert "user counts, one point of the sweep each, in this order (default: 1 2 4 8 16)" in words
