"""Every figure of a small run, by hand."""

import json
import math

import msgspec
import pytest
from support.folders import (
    T0,
    S,
    full_window,
    health,
    locust_stats,
    manifest,
    phases,
    point,
    process,
    record,
    refused,
    write_point,
    write_run,
)
from support.mixed import mixed

from harness.run import Phases, write_manifest
from reports.build import build
from reports.load import load
from reports.report import Distribution, Requests, Tail


@pytest.fixture
def report(tmp_path):
    return lambda records, row=None, **fields: build(load(write_run(tmp_path, records, row, **fields)))


@pytest.fixture
def found(report):
    return report(mixed()).points[0]


def test_requests_are_those_sent_in_the_window(found):
    assert found.window_s == 10.0
    assert found.requests == Requests(
        sent=4, ok=2, failed=2, aborted=0, dropped=1, outcomes={"ok": 2, "cut": 1, "dropped": 1, "refused_429": 1}
    )
    assert found.success_ratio == 0.5


def test_the_whole_point_is_counted_beside_it(found):
    assert found.requests_all == Requests(
        sent=6,
        ok=3,
        failed=2,
        aborted=1,
        dropped=1,
        outcomes={"ok": 3, "aborted": 1, "cut": 1, "dropped": 1, "refused_429": 1},
    )


def test_concurrency_is_the_mean_of_what_was_in_flight(found):
    # A 200, B 300, C 450, D 100, G 1 ms of 10 s.
    assert found.concurrency.mean == pytest.approx(0.1051)
    assert found.concurrency.target == 1


def test_throughput_is_of_all_that_arrived(found):
    through = found.throughput
    assert through.requests_per_s == pytest.approx(0.2)  # A and B ended in the window
    assert through.chars_per_s == pytest.approx(3.7)  # A 4 + 6, B 16, C 10, D 1
    # A has half a token a character, so 5 of its 6; B 4; C no count; D half of one.
    assert through.output_tokens_per_s == pytest.approx(0.95)
    assert through.input_tokens_per_s == pytest.approx(5.0)  # first events of B (20) and D (30)


def test_latencies_are_of_the_ok_requests_of_the_window(found):
    latency = found.latency
    assert (latency.ttft_s.n, latency.ttft_s.min, latency.ttft_s.max) == (2, 0.05, 0.2)
    assert latency.ttft_s.p50 == pytest.approx(0.125)
    assert latency.ttft_visible_s == latency.ttft_s
    assert (latency.e2e_s.min, latency.e2e_s.max) == (0.2, 0.3)
    assert (latency.headers_s.p50, latency.first_event_s.p50) == (0.001, 0.002)
    assert latency.connect_s == Distribution(n=0)
    # B: 60 ms over 3 further tokens; D: 100 ms over 1.
    assert (latency.tpot_s.min, latency.tpot_s.max) == pytest.approx((0.02, 0.1))


def test_gaps_are_of_all_requests_by_arrival(found):
    # A 100 ms, B 20 and 40 ms; A's first and D's gap cross the edges of the window.
    itl_s = found.latency.itl_s
    assert (itl_s.n, itl_s.min, itl_s.p50, itl_s.max) == (3, 0.02, 0.04, 0.1)


def test_rates_of_a_stream(found):
    stream = found.stream
    assert (stream.chars_per_s.min, stream.chars_per_s.max) == pytest.approx((4 / 0.2, 16 / 0.3))
    assert (stream.chars_per_s_decode.min, stream.chars_per_s_decode.max) == pytest.approx((3 / 0.1, 12 / 0.06))
    assert (stream.tokens_per_s.min, stream.tokens_per_s.max) == pytest.approx((2 / 0.2, 4 / 0.3))


def test_tokens_are_the_servers(found):
    tokens = found.tokens
    assert (tokens.prompt.n, tokens.prompt.mean, tokens.output.mean) == (2, 25.0, 3.0)
    assert tokens.cached_ratio == 0.25  # 5 of B's 20; of D it is not known
    assert tokens.per_event == pytest.approx(1.2)  # 6 tokens in 5 events
    assert tokens.source == "usage"


def test_failures_are_infinite_where_they_are_counted(found):
    # Two successes and two failures: the median lies between the second and the third.
    assert found.with_failures.ttft_s == Tail(None, None, None)
    assert found.latency.ttft_s.p99 is not None


def test_prompts_are_counted_with_their_turns(report):
    records = [record(n * 200, seq=n, prompt=f"chat/{n % 2}", turn=n % 3) for n in range(12)]
    prompts = report(records).points[0].prompts
    assert (prompts.sent, prompts.distinct) == (12, 6)


@pytest.mark.parametrize(
    ("slo", "ratio", "per_s"),
    [
        ({"ttft": 0.1}, 0.25, 0.0),  # D, which ended after the window
        ({"ttft": 0.2}, 0.5, 0.1),  # B too, at the bound
        ({"ttft": 0.2, "tpot": 0.05}, 0.25, 0.1),  # B
        ({"e2e": 0.25}, 0.25, 0.0),  # D
        ({"itl_p95": 0.038}, 0.0, 0.0),  # B's p95 of 20 and 40 ms is 39 ms
        ({"itl_p95": 0.039}, 0.25, 0.1),
        ({"ttft": 0.9, "itl_p95": 0.1}, 0.5, 0.2),  # A was sent before the window and ended in it
    ],
)
def test_goodput(report, slo, ratio, per_s):
    goodput = report(mixed(), options={"slo": slo}).points[0].goodput
    assert (goodput.ratio, goodput.requests_per_s, goodput.slo) == (ratio, per_s, slo)


