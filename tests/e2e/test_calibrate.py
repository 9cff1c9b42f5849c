"""`llocust calibrate` against its own server, and what it finds there."""

import json

from support.command import llocust

SHORT = ("calibrate", "--users", "4", "--seconds", "2", "--tokens", "20", "--itl", "10ms")


def test_the_machine_is_measured_and_nothing_is_left_behind(tmp_path):
    # A proxy that is not there: the embedded server is asked directly.
    done = llocust(*SHORT, "--json", cwd=tmp_path, TMPDIR=str(tmp_path), HTTP_PROXY="http://127.0.0.1:9")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["users"], found["tokens"], found["itl_s"], found["window_s"]) == (4, 20, 0.01, 2)
    # An answer takes 0.1 + 19 * 0.01 = 0.29 s: 4 users send about 27 in 2 s, each with 19 gaps.
    assert 10 < found["ttft_error_s"]["n"] <= 4 * 8
    assert found["itl_error_s"]["n"] > 19 * 10
    assert 0 < found["ttft_error_s"]["p50"] < 0.05
    assert 0.5 < found["concurrency_ratio"] <= 1
    assert found["verdict"] in ("trusted", "doubtful", "invalid")
    assert list(tmp_path.iterdir()) == []


def test_a_mistake_starts_nothing(tmp_path):
    done = llocust("calibrate", "--users", "many", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "--users 'many': give a whole number of one or more.\n"
