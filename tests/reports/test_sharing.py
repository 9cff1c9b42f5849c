"""A point that two targets shared: a row for each, and what is of the whole stays with both."""

import msgspec
import numpy as np
import pytest
from support.folders import counted, manifest, point, record, refused, write_point, write_run

from harness.run import TargetInfo, write_manifest
from reports.build import build
from reports.charts import look
from reports.charts.clock import run_clock
from reports.charts.sweep import latency_figure
from reports.charts.timeline import shade
from reports.compare import compare
from reports.load import load
from reports.render import markdown, sections
from reports.window import place

TARGETS = [
    TargetInfo(name=name, url=f"http://{name}/v1/chat/completions", model="m", dialect="chat")
    for name in ("fast", "slow")
]
MIXED = {"target": "mixed", "shares": {"fast": 3, "slow": 1}}

# Of the users 0 to 3, user 1 asks slow. fast: three requests of 145 ms and one that fails; slow: one of 345 ms.
FAST = [record(at, seq=at, user=user, target="fast") for user, at in ((0, 0), (2, 200), (3, 400))]
FAILED = refused(600, seq=600, user=3, target="fast")
SLOW = record(100, (300, 320, 340), seq=100, user=1, target="slow")
RECORDS = [*FAST, FAILED, SLOW]


@pytest.fixture
def folder(tmp_path):
    return write_run(tmp_path / "run", RECORDS, point(users=4, **MIXED), targets=TARGETS)


def test_each_target_is_a_row_with_its_own_users_and_requests(folder):
    fast, slow = build(load(folder)).points
    assert [(each.index, each.target, each.users, each.concurrency.target) for each in (fast, slow)] == [
        (1, "fast", 3, 3),
        (1, "slow", 1, 1),
    ]
    assert (fast.requests.sent, fast.requests.ok, fast.requests.failed) == (4, 3, 1)
    assert (slow.requests.sent, slow.requests.ok, slow.requests.failed) == (1, 1, 0)
    assert (fast.latency.ttft_s.p50, slow.latency.ttft_s.p50) == (0.1, 0.3)
    assert (fast.latency.itl_s.n, slow.latency.itl_s.n) == (6, 2)
    # Twelve characters an answer, in ten seconds.
    assert (fast.throughput.chars_per_s, slow.throughput.chars_per_s) == (3.6, 1.2)
    assert fast.concurrency.mean == pytest.approx((3 * 0.145 + 0.001) / 10)


def test_events_go_with_their_requests(folder):
    fast, slow = load(folder).points
    assert list(fast.events.at_us) == [100_000, 120_000, 140_000] * 3
    assert list(fast.events.offsets) == [0, 3, 6, 9, 9]
    assert list(slow.events.at_us) == [300_000, 320_000, 340_000]
    assert np.array_equal(slow.events.offsets, [0, 3])


def test_locust_is_compared_with_the_whole_point(folder, tmp_path):
    for row in build(load(folder)).points:
        assert (row.locust.requests, row.locust.failures, row.locust.agrees) == (5, 1, True)
    missing = write_run(
        tmp_path / "other", RECORDS[1:], point(users=4, **MIXED), targets=TARGETS, locust=counted(RECORDS)
    )
    reasons = [reason for row in build(load(missing)).points for reason in row.reasons]
    assert [each.text for each in reasons if each.code == "counts_disagree"] == [
        "Locust counted 5 requests with 1 failures; the records hold 4 with 1."
    ] * 2


def test_locusts_table_has_a_line_for_the_point(folder):
    frames = load(folder)
    (line,) = sections.locust_table(build(frames), frames).lines
    assert line.cells[:5] == ("3 users, fast + 1 user, slow", "5", "5", "1", "1")
    # Of 145, 145, 145, 1 and 345 ms.
    assert line.cells[5] == "145 ms"


def test_a_bounded_point_has_one_window_for_all_its_targets(tmp_path):
    folder = write_run(
        tmp_path, RECORDS, point(users=4, **MIXED), targets=TARGETS, options={"requests": 5, "run_time_s": 30.0}
    )
    # From the first request, at 0, to the end of the last one, 601 ms.
    assert [row.window_s for row in build(load(folder)).points] == [0.601, 0.601]


