from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.simulator.faults import Fault
from harness.simulator.summary import percentiles, summarise
from harness.simulator.truth import Entry, Log

S = 1_000_000_000


def entry(received_s=10, sent_s=(), due_s=None, ended_s=None, **more):
    last = sent_s[-1] if sent_s else received_s
    fields = {
        "id": "a",
        "connection": "127.0.0.1:1",
        "status": 200,
        "stream": True,
        "due_ns": array("q", [round(at * S) for at in (due_s or sent_s)]),
        "sent_ns": array("q", [round(at * S) for at in sent_s]),
        "chars": array("H", [3] * len(due_s or sent_s)),
        "kinds": "t" * len(due_s or sent_s),
        "last_send_ns": round(last * S),
        "ended_ns": round((ended_s or last) * S),
    }
    return Entry(received_ns=round(received_s * S), **fields | more)


def test_percentiles_are_linear():
    # Of 1, 2, 3, 4, 5: p50 = 3; p90 lies at 0.9 × 4 = 3.6 → 4 + 0.6; p95 at 3.8 → 4.8; p99 at 3.96 → 4.96.
    shown = percentiles([5, 1, 4, 2, 3])
    assert shown == pytest.approx({"n": 5, "mean": 3, "p50": 3, "p90": 4.6, "p95": 4.8, "p99": 4.96, "max": 5})


def test_nothing_has_no_percentiles():
    assert percentiles([]) == {"n": 0, "mean": None, "p50": None, "p90": None, "p95": None, "p99": None, "max": None}


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_percentiles_rise_and_stay_among_the_values(values):
    shown = percentiles(values)
    in_order = [shown[name] for name in ("p50", "p90", "p95", "p99", "max")]
    assert in_order == pytest.approx(sorted(in_order))
    assert shown["max"] == max(values)


def test_a_summary_counts_and_measures():
    whole = entry(10, (10.1, 10.2, 10.4), due_s=(10.1, 10.199, 10.4), connection="127.0.0.1:1")
    cut = entry(10.2, (10.8, 10.9), fault=Fault.CUT, connection="127.0.0.1:2", ended_s=11)
    refused = entry(10.4, status=429, fault=Fault.REFUSE_429, connection="127.0.0.1:1")
    shown = summarise([whole, cut, refused])
    assert (shown["requests"], shown["ok"], shown["connections"], shown["in_flight"]) == (3, 1, 2, 0)
    assert shown["faults"] == {"cut": 1, "refuse_429": 1}
    # Five tokens of three characters left; latencies are the whole one's alone.
    assert (shown["tokens"], shown["chars"]) == (5, 15)
    assert shown["ttft_s"]["n"] == 1
    assert shown["ttft_s"]["p50"] == pytest.approx(0.1)
    # Gaps 0.1 and 0.2.
    assert (shown["itl_s"]["n"], shown["itl_s"]["p50"]) == (2, pytest.approx(0.15))
    assert shown["e2e_s"]["max"] == pytest.approx(0.4)
    assert (shown["late_s"]["n"], shown["late_s"]["max"]) == (5, pytest.approx(0.001))


def test_concurrency_is_time_in_the_server_over_the_busy_span():
    # 0.4 s and 0.8 s within 10.0 to 11.0: mean 1.2; they overlap from 10.2 to 10.4.
    shown = summarise([entry(10, (10.4,)), entry(10.2, (10.9,), ended_s=11)])
    assert shown["concurrency"] == {"mean": pytest.approx(1.2), "max": 2}


def test_one_after_the_other_is_never_two_at_once():
    assert summarise([entry(10, (11,)), entry(11, (12,))])["concurrency"] == {"mean": pytest.approx(1), "max": 1}


def test_no_requests_make_an_empty_summary():
    shown = summarise([])
    assert (shown["requests"], shown["ttft_s"]["n"], shown["concurrency"]) == (0, 0, {"mean": None, "max": None})


@pytest.mark.parametrize(
    ("change", "ok"),
    [
        ({}, True),
        ({"fault": Fault.SPLIT}, True),
        ({"fault": Fault.NO_DONE}, True),
        ({"fault": Fault.MALFORMED}, False),
        ({"status": 503}, False),
        ({"disconnected": True}, False),
        ({"ended_ns": None}, False),
    ],
)
def test_ok_is_a_whole_answer_to_a_client_that_stayed(change, ok):
    assert entry(10, (10.1,), **change).ok is ok


def test_tokens_that_never_left_are_not_in_the_row():
    row = entry(10, (10.1, 10.2), due_s=(10.1, 10.199, 10.3)).row()
    assert (row["chars"], row["kinds"], len(row["sent_ns"])) == ([3, 3], "tt", 2)
    assert row["late_us"] == [0, 1000]


def test_the_log_selects_by_arrival_and_forgets():
    log = Log()
    for at_s in (1, 2, 3):
        log.add(entry(at_s, (at_s + 0.5,)))
    assert [e.received_ns // S for e in log.between(2 * S)] == [2, 3]
    assert [e.received_ns // S for e in log.between(None, 2 * S)] == [1]
    log.clear()
    assert log.between() == []
