import pytest
from support.folders import record, refused

from harness.swarm.tally import Glance, Tally, Totals, glance

S = 1_000_000_000


def test_nothing_yet():
    assert glance([Tally(5 * S).totals(5 * S)]) == Glance(0, 0, None, None, None, None)
    assert glance([Tally(5 * S).totals(9 * S)]) == Glance(0, 0, None, None, None, None)


def test_figures():
    tally = Tally(5 * S)
    # 3 events of 4 characters: 12 in 200 ms are 60 a second, 12 in 400 ms are 30.
    tally.add(record(0, (100, 120, 140), e2e_ms=200))
    tally.add(record(0, (300, 320, 340), e2e_ms=400))
    # 24 characters in 6 s.
    assert glance([tally.totals(11 * S)]) == Glance(
        ok=2,
        failed=0,
        latency_s=pytest.approx(0.3),
        chars_per_s_stream=pytest.approx(45),
        chars_per_s_total=pytest.approx(4),
        ttft_p95_s=0.1,
    )


def test_failures_count_with_their_characters_and_without_their_times():
    tally = Tally(0)
    tally.add(record(0, (100,), e2e_ms=200))
    tally.add(record(0, (100,), e2e_ms=900, outcome="cut"))
    tally.add(refused())
    figures = glance([tally.totals(2 * S)])
    # (4 + 4) characters in 2 s.
    assert (figures.ok, figures.failed, figures.latency_s, figures.chars_per_s_total) == (1, 2, 0.2, 4)


def test_what_we_stopped_ourselves_is_no_failure():
    tally = Tally(0)
    tally.add(record(outcome="aborted"))
    assert glance([tally.totals(S)])[:3] == (0, 0, None)


def test_what_was_never_sent_is_a_failure_without_times():
    tally = Tally(0)
    tally.add(refused(outcome="connect", ended_us=None, sent_ns=None))
    assert glance([tally.totals(S)]) == Glance(0, 1, None, None, None, None)


def test_ttft_is_the_p95_of_the_last_thousand():
    tally = Tally(0)
    for _ in range(500):
        tally.add(record(0, (60_000,), e2e_ms=60_001))
    for ms in range(1, 1001):
        tally.add(record(0, (ms,), e2e_ms=ms + 1))
    # Of 1 to 1,000 ms in order, the place 0.95 * 999 = 949.05 counted from 0 holds 950 ms.
    assert glance([tally.totals(S)]).ttft_p95_s == 0.95


def test_the_figures_of_two_processes_are_those_of_all_their_requests():
    # 2 requests of 0.2 s and 60 characters/s in one, 1 of 0.5 s and 30 in the other; 10 + 5 characters in 3 s.
    one = Totals(
        elapsed_s=2.0, ok=2, failed=1, latency_s=0.4, stream_rates=120.0, chars=10, ttft_s=[0.1, 0.2], ttft_n=2
    )
    two = Totals(elapsed_s=3.0, ok=1, failed=0, latency_s=0.5, stream_rates=30.0, chars=5, ttft_s=[0.9], ttft_n=1)
    assert glance([one, two]) == Glance(3, 1, pytest.approx(0.3), 50.0, 5.0, 0.2)


def test_p95_of_two_processes_weighs_them_by_their_requests():
    fast, slow = Tally(0), Tally(0)
    for _ in range(980):
        fast.add(record(0, (100,), e2e_ms=101))
    for _ in range(20):
        slow.add(record(0, (900,), e2e_ms=901))
    # 20 of 1,000 are slow: the 95th percentile is a fast one.
    assert glance([fast.totals(S), slow.totals(S)]).ttft_p95_s == 0.1
    for _ in range(80):
        slow.add(record(0, (900,), e2e_ms=901))
    # 100 of 1,080 are.
    assert glance([fast.totals(S), slow.totals(S)]).ttft_p95_s == 0.9


def test_many_times_travel_as_a_few_quantiles():
    tally = Tally(0)
    for ms in range(1, 1001):
        tally.add(record(0, (ms,), e2e_ms=ms + 1))
    totals = tally.totals(S)
    assert (len(totals.ttft_s), totals.ttft_n) == (41, 1000)
    assert (totals.ttft_s[0], totals.ttft_s[20], totals.ttft_s[40]) == (0.001, 0.5, 1.0)
