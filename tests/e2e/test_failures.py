"""Every failure that the simulator can produce, each in its own outcome, with exact counts."""

from collections import Counter

import pytest
from support.command import latest, llocust
from support.matrix import OUTCOMES
from support.simulator import running_simulator

REQUESTS = 120
SHARE = 0.04


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    work_dir = tmp_path_factory.mktemp("failures")
    faults = [word for name in OUTCOMES if name for word in ("--fault", f"{name}={SHARE}")]
    with running_simulator("--ttft", "0.02", "--itl", "0.002", "--tokens", "12", *faults) as simulator:
        done = llocust(
            *("sweep", "--host", simulator.url, "--users", "12", "--requests", str(REQUESTS), "--spawn-rate", "40"),
            *("--first-byte-timeout", "0.8s", "--idle-timeout", "0.7s", "--work-dir", str(work_dir)),
            cwd=work_dir,
        )
        truth = {row["id"]: row for row in simulator.requests()}
    return done, latest(work_dir), truth


def test_all_faults_occurred(failed):
    _, _, truth = failed
    counts = Counter(row["fault"] for row in truth.values())
    assert set(counts) == set(OUTCOMES)
    assert all(counts[name] >= 4 for name in OUTCOMES)


def test_each_fault_lands_in_its_own_outcome(failed):
    _, run, truth = failed
    wrong = [
        (truth[record.id]["fault"], record.outcome.value, record.fault)
        for record in run.records()
        if record.outcome != OUTCOMES[truth[record.id]["fault"]]
    ]
    assert wrong == []


def test_counts_are_exact(failed):
    _, run, truth = failed
    expected = Counter(OUTCOMES[row["fault"]] for row in truth.values())
    (point,) = run.report["points"]
    assert point["requests"]["sent"] == len(truth) == REQUESTS
    assert point["requests"]["outcomes"] == dict(expected)
    assert point["requests"]["ok"] == expected["ok"]
    assert point["requests"]["failed"] == REQUESTS - expected["ok"]
    assert point["success_ratio"] == expected["ok"] / REQUESTS
    assert point["locust"] == {"requests": REQUESTS, "failures": REQUESTS - expected["ok"], "agrees": True}


def test_what_had_arrived_is_kept(failed):
    _, run, truth = failed
    for record in run.records():
        row = truth[record.id]
        if row["fault"] in ("cut", "truncate", "error_event", "malformed", "stall_after_token"):
            assert record.chars == row["chars"][: len(record.chars)]
            # The server counts the token whose event it broke, and what it wrote before it saw us leave.
            whole = len(row["chars"])
            assert 0 < len(record.chars) < whole if row["fault"] == "malformed" else len(record.chars) == whole
            assert record.text


def test_a_failure_says_why_and_is_never_a_latency_of_zero(failed):
    _, run, _ = failed
    for record in run.records():
        if record.outcome not in ("ok", "empty", "truncated"):
            assert record.fault
        assert 0 not in record.at_us
        assert record.ended_us > 0


def test_framing_of_a_good_answer_changes_no_figure(failed):
    _, run, truth = failed
    for record in run.records():
        row = truth[record.id]
        if OUTCOMES[row["fault"]] == "ok":
            assert sum(record.chars) == sum(row["chars"])
            assert (record.usage is None) is (row["fault"] == "no_usage")


def test_the_verdict_names_the_errors(failed):
    done, run, _ = failed
    assert done.returncode == 0, done.stderr
    (point,) = run.report["points"]
    assert point["verdict"] == "invalid"
    assert "high_errors" in {reason["code"] for reason in point["reasons"]}
