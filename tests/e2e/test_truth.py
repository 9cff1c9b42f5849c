"""Reported against true: the simulator logs its own sends on the same monotonic clock, joined request by request."""

from itertools import pairwise
from statistics import median

import pytest
from support.command import latest, llocust
from support.simulator import running_simulator


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    work_dir = tmp_path_factory.mktemp("truth")
    with running_simulator("--ttft", "0.1", "--itl", "0.01", "--tokens", "24") as simulator:
        done = llocust(
            *("sweep", "--host", simulator.url, "--users", "2", "5", "--run-time", "4s", "--spawn-rate", "20"),
            *("--settle", "3s", "--work-dir", str(work_dir)),
            cwd=work_dir,
        )
        truth = {row["id"]: row for row in simulator.requests()}
    assert done.returncode == 0, done.stderr + done.stdout
    return latest(work_dir), truth


def test_every_request_that_the_server_saw_has_one_record_and_no_other(swept):
    run, truth = swept
    ids = [record.id for record in run.records()]
    assert len(ids) == len(set(ids)) > 50
    assert set(ids) == set(truth)


def test_answers_are_recorded_to_the_character_and_token(swept):
    run, truth = swept
    for record in run.records():
        if record.outcome == "ok":
            row = truth[record.id]
            assert (record.chars, record.kinds) == (row["chars"], row["kinds"])
            assert record.usage.output == row["usage"]["output"] == len(record.at_us) == 24
            assert record.usage.prompt == row["prompt_tokens"]
            assert len(record.text) == sum(record.chars)


def test_requests_of_the_window_are_whole_and_only_later_ones_are_aborted(swept):
    run, _ = swept
    for record in run.records():
        assert record.outcome == "ok" or (record.outcome, record.phase) == ("aborted", "cooldown")


def test_no_stamp_comes_before_the_send_that_caused_it(swept):
    run, truth = swept
    for record in run.records():
        sent = truth[record.id]["sent_ns"]
        # A stamp is stored to the microsecond, rounded down.
        assert all(
            record.sent_ns + at_us * 1000 >= sent_ns - 1000 for at_us, sent_ns in zip(record.at_us, sent, strict=False)
        )


def test_ttft_and_gaps_are_the_servers_request_by_request(swept):
    run, truth = swept
    ok = [record for record in run.records() if record.outcome == "ok"]
    ttft_error_s = [
        record.at_us[0] / 1e6 - (truth[record.id]["sent_ns"][0] - truth[record.id]["received_ns"]) / 1e9
        for record in ok
    ]
    # The way there and back over loopback, and a wake-up, lie between; on a busy machine the median is under 5 ms.
    assert 0 < median(ttft_error_s) < 0.005
    true_gaps = [(b - a) / 1e9 for r in ok for a, b in pairwise(truth[r.id]["sent_ns"])]
    seen_gaps = [(b - a) / 1e6 for r in ok for a, b in pairwise(r.at_us)]
    assert len(seen_gaps) == len(true_gaps)
    assert median(seen_gaps) == pytest.approx(median(true_gaps), rel=0.05)
    assert sum(seen_gaps) == pytest.approx(sum(true_gaps), rel=0.02)


def test_the_report_says_what_the_records_say(swept):
    run, truth = swept
    for point, reported in zip(run.manifest.points, run.report["points"], strict=True):
        phases = point.phases["w0"]
        window = [r for r in run.records(point) if phases.window_ns <= r.sent_ns < phases.cooldown_ns]
        assert reported["requests"]["sent"] == reported["requests"]["ok"] == len(window)
        assert reported["locust"]["agrees"] is True
        true_ttft_s = median((truth[r.id]["sent_ns"][0] - truth[r.id]["received_ns"]) / 1e9 for r in window)
        assert reported["latency"]["ttft_s"]["p50"] == pytest.approx(true_ttft_s, abs=0.005)
        assert reported["tokens"]["source"] == "usage"
        assert reported["tokens"]["per_event"] == 1.0


def test_throughput_is_what_the_server_sent_in_the_window(swept):
    run, truth = swept
    for point, reported in zip(run.manifest.points, run.report["points"], strict=True):
        phases = point.phases["w0"]
        begin, end = phases.window_ns, phases.cooldown_ns
        inside = [
            chars
            for record in run.records(point)
            for sent_ns, chars in zip(truth[record.id]["sent_ns"], truth[record.id]["chars"], strict=True)
            if begin <= sent_ns < end
        ]
        window_s = (end - begin) / 1e9
        assert reported["window_s"] == pytest.approx(window_s)
        # A few events lie on different sides of an edge here and there.
        assert reported["throughput"]["chars_per_s"] == pytest.approx(sum(inside) / window_s, rel=0.02)
        assert reported["throughput"]["output_tokens_per_s"] == pytest.approx(len(inside) / window_s, rel=0.02)


def test_littles_law_holds(swept):
    run, _ = swept
    for reported in run.report["points"]:
        # L = λ W: requests in flight = requests per second × seconds each. Windows cut requests at both edges.
        product = reported["throughput"]["requests_per_s"] * reported["latency"]["e2e_s"]["mean"]
        assert product == pytest.approx(reported["concurrency"]["mean"], rel=0.15)
        assert reported["concurrency"]["mean"] == pytest.approx(reported["users"], rel=0.05)


def test_a_connection_serves_its_user_for_the_whole_point(swept):
    run, truth = swept
    assert len({row["connection"] for row in truth.values()}) == 2 + 5
    for record in run.records():
        assert record.reused is (record.connect_us is None)