def test_without_slos_there_is_no_goodput(found):
    assert found.goodput is None


@pytest.mark.parametrize(
    ("fields", "slo", "met"),
    [
        ({"output": None}, {"tpot": 0.1}, False),  # not observed is not met
        ({"events_ms": (100,), "output": 1}, {"tpot": 0.001, "itl_p95": 0.001}, True),  # there is no gap
        ({"events_ms": (100,), "output": 9}, {"tpot": 0.001}, True),  # one event: none to see
        ({"events_ms": (), "output": 3}, {"ttft": 9.0}, False),
    ],
)
def test_what_was_not_observed_does_not_meet_a_bound(report, fields, slo, met):
    goodput = report([record(0, **fields)], options={"slo": slo}).points[0].goodput
    assert goodput.ratio == float(met)


def test_a_tokens_share_is_even_where_there_are_no_characters(report):
    # Two of four events of no characters lie in the window, so two of the four tokens.
    found = report([record(-50, (0, 10, 60, 70), (0, 0, 0, 0), output=4)]).points[0]
    assert found.throughput.output_tokens_per_s == pytest.approx(0.2)


def test_a_prompt_counts_where_its_answer_begins(report):
    # Sent in the window; the first event comes 50 ms after it.
    found = report([record(9_900, (150, 160)), record(0, seq=2)]).points[0]
    assert found.throughput.input_tokens_per_s == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("outputs", "source"), [((3, 3), "usage"), ((3, None), "partial"), ((None, None), "none"), ((), "none")]
)
def test_where_token_counts_come_from(report, outputs, source):
    found = report([record(n * 200, seq=n, output=output) for n, output in enumerate(outputs)]).points[0]
    assert found.tokens.source == source
    assert (found.throughput.output_tokens_per_s is None) == (source == "none")


def test_one_event_has_no_time_per_token(report):
    found = report([record(0, (100,), output=8), record(500, (100,), seq=2, output=1)]).points[0]
    assert found.latency.tpot_s == Distribution(n=0)
    assert found.stream.chars_per_s_decode == Distribution(n=0)


def test_reasoning_is_content_but_not_visible(report):
    found = report([record(0, (100, 200, 300), kinds="rrt")]).points[0]
    assert (found.latency.ttft_s.p50, found.latency.ttft_visible_s.p50) == (0.1, 0.3)


def test_one_request(report):
    found = report([record(0)]).points[0]
    assert found.requests.sent == 1
    assert found.latency.ttft_s == Distribution(1, 0.1, None, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1)
    assert found.throughput.requests_per_s == pytest.approx(0.1)


def test_no_requests(report):
    found = report([]).points[0]
    assert found.requests == Requests(sent=0, ok=0, failed=0, aborted=0, dropped=0, outcomes={})
    assert (found.success_ratio, found.concurrency.mean, found.throughput.chars_per_s) == (None, 0.0, 0.0)
    assert (found.throughput.output_tokens_per_s, found.tokens.cached_ratio) == (None, None)


def test_all_failed(report):
    found = report([refused(n * 10, seq=n) for n in range(50)], options={"slo": {"ttft": 1.0}}).points[0]
    assert (found.requests.failed, found.success_ratio, found.goodput.ratio) == (50, 0.0, 0.0)
    assert found.latency.e2e_s == Distribution(n=0)
    assert found.with_failures.e2e_s == Tail(None, None, None)
    assert found.locust.agrees


def test_a_failed_connection_was_sent_and_has_no_latency(report):
    gone = refused(5, "connect", seq=1, sent_ns=None, ended_us=None, status=None)
    found = report([gone, record(200, seq=2)]).points[0]
    assert (found.requests.sent, found.requests.failed, found.success_ratio) == (2, 1, 0.5)
    assert found.concurrency.mean == pytest.approx(0.0145)


@pytest.mark.parametrize("row", [point(state="planned", phases={}), point(state="interrupted", phases={})])
def test_a_point_without_a_window_is_listed_and_empty(report, row):
    found = report([record(0)], row).points[0]
    assert (found.window_s, found.requests.sent, found.requests_all.sent) == (None, 0, 1)
    assert (found.concurrency.mean, found.throughput.chars_per_s, found.throughput.requests_per_s) == (None, None, None)
    assert found.latency.itl_s == Distribution(n=0)
    assert found.client.loop_lag_s == Distribution(n=0)
    assert found.verdict == "invalid"


