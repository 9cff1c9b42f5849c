import math

import locust.stats
import pytest
from locust.env import Environment
from support.folders import record, refused

from harness.outcome import FAILED, NOT_JUDGED, Outcome
from harness.swarm import books


@pytest.fixture
def environment():
    """One whose runner counts requests, as Locust's do."""
    environment = Environment()
    runner = environment.create_local_runner()
    yield environment
    runner.quit()


class Heard(list):
    """The request events of an environment."""

    def __init__(self, environment):
        super().__init__()
        environment.events.request.add_listener(self._hear)

    def _hear(self, **event):
        self.append(event)


def post(environment, *records, context=None):
    for each in records:
        books.post(environment, each, wall_s=12.5, url="http://h", context=context or {})


@pytest.mark.parametrize(
    ("exact", "bucket"),
    [
        (0, 0.0),
        (0.01234, 0.0123),
        (1, 1.0),
        (99.96, 100.0),
        (123.4, 123.0),
        (147, 147.0),
        # Python rounds half to even.
        (1234.5, 1230.0),
        (1235.1, 1240.0),
        (58_760, 58_800.0),
    ],
)
def test_three_digits(exact, bucket):
    assert books.three_digits(exact) == bucket


def test_three_digits_are_within_half_a_percent():
    for tenths in range(1, 100_000, 7):
        exact = tenths / 10
        assert math.isclose(books.three_digits(exact), exact, rel_tol=0.00501)


def test_locust_counts_by_three_digits():
    assert locust.stats.bucket_response_time is books.three_digits


def test_an_exchange_is_one_request_event(environment):
    heard = Heard(environment)
    # 900 bytes in 145 ms: the last event at 140 ms and 5 ms after it.
    post(environment, record(point=3), context={"mine": 1})
    assert heard == [
        {
            "request_type": "POST",
            "name": "chat",
            "response_time": 145.0,
            "response_length": 900,
            "exception": None,
            "context": {"mine": 1, "llocust_point": 3},
            "start_time": 12.5,
            "url": "http://h",
        }
    ]


@pytest.mark.parametrize("outcome", sorted(FAILED))
def test_a_failed_exchange_is_one_failure(environment, outcome):
    heard = Heard(environment)
    post(environment, refused(outcome=outcome, status=None))
    assert [str(event["exception"]) for event in heard] == [outcome.value]
    assert (environment.stats.total.num_requests, environment.stats.total.num_failures) == (1, 1)


def test_a_failure_that_was_never_sent_is_counted_without_a_time(environment):
    never = refused(outcome="connect", status=None, sent_ns=None, ended_us=None)
    post(environment, never)
    post(environment, record())
    balance = books.balance(environment, {"chat"})
    assert (balance.requests, balance.failures) == (2, 1)
    assert (balance.total.requests, balance.total.min_ms, balance.total.mean_ms) == (2, 145.0, 145.0)


@pytest.mark.parametrize("outcome", sorted(NOT_JUDGED))
def test_what_is_not_judged_is_no_event(environment, outcome):
    heard = Heard(environment)
    post(environment, record(outcome=outcome))
    assert heard == []
    assert books.balance(environment, {"chat"}).requests == 0
    assert not environment.stats.entries


def test_every_outcome_is_ok_failed_or_not_judged():
    assert {Outcome.OK} | FAILED | NOT_JUDGED == set(Outcome)


def test_failures_are_grouped_by_outcome_and_status_and_not_by_request(environment):
    post(environment, refused(seq=1), refused(seq=2), refused(outcome="refused_429", status=429))
    assert books.balance(environment, {"chat"}).errors == {"chat: server_5xx (503)": 2, "chat: refused_429 (429)": 1}


def test_own_rows_leave_aggregated_alone(environment):
    # TTFT 100 and 300 ms; 12 characters in 200 ms and in 400 ms are 60 and 30 a second.
    post(environment, record(0, (100, 120, 140), e2e_ms=200), record(0, (300, 320, 340), e2e_ms=400))
    post(environment, refused())
    balance = books.balance(environment, {"chat"})
    assert (balance.requests, balance.failures) == (3, 1)
    assert (balance.total.requests, balance.total.failures) == (3, 1)
    assert [(row.name, row.method, row.requests, row.failures) for row in balance.entries] == [("chat", "POST", 3, 1)]
    # Of 200, 400 and 1 ms.
    assert balance.total.mean_ms == pytest.approx(601 / 3)
    ttft, chars = balance.own
    assert (ttft.name, ttft.method, ttft.requests, ttft.mean_ms, ttft.min_ms, ttft.max_ms) == (
        ("TTFT (ms)", "LLM", 2, 200.0, 100.0, 300.0)
    )
    assert (chars.name, chars.method, chars.requests, chars.mean_ms, chars.min_ms, chars.max_ms) == (
        ("chars/s per stream", "LLM", 2, 45.0, 30.0, 60.0)
    )


def test_several_dialects_are_counted_together(environment):
    post(environment, record(), record(dialect="messages"), refused(dialect="messages"), record(dialect="gemini"))
    balance = books.balance(environment, {"chat", "messages"})
    assert (balance.requests, balance.failures) == (3, 1)
    assert balance.total.requests == 4


def test_an_answer_of_tokens_without_content_has_no_ttft(environment):
    post(environment, record(0, (), output=1, e2e_ms=10))
    assert [row.name for row in books.balance(environment, {"chat"}).own] == ["chars/s per stream"]


def test_other_requests_of_a_user_are_not_ours(environment):
    environment.events.request.fire(
        request_type="GET", name="/login", response_time=3.0, response_length=1, exception=None, context={}
    )
    post(environment, record())
    balance = books.balance(environment, {"chat"})
    assert (balance.requests, balance.failures, balance.total.requests) == (1, 0, 2)
    assert [row.name for row in balance.entries] == ["/login", "chat"]


def test_nothing_happened(environment):
    balance = books.balance(environment, {"chat"})
    assert (balance.requests, balance.failures, balance.entries, balance.own, balance.errors) == (0, 0, [], [], {})
    assert (balance.total.median_ms, balance.total.mean_ms, balance.total.p99_ms) == (None, None, None)
    assert balance.total.requests_per_s == 0


def test_events_are_counted_by_point(environment):
    counts = books.EventCounts(environment)
    post(environment, record(point=1), record(point=2), refused(point=2), record(point=2, outcome="aborted"))
    environment.events.request.fire(
        request_type="GET", name="/login", response_time=3.0, response_length=1, exception=None, context={}
    )
    assert (counts.requests, counts.failures) == ({1: 1, 2: 2}, {1: 0, 2: 1})
