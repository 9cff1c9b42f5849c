import math

import numpy as np
import pytest
from support.folders import full_window, manifest, phases, point, record, write_point, write_run
from support.mixed import mixed

from harness.run import TestsetInfo, write_manifest
from reports.build import build
from reports.compare import CompareError, compare
from reports.headline import HEADLINES, read
from reports.load import load
from reports.samples import Pair, interval, samples_of


def run(folder, records=None, users=4, **fields):
    return load(write_run(folder, full_window(users) if records is None else records, point(users=users), **fields))


def of(comparison, key, index=0):
    return next(metric for metric in comparison.points[index].metrics if metric.key == key)


def steady(ttft_ms, count=100):
    """Requests a tenth of a second apart; the first event after ttft_ms and a little more for each of four in turn."""
    return [record(n * 100, (ttft_ms + n % 4, ttft_ms + 40), seq=n, e2e_ms=ttft_ms + 50) for n in range(count)]


def test_difference_and_ratio(tmp_path):
    base = run(tmp_path / "base", steady(10), 1)
    candidate = run(tmp_path / "candidate", steady(15), 1)
    found = of(compare(build(base), build(candidate)), "latency.ttft_s.p50")
    # 10, 11, 12, 13 ms in turn: 11.5 in the median; 16.5 for the candidate.
    assert (found.label, found.unit, found.better) == ("TTFT p50", "s", "lower")
    assert (found.base, found.candidate) == pytest.approx((0.0115, 0.0165))
    assert found.difference == pytest.approx(0.005)
    assert found.ratio == pytest.approx(16.5 / 11.5)


def test_an_interval_needs_the_raw_requests(tmp_path):
    base, candidate = run(tmp_path / "base", steady(10), 1), run(tmp_path / "candidate", steady(15), 1)
    reports = build(base), build(candidate)
    without = compare(*reports)
    assert all(metric.low is None and metric.high is None for metric in without.points[0].metrics)
    found = compare(*reports, base, candidate)
    ttft = of(found, "latency.ttft_s.p50")
    # Each median is 11, 11.5 or 12 ms, or five more.
    assert (ttft.low, ttft.high) == pytest.approx((0.004, 0.006))
    sampled = {metric.key for metric in found.points[0].metrics if metric.low is not None}
    assert sampled == {f"latency.{name}.{p}" for name in ("ttft_s", "e2e_s") for p in ("p50", "p95")}
    assert found == compare(*reports, base, candidate)


def test_samples_are_of_the_ok_requests_of_the_window(tmp_path):
    (samples,) = samples_of(load(write_run(tmp_path, mixed()))).values()
    assert sorted(samples["latency.ttft_s"]) == [0.05, 0.2]
    assert sorted(samples["latency.e2e_s"]) == [0.2, 0.3]
    assert samples_of(None) == {}


def test_the_intervals_are_of_what_is_sampled():
    values = np.arange(100.0)
    pair = Pair({"latency.ttft_s": values}, {"latency.ttft_s": values + 1})
    assert interval(pair, "latency.ttft_s.p50") is not None
    assert interval(pair, "latency.ttft_s.p99") is None
    assert interval(pair, "latency.e2e_s.p50") is None
    assert interval(pair, "throughput.chars_per_s") is None


def test_a_run_against_itself_has_no_difference(tmp_path):
    frames = run(tmp_path)
    report = build(frames)
    found = compare(report, report, frames, frames)
    assert found.differs == []
    assert {metric.difference for metric in found.points[0].metrics} == {0.0}
    assert {metric.ratio for metric in found.points[0].metrics} == {1.0}


def test_what_was_not_observed_has_no_difference(tmp_path):
    with_usage = build(run(tmp_path / "base"))
    without = build(run(tmp_path / "candidate", full_window(4, output=None)))
    found = of(compare(with_usage, without), "throughput.output_tokens_per_s")
    assert found.base == 360.0
    assert (found.candidate, found.difference, found.ratio) == (None, None, None)


def sweep(folder, *rows, **fields):
    folder.mkdir(exist_ok=True)
    write_manifest(folder, manifest(rows, **fields))
    for row in rows:
        write_point(folder, row, full_window(row.users))
    return build(load(folder))


