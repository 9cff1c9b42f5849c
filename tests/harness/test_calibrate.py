import json
import os

import msgspec
import pytest
from support.folders import manifest, point

from harness import calibrate
from harness.accuracy import Accuracy, Figures, Spread
from harness.calibrate import (
    BOUNDED_RATIO,
    CPU_RATIO,
    MISSING_RATIO,
    Load,
    Uncalibrated,
    calibrate_run,
    conclude,
    in_words,
    read_command,
    to_json,
)
from harness.options import Options, UsageMistakes
from harness.run import read_manifest, write_manifest
from reports import limits

LOAD = Load(users=64, itl_s=0.02)


def measured(ttft_p99=0.0004, itl_p99=0.0003, in_hand=63.9, n=100):
    return Accuracy(
        ttft_error_s=Spread(n, 0.00006, ttft_p99, 0.0012),
        itl_error_s=Spread(n, 0.00002, itl_p99, 0.0009),
        e2e_error_s=Spread(n, 0.00005, 0.0002, 0.0003),
        ttft=Figures(0.1, 0.1, 0.1, 0.1),
        late_s=Spread(n, 0.0005, 0.0011, 0.002),
        concurrency=in_hand,
        tokens=n,
    )


def concluded(cpu_ratio=0.31, bounded_ratio=0.001, **figures):
    return conclude(LOAD, measured(**figures), cpu_ratio, bounded_ratio)


# What is typed


def test_without_options_it_is_a_usual_load():
    assert read_command([]) == (Load(users=64, ttft_s=0.1, itl_s=0.02, tokens=64, window_s=8), False)


def test_every_option_is_read():
    typed = "--users 9 --ttft 200ms --itl 0.05 --tokens 12 --seconds 1m --json"
    assert read_command(typed.split()) == (Load(users=9, ttft_s=0.2, itl_s=0.05, tokens=12, window_s=60), True)


def test_all_mistakes_are_told_at_once():
    with pytest.raises(UsageMistakes) as info:
        read_command(["--users=0", "--tokens=x", "--itl=-1", "--seconds=0s", "--ttft=0"])
    assert info.value.mistakes == [
        "--users '0': give a whole number of one or more.",
        "--ttft '0': give a time longer than zero, such as 0.02 or 20ms.",
        "--itl '-1': give a time longer than zero, such as 0.02 or 20ms.",
        "--tokens 'x': give a whole number of one or more.",
        "--seconds '0s': give a time longer than zero, such as 0.02 or 20ms.",
    ]


# What is concluded


def test_good_figures_are_trusted():
    found = concluded()
    assert (found.users, found.itl_s, found.tokens) == (64, 0.02, 64)
    assert found.ttft_error_s.p99 == 0.0004
    assert found.concurrency_ratio == pytest.approx(63.9 / 64)
    assert found.verdict == "trusted"


@pytest.mark.parametrize(
    ("figures", "verdict"),
    [
        ({"ttft_p99": 0.001}, "trusted"),
        ({"ttft_p99": 0.0011}, "doubtful"),
        ({"itl_p99": 0.0011}, "doubtful"),
        ({"itl_p99": 0.011}, "invalid"),
        ({"in_hand": 64 * 0.96}, "doubtful"),
        ({"in_hand": 64 * 0.89}, "invalid"),
        ({"cpu_ratio": 0.81}, "doubtful"),
        ({"cpu_ratio": None}, "trusted"),
        ({"bounded_ratio": 0.011}, "doubtful"),
        # The worst of them is the verdict.
        ({"bounded_ratio": 0.011, "cpu_ratio": 0.96}, "invalid"),
    ],
)
def test_the_verdict(figures, verdict):
    assert concluded(**figures).verdict == verdict


def test_its_limits_are_those_of_a_report():
    assert tuple(CPU_RATIO) == limits.CLIENT_CPU_RATIO[1:]
    assert tuple(BOUNDED_RATIO) == limits.BOUNDED_RATIO[1:]
    assert [1 - each for each in MISSING_RATIO] == pytest.approx(limits.CONCURRENCY_RATIO[1:])


def test_nothing_to_compare_is_no_calibration():
    with pytest.raises(Uncalibrated, match="--seconds"):
        concluded(n=0)


def test_in_words():
    words = in_words(concluded())
    assert words[0] == (
        "At 64 users × 50 tokens/s this machine reports TTFT 0.060 ms late at the median, 0.400 ms at p99 and 1.2 ms at "
        "most, over 100 requests."
    )
    assert words[1] == "Gaps between tokens are off by 0.020 ms at the median, 0.300 ms at p99 and 0.900 ms at most."
    assert words[2] == (
        "Of 64 streams 63.9 were kept open; the load process used 31% of a core; 0.10% of the stamps are bounds and not "
        "exact."
    )
    assert words[3].startswith("The embedded server shared the machine; it sent 1.1 ms late at p99")
    assert words[4].startswith("Verdict: trusted. ")


def test_as_json():
    told = json.loads(to_json(concluded(), event="calibration"))
    assert (told["event"], told["users"], told["verdict"]) == ("calibration", 64, "trusted")
    assert told["ttft_error_s"] == {"n": 100, "p50": 0.00006, "p99": 0.0004, "max": 0.0012}


# What a run keeps of it


@pytest.fixture
def folder(tmp_path):
    write_manifest(tmp_path, manifest([point(state="planned", phases={})], state="running"))
    return tmp_path


OPTIONS = Options(host="http://h", users=(2, 16, 8))


def test_a_run_keeps_the_figures_at_its_largest_number_of_users(folder, monkeypatch):
    monkeypatch.setattr(calibrate, "calibrate", lambda load: msgspec.structs.replace(concluded(), users=load.users))
    made = calibrate_run(folder, OPTIONS)
    assert made.users == 16
    assert read_manifest(folder).calibration == made


def test_a_run_that_has_them_is_not_calibrated_again(folder, monkeypatch):
    monkeypatch.setattr(calibrate, "calibrate", lambda load: concluded())
    calibrate_run(folder, OPTIONS)
    monkeypatch.delattr(calibrate, "calibrate")
    assert calibrate_run(folder, OPTIONS) is None


@pytest.mark.parametrize("error", [Uncalibrated("no"), KeyboardInterrupt()])
def test_a_run_whose_calibration_fails_is_left_as_interrupted(folder, monkeypatch, error):
    def fail(load):
        raise error

    monkeypatch.setattr(calibrate, "calibrate", fail)
    with pytest.raises(type(error)):
        calibrate_run(folder, OPTIONS)
    assert read_manifest(folder).state == "interrupted"


@pytest.mark.parametrize(
    ("before", "within"), [(None, "127.0.0.1"), ("a.example", "a.example,127.0.0.1"), ("", "127.0.0.1")]
)
def test_the_embedded_server_is_not_asked_through_a_proxy(monkeypatch, before, within):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        if before is not None:
            monkeypatch.setenv(name, before)
    with calibrate._without_proxy():
        assert os.environ["no_proxy"] == os.environ["NO_PROXY"] == within
    assert os.environ.get("no_proxy") == os.environ.get("NO_PROXY") == before