def test_workers_are_one_load(report):
    """Two machines with clocks far apart give what one worker would."""
    other_ns = 77_000 * S
    row = point(users=2, phases={"w0": phases(), "w1": phases(start_ns=other_ns)})
    here = full_window(users=1)
    there = full_window(users=1, worker="w1", t0_ns=other_ns)
    lines = {"w0": health(), "w1": health(start_ns=other_ns, cpu_ratio=0.5, lag_us=(70,) * 50)}
    two = report(here + there, row, lines=lines, processes=[process(), process("w1")]).points[0]
    one = report(full_window(users=2), point(users=2)).points[0]
    assert (two.latency, two.stream, two.throughput, two.concurrency) == (
        one.latency,
        one.stream,
        one.throughput,
        one.concurrency,
    )
    assert two.client.cpu_ratio == 0.5  # the busiest
    assert (two.client.loop_lag_s.n, two.client.loop_lag_s.max) == (1000, 0.00007)
    assert two.verdict == "trusted"


def test_the_generators_health_is_that_of_the_window(report):
    # Ten busy seconds of warm-up, then the window, then a busy cooldown.
    lines = (
        health(10, start_ns=T0 - 10 * S, cpu_ratio=1.0, lag_us=[9000])
        + health(10)
        + health(2, start_ns=T0 + 10 * S, cpu_ratio=1.0, lag_us=[9000])
    )
    client = report(full_window(), lines=lines).points[0].client
    assert client.cpu_ratio == pytest.approx(0.2)
    assert (client.loop_lag_s.n, client.loop_lag_s.max) == (500, 0.00005)


def test_a_line_counts_where_most_of_it_lies_in_the_window(report):
    # Seconds that end 400 ms after each full one: the first has 0.4 s in the window, the last 0.6 s.
    lines = health(11, start_ns=T0 - S + 400_000_000, lag_us=[1])
    assert report(full_window(), lines=lines).points[0].client.loop_lag_s.n == 10


def test_a_window_shorter_than_a_line_still_has_health(report):
    # The line spans 0 to 1 s, the window 0.2 to 0.6 s.
    row = point(phases={"w0": phases(0.4, T0 + 200_000_000)})
    client = report([record(250)], row, lines=health(3)).points[0].client
    assert client.loop_lag_s.n == 50


def test_lateness_and_stamps(report):
    records = [record(n * 200, seq=n, late_us=100 * (n + 1), bound_us=[(0, 5)] if n == 0 else []) for n in range(2)]
    client = report(records).points[0].client
    assert (client.late_s.min, client.late_s.max) == pytest.approx((0.0001, 0.0002))
    assert client.bounded_ratio == pytest.approx(1 / 6)
    assert client.lag_s.max == 0.00005


def test_in_open_loop_lateness_counts_from_when_it_was_due(report):
    client = report([record(100, due_ns=T0 + 90_000_000)]).points[0].client
    assert client.late_s.p50 == pytest.approx(0.010)


def test_locusts_counts_stand_beside_ours(found):
    # ok 3 and failed 2; the aborted and the dropped one are no requests to Locust.
    assert (found.locust.requests, found.locust.failures, found.locust.agrees) == (5, 2, True)


@pytest.mark.parametrize("stats", [None, locust_stats(6, 2), locust_stats(5, 1)])
def test_counts_that_disagree(report, stats):
    assert not report(mixed(), locust=stats).points[0].locust.agrees


def test_a_request_bounded_point_is_first_send_to_last_end(report):
    # First sent at 0 ms, last end at 500 + 145 ms.
    found = report([record(0, seq=1), record(500, seq=2)], options={"requests": 2}).points[0]
    assert found.window_s == pytest.approx(0.645)
    assert found.throughput.requests_per_s == pytest.approx(2 / 0.645)
    assert found.throughput.chars_per_s == pytest.approx(24 / 0.645)


def test_the_report_is_json_without_nan_and_the_same_twice(tmp_path):
    folder = write_run(tmp_path, mixed(), options={"slo": {"ttft": 0.1}})
    first, second = (msgspec.json.encode(build(load(folder))) for _ in range(2))
    assert first == second

    def refuse(name):
        raise AssertionError(name)

    json.loads(first, parse_constant=refuse)


def test_a_run_without_points(tmp_path):
    write_manifest(tmp_path, manifest([], state="interrupted"))
    report = build(load(tmp_path))
    assert (report.points, report.verdict) == ([], "invalid")
    assert [reason.code for reason in report.reasons] == ["interrupted"]


def test_points_come_in_the_order_of_the_sweep(tmp_path):
    rows = [point(1, 8), point(2, 2), point(3, 8, state="interrupted", phases={"w0": Phases(spawn_ns=T0)})]
    write_manifest(tmp_path, manifest(rows))
    for row in rows:
        write_point(tmp_path, row, [])
    assert [(each.index, each.users, each.state) for each in build(load(tmp_path)).points] == [
        (1, 8, "done"),
        (2, 2, "done"),
        (3, 8, "interrupted"),
    ]


def test_the_manifest_in_short_has_no_points(tmp_path):
    report = build(load(write_run(tmp_path, [record()])))
    assert "points" not in report.run
    assert (report.run["id"], report.run["options"]["max_tokens"]) == ("20260131T120000Z-sweep", 256)
    assert math.isclose(report.points[0].window_s, 10.0)