def test_points_are_matched_by_target_and_users(tmp_path):
    base = sweep(tmp_path / "base", point(1, 1), point(2, 2), point(3, 4, target="a"), point(4, 8))
    candidate = sweep(tmp_path / "candidate", point(1, 8), point(2, 4, target="b"), point(3, 2))
    found = compare(base, candidate)
    assert [(each.target, each.users) for each in found.points] == [("default", 2), ("default", 8)]
    assert (found.only_base, found.only_candidate) == ([1, 4], [4])


def test_of_a_point_that_was_run_again_the_finished_one_counts(tmp_path):
    cut = {"state": "interrupted", "phases": {"w0": phases(1.0)}}
    base = sweep(tmp_path, point(1, 2, **cut), point(2, 2), point(3, 2, **cut))
    found = compare(base, base)
    assert len(found.points) == 1
    assert found.points[0].base_verdict == "trusted"


OTHER = {
    "testset digest": ({"testset": TestsetInfo("chat", "x", "cd" * 32, 100)}, "test set digest"),
    "dialect": ({"dialect": "messages"}, "dialect (chat and messages)"),
    "max_tokens": ({"options": {"max_tokens": 64}}, "--max-tokens (256 and 64)"),
    "stream": ({"options": {"stream": False}}, "--stream (True and False)"),
    "bound": ({"options": {"requests": 400}}, "bound of the window (a time and a number of requests)"),
    "salt": ({"options": {"salt": True}}, "--salt (False and True)"),
}


@pytest.mark.parametrize(("fields", "named"), OTHER.values(), ids=OTHER)
def test_what_must_be_equal(tmp_path, fields, named):
    base, candidate = build(run(tmp_path / "base")), build(run(tmp_path / "candidate", **fields))
    with pytest.raises(CompareError) as error:
        compare(base, candidate)
    assert len(error.value.sentences) == 1
    assert f"The runs differ in their {named}" in str(error.value)


def test_all_obstacles_are_said_at_once(tmp_path):
    base = build(run(tmp_path / "base"))
    candidate = build(run(tmp_path / "candidate", users=3, dialect="messages", options={"max_tokens": 1, "salt": True}))
    with pytest.raises(CompareError) as error:
        compare(base, candidate)
    said = error.value.sentences
    assert [next(word for word in ("dialect", "--max-tokens", "--salt", "point") if word in each) for each in said] == [
        "dialect",
        "--max-tokens",
        "--salt",
        "point",
    ]


def test_what_may_differ_is_listed(tmp_path):
    base = build(run(tmp_path / "base"))
    candidate = build(
        run(
            tmp_path / "candidate",
            model="large",
            url="http://other/",
            stamps="user",
            versions={"llocust": "0.2.0", "gevent": "1"},
            options={"run_time_s": 60.0, "seed": 3},
        )
    )
    found = {change.name: (change.base, change.candidate) for change in compare(base, candidate).differs}
    assert found == {
        "model": ("tiny", "large"),
        "url": ("http://127.0.0.1:8000/v1/chat/completions", "http://other/"),
        "stamps": ("kernel", "user"),
        "--run-time": ("10.0", "60.0"),
        "--seed": ("0", "3"),
        "gevent version": ("", "1"),
        "llocust version": ("0.1.0", "0.2.0"),
        "locust version": ("2.47.0", ""),
    }


def test_goodput_is_compared_under_one_slo_only(tmp_path):
    base = build(run(tmp_path / "base", options={"slo": {"ttft": 0.1}}))
    same = compare(base, base)
    assert of(same, "goodput.ratio").base == 1.0
    other = build(run(tmp_path / "candidate", options={"slo": {"ttft": 0.2}}))
    found = compare(base, other)
    assert not any(metric.key.startswith("goodput") for metric in found.points[0].metrics)
    assert [(change.name, change.base, change.candidate) for change in found.differs] == [
        ("--slo", "ttft=0.1", "ttft=0.2")
    ]


def test_verdicts_stand_beside_the_figures(tmp_path):
    base, candidate = build(run(tmp_path / "base")), build(run(tmp_path / "candidate", locust=None))
    found = compare(base, candidate)
    assert (found.base_verdict, found.candidate_verdict) == ("trusted", "invalid")
    assert (found.points[0].base_verdict, found.points[0].candidate_verdict) == ("trusted", "invalid")


def test_every_headline_is_in_a_point_of_the_report(tmp_path):
    report = build(run(tmp_path, options={"slo": {"ttft": 1.0}}))
    values = [read(report.points[0], headline.key) for headline in HEADLINES]
    assert all(value is not None and math.isfinite(value) for value in values)
