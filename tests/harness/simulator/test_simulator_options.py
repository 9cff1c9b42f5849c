import argparse
import subprocess
import sys
from fractions import Fraction

import pytest

from harness.simulator.faults import Fault, FaultShare
from harness.simulator.options import OptionsError, SimulatorOptions, add_arguments


def parse(*args, environ=None):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return SimulatorOptions.from_namespace(parser.parse_args(args), environ or {})


def test_without_options_the_engine_model_runs_with_the_documented_defaults():
    assert parse() == SimulatorOptions()
    assert not parse().fixed


@pytest.mark.parametrize(
    ("args", "ttft_s", "itl_s"),
    [
        (("--ttft", "0.3"), 0.3, 0.02),
        (("--itl", "0.05"), 0.1, 0.05),
        (("--ttft", "0", "--itl", "0"), 0.0, 0.0),
    ],
)
def test_either_time_selects_fixed_mode(args, ttft_s, itl_s):
    options = parse(*args)
    assert options.fixed
    assert (options.ttft_s, options.itl_s) == (ttft_s, itl_s)


def test_models_may_be_several_and_repeated():
    assert parse("--model", "a", "b", "--model", "c", "a").models == ("a", "b", "c")


def test_shares_are_exact():
    assert parse("--fault", "cut=0.1", "--fault", "empty=1/3").faults == (
        FaultShare(Fault.CUT, Fraction(1, 10)),
        FaultShare(Fault.EMPTY, Fraction(1, 3)),
    )


def test_all_mistakes_are_told_at_once():
    with pytest.raises(OptionsError) as caught:
        parse(
            "--port", "70000", "--ttft", "soon", "--jitter", "2", "--tokens", "0", "--max-batch", "1.5",
            "--fault", "slow", "--fault", "cut=2", "--api-key-env", "NO_SUCH_KEY",
        )  # fmt: skip
    mistakes = caught.value.mistakes
    assert len(mistakes) == 8
    assert mistakes[0] == "--ttft takes a number, not 'soon'."
    assert mistakes[1] == "--port must be from 0 to 65535, not 70000."
    assert mistakes[-1] == "--api-key-env names NO_SUCH_KEY, which is not set in the environment."


@pytest.mark.parametrize("value", ["nan", "-1", "inf"])
def test_a_time_must_be_a_finite_number_from_zero(value):
    with pytest.raises(OptionsError, match="--itl must be at least 0"):
        parse(f"--itl={value}")


def test_shares_may_not_exceed_all_requests():
    with pytest.raises(OptionsError, match="add up to more than 1"):
        parse("--fault", "cut=0.6", "--fault", "empty=0.5")
    with pytest.raises(OptionsError, match="same fault twice"):
        parse("--fault", "cut=0.1", "--fault", "cut=0.1")


def test_planted_answers_are_read_with_the_options(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text('{"prompt": "a", "answer": "b"}')
    options = parse("--answers", str(path), "--accuracy", "1=0.9,3=0.5", "--refusals", "0.1", "--toxic", "1/8")
    assert [rule.right for rule in options.answers] == [("b",)]
    assert options.accuracy.at(2) == Fraction(7, 10)
    assert (options.refusals, options.toxic) == (Fraction(1, 10), Fraction(1, 8))


@pytest.mark.parametrize(
    ("words", "mistake"),
    [
        (("--accuracy", "0.9"), "--accuracy is about the answers of --answers: give that, too."),
        (("--toxic", "2"), "--toxic: '2' is no share from 0 to 1."),
        (
            ("--refusals", "0.6", "--toxic", "0.6"),
            "--refusals and --toxic add up to more than 1; lower one of them.",
        ),
        (
            ("--answers", "testsets/arithmetic.jsonl", "--accuracy", "2=0.5,1=1"),
            "--accuracy takes a share, or shares by requests in hand like 1=0.95,8=0.9: numbers of requests must rise.",
        ),
        (
            ("--answers", "testsets/arithmetic.jsonl", "--tool-call"),
            "--tool-call leaves no room for --answers; leave one of them out.",
        ),
        (("--answers", "none.jsonl"), "--answers cannot read none.jsonl: No such file or directory."),
    ],
)
def test_a_mistake_about_planted_answers_is_told(words, mistake):
    with pytest.raises(OptionsError) as caught:
        parse(*words)
    assert caught.value.mistakes == [mistake]


def test_the_key_itself_is_not_kept():
    options = parse("--api-key-env", "KEY", environ={"KEY": "secret"})
    assert options.api_key_env == "KEY"
    assert "secret" not in repr(options)


def test_declaring_the_options_does_not_load_a_server():
    code = "import sys, harness.simulator.options; print('uvicorn' in sys.modules, 'locust' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "False"]