def test_its_window_is_shaded_once_with_all_its_users(folder):
    frames = load(folder)
    places = [place(each, request_bounded=False) for each in frames.points]
    (row,) = shade(build(frames), places, run_clock(frames.manifest, places)).rows
    assert (row["label"], row["users"]) == ("3 users, fast + 1 user, slow", 4)


def test_a_target_that_nobody_asked_in_time_has_a_row(tmp_path):
    folder = write_run(tmp_path, FAST, point(users=4, **MIXED), targets=TARGETS)
    slow = build(load(folder)).points[1]
    assert (slow.target, slow.requests.sent, slow.latency.ttft_s.n) == ("slow", 0, 0)


# One point of each target


def interleaved(folder, users=(1, 2), slow_ms=300):
    """Two targets, a point each at every user count; the later one's first token comes after `slow_ms`."""
    rows = [
        point(index=2 * at + after, users=count, target=target)
        for at, count in enumerate(users)
        for after, target in ((1, "fast"), (2, "slow"))
    ]
    folder.mkdir(parents=True)
    write_manifest(folder, manifest(rows, targets=TARGETS))
    for row in rows:
        first_ms = 100 if row.target == "fast" else slow_ms
        events_ms = (first_ms, first_ms + 20)
        records = [record(500 * n, events_ms, seq=n, point=row.index, target=row.target) for n in range(5)]
        write_point(folder, row, records)
    return folder


def test_a_chart_has_a_line_for_each_target(tmp_path):
    report = build(load(interleaved(tmp_path / "run")))
    ttft = latency_figure(report).panels[0].chart.to_dict()
    colours = [layer["encoding"]["color"] for layer in ttft["layer"] if "color" in layer["encoding"]]
    scales = [colour.get("condition", colour) if "scale" not in colour else colour for colour in colours]
    named = [colour for colour in scales if colour.get("field") == "target"]
    assert named
    assert all(colour["scale"]["domain"] == ["fast", "slow"] for colour in named)


def test_an_invalid_point_of_one_target_does_not_cut_the_line_of_another(tmp_path):
    report = build(load(interleaved(tmp_path / "run", users=(1, 2, 4))))
    points = [
        msgspec.structs.replace(each, verdict="invalid" if each.key == (3, "fast") else "trusted")
        for each in report.points
    ]
    chart = latency_figure(msgspec.structs.replace(report, points=points)).panels[0].chart.to_dict()
    drawn = [row for rows in chart["datasets"].values() for row in rows]
    stretches = {target: {row["stretch"] for row in drawn if row["target"] == target} for target in ("fast", "slow")}
    assert {target: len(found) for target, found in stretches.items()} == {"fast": 2, "slow": 1}


def test_reasons_of_the_run_name_the_target(tmp_path):
    report = build(load(interleaved(tmp_path / "run")))
    (few,) = (reason for reason in report.reasons if reason.code == "too_few_requests")
    assert few.text.startswith("At 1 user of fast: Only 5 requests")
    assert "(Also at 1 user of slow, 2 users of fast, 2 users of slow.)" in few.text


def test_the_page_names_each_target_once(tmp_path):
    frames = load(interleaved(tmp_path / "run"))
    told = sections.facts(frames.manifest, build(frames))
    assert [fact for fact in told if fact.name.startswith(("Target", "Users", "Model", "URL"))] == [
        ("Target fast", "m at http://fast/v1/chat/completions, by chat"),
        ("Target slow", "m at http://slow/v1/chat/completions, by chat"),
        ("Users", "1, 2"),
    ]
    assert list(look.labels(build(frames)).values()) == [
        "1 user, fast",
        "1 user, slow",
        "2 users, fast",
        "2 users, slow",
    ]


def test_runs_are_compared_target_by_target(tmp_path):
    base, candidate = (load(interleaved(tmp_path / name, slow_ms=ms)) for name, ms in (("a", 300), ("b", 200)))
    comparison = compare(build(base), build(candidate), base, candidate)
    ttft = {
        (pair.target, pair.users): metric.difference
        for pair in comparison.points
        for metric in pair.metrics
        if metric.key == "latency.ttft_s.p50"
    }
    assert ttft == {
        ("fast", 1): 0,
        ("slow", 1): pytest.approx(-0.1),
        ("fast", 2): 0,
        ("slow", 2): pytest.approx(-0.1),
    }
    assert "## 1 user, slow" in markdown.render_comparison(comparison)
