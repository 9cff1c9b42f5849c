"""The metrics of a benchmark, by sums done by hand."""

import pytest
from support.folders import record, refused

from service.metrics import measure

# Three requests that succeed, of 100, 200 and 400 ms, with 10, 10 and 40 output tokens and 10 prompt tokens each; their first
# events come after 50, 60 and 70 ms; 8, 8 and 12 characters.
FINE = [
    record(0, (50, 90), e2e_ms=100, output=10, seq=1),
    record(100, (60, 90), e2e_ms=200, output=10, seq=2),
    record(300, (70, 80, 90), e2e_ms=400, output=40, seq=3),
]
FAILED = refused(700, seq=4, e2e_ms=5_000)
ABORTED = refused(800, "aborted", seq=5, e2e_ms=1)


def test_requests_are_counted():
    found = measure([*FINE, FAILED, ABORTED], 2.0)
    assert (found.total_requests, found.successful_requests, found.failed_requests) == (5, 3, 2)
    assert found.success_rate == 60.0  # percent: 3 of 5
    assert found.total_duration == 2.0
    assert (
        found.requests_per_second == 2.0
    )  # 3 that succeeded and 1 that failed, in 2 s; the aborted one came to no end


def test_latencies_are_those_of_successes():
    found = measure([*FINE, FAILED], 2.0)
    assert found.average_latency == pytest.approx(0.7 / 3)
    assert (found.median_latency, found.min_latency, found.max_latency) == (0.2, 0.1, 0.4)
    # Linear: at 0.95 × 2 = 1.9 between the second and the third, 0.2 + 0.9 × 0.2; at 1.98: 0.2 + 0.98 × 0.2.
    assert found.p95_latency == pytest.approx(0.38)
    assert found.p99_latency == pytest.approx(0.396)


def test_tokens():
    found = measure([*FINE, FAILED], 2.0)
    # 10 / 0.1, 10 / 0.2, 40 / 0.4
    assert found.average_tokens_per_second == pytest.approx(250 / 3)
    assert found.median_tokens_per_second == pytest.approx(100)
    assert found.max_tokens_per_second == pytest.approx(100)
    assert found.total_tokens_used == 90  # 20 + 20 + 50
    assert found.average_tokens_per_request == 30.0


def test_tokens_of_failures_were_used_as_well():
    cut = record(0, (50,), output=4, outcome="cut", seq=9)
    found = measure([*FINE, cut], 2.0)
    assert found.total_tokens_used == 104
    assert found.average_tokens_per_request == 26.0
    assert found.max_tokens_per_second == pytest.approx(100)


def test_first_tokens_and_characters():
    found = measure([*FINE, FAILED], 2.0)
    assert found.average_ttft == pytest.approx(0.06)
    assert found.median_ttft == 0.06
    assert found.p95_ttft == pytest.approx(0.069)
    # 8 / 0.1, 8 / 0.2, 12 / 0.4 of each; 28 in 2 s of all
    assert found.average_chars_per_second == pytest.approx((80 + 40 + 30) / 3)
    assert found.chars_per_second == 14.0


def test_what_was_not_observed_is_none():
    found = measure([FAILED], 2.0)
    observed = {name: value for name, value in found.model_dump().items() if value is not None}
    assert observed == {
        "total_requests": 1,
        "successful_requests": 0,
        "failed_requests": 1,
        "success_rate": 0.0,
        "total_duration": 2.0,
        "requests_per_second": 0.5,
    }


def test_without_usage_there_are_no_tokens():
    found = measure([record(0, (50,), e2e_ms=100, output=None)], 1.0)
    assert found.total_tokens_used is None
    assert found.average_tokens_per_request is None
    assert found.average_tokens_per_second is None
    assert found.average_latency == 0.1


def test_nothing_at_all():
    found = measure([], None)
    assert found.total_requests == 0
    assert found.success_rate is None
    assert found.requests_per_second is None
