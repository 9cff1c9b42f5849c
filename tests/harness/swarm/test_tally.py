import pytest
from support.folders import record, refused

from harness.swarm.tally import Glance, Tally

S = 1_000_000_000


def test_nothing_yet():
    assert Tally(5 * S).glance(5 * S) == Glance(0, 0, None, None, None, None)
    assert Tally(5 * S).glance(9 * S) == Glance(0, 0, None, None, None, None)


def test_figures():
    tally = Tally(5 * S)
    # 3 events of 4 characters: 12 in 200 ms are 60 a second, 12 in 400 ms are 30.
    tally.add(record(0, (100, 120, 140), e2e_ms=200))
    tally.add(record(0, (300, 320, 340), e2e_ms=400))
    # 24 characters in 6 s.
    assert tally.glance(11 * S) == Glance(
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
    glance = tally.glance(2 * S)
    # (4 + 4) characters in 2 s.
    assert (glance.ok, glance.failed, glance.latency_s, glance.chars_per_s_total) == (1, 2, 0.2, 4)


def test_what_we_stopped_ourselves_is_no_failure():
    tally = Tally(0)
    tally.add(record(outcome="aborted"))
    assert tally.glance(S)[:3] == (0, 0, None)


def test_what_was_never_sent_is_a_failure_without_times():
    tally = Tally(0)
    tally.add(refused(outcome="connect", ended_us=None, sent_ns=None))
    assert tally.glance(S) == Glance(0, 1, None, None, None, None)


def test_ttft_is_the_p95_of_the_last_thousand():
    tally = Tally(0)
    for _ in range(500):
        tally.add(record(0, (60_000,), e2e_ms=60_001))
    for ms in range(1, 1001):
        tally.add(record(0, (ms,), e2e_ms=ms + 1))
    # Of 1 to 1,000 ms in order, the place 0.95 * 999 = 949.05 counted from 0 holds 950 ms.
    assert tally.glance(S).ttft_p95_s == 0.95
