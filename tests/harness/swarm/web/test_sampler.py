"""What a process sees of its requests: each event once, whether it was seen in flight or at the end."""

from array import array
from itertools import pairwise

import pytest
from locust.env import Environment
from locust.event import Events
from support.plans import plan

from harness.exchange import Content
from harness.outcome import Outcome
from harness.record import Health, Record, Usage
from harness.run import Phases
from harness.swarm.stage import Stage, set_stage
from harness.swarm.users import exchanged
from harness.swarm.web.sampler import Gathered, Sampler


def record(at_us, chars, outcome=Outcome.OK, **facts):
    return Record(
        id="1", run="r", point=1, worker="w0", user=0, seq=1, dialect="chat", model="m", prompt="chat/0", phase="window",
        begun_ns=0, at_us=at_us, chars=chars, outcome=outcome, **facts,
    )  # fmt: skip


def packed(*numbers):
    return array("I", numbers)


def ms(histogram):
    """Least, median and most, in milliseconds, as exact as buckets are."""
    return pytest.approx([value * 1000 for value in histogram.quantiles(0.0, 0.5, 1.0)], rel=0.0101)


def test_an_exchange_that_was_never_seen_in_flight():
    gathered = Gathered()
    gathered.end(record([100_000, 110_000, 140_000], [4, 5, 6], ended_us=150_000), seen=0)
    counts = gathered.counts()
    assert ms(counts.ttft_s) == [100, 100, 100]
    assert ms(counts.itl_s) == [10, 10, 30]
    assert ms(counts.e2e_s) == [150, 150, 150]
    assert gathered.chars == 15
    # 15 characters in 0.15 s
    assert counts.chars_per_s.quantiles(0.5)[0] == pytest.approx(100, rel=0.01)
    assert counts.outcomes == {"ok": 1}


def test_an_exchange_seen_twice_in_flight_and_at_its_end_counts_as_one_that_was_not():
    whole, parts = Gathered(), Gathered()
    at_us, chars = [100, 200, 350, 400, 900], [1, 2, 3, 4, 5]
    whole.end(record(at_us, chars), seen=0)
    parts.arrive(packed(100, 200), packed(1, 2), seen=0)
    parts.arrive(packed(200, 350, 400), packed(2, 3, 4), seen=2)
    parts.end(record(at_us, chars), seen=4)
    assert parts.counts() == whole.counts()
    assert parts.chars == whole.chars == 15


def test_between_two_requests_there_is_no_gap():
    gathered = Gathered()
    gathered.arrive(packed(10_000, 20_000), packed(1, 1), seen=0)
    gathered.arrive(packed(900_000), packed(1), seen=0)
    gathered.arrive(packed(30_000, 50_000), packed(1, 1), seen=0)
    counts = gathered.counts()
    assert counts.itl_s.n == 2
    assert ms(counts.itl_s) == [10, 10, 20]
    assert counts.ttft_s.n == 3


def test_all_that_had_come_was_seen_in_flight_already():
    gathered = Gathered()
    gathered.end(record([100, 200], [1, 2]), seen=2)
    assert gathered.counts().itl_s.n == gathered.counts().ttft_s.n == gathered.chars == 0


@pytest.mark.parametrize("outcome", [Outcome.CUT, Outcome.ABORTED])
def test_what_came_of_a_request_that_failed_is_counted_and_its_duration_is_not(outcome):
    gathered = Gathered()
    gathered.end(record([100, 200], [1, 2], outcome, ended_us=300), seen=0)
    counts = gathered.counts()
    assert (counts.ttft_s.n, counts.itl_s.n, gathered.chars) == (1, 1, 3)
    assert counts.e2e_s.n == counts.chars_per_s.n == 0
    assert counts.outcomes == {outcome.value: 1}


def test_a_request_without_an_answer_is_an_outcome_and_nothing_else():
    gathered = Gathered()
    gathered.end(record([], [], Outcome.CONNECT), seen=0)
    counts = gathered.counts()
    assert counts.outcomes == {"connect": 1}
    assert counts.ttft_s.n == counts.itl_s.n == gathered.chars == 0


def test_tokens_are_counted_with_the_characters_of_the_requests_that_told_them():
    gathered = Gathered()
    gathered.end(record([1], [40], usage=Usage(output=10)), seen=0)
    gathered.end(record([1], [400]), seen=0)
    gathered.end(record([1], [400], usage=Usage(prompt=3)), seen=0)
    counts = gathered.counts()
    assert (counts.told_chars, counts.told_tokens) == (40, 10)


def test_health():
    gathered = Gathered()
    for users in (3, 5):
        line = Health(
            at_ns=0, wall_minus_monotonic_ns=0, elapsed_ns=1, cpu_ns=400, rss_bytes=1, lag_us=[0, 2000], in_flight=1, users=users
        )  # fmt: skip
        gathered.feel(line)
    assert (gathered.users, gathered.cpu_ns) == (5, 800)
    assert gathered.counts().loop_lag_s.zeros == 2
    assert ms(gathered.counts().loop_lag_s) == [0, 0, 2]


def test_nothing_seen_is_nothing_counted():
    counts = Gathered().counts()
    assert counts.outcomes == {}
    assert counts.ttft_s.n == counts.itl_s.n == counts.loop_lag_s.n == 0


def test_many_gaps_are_counted_in_lots_and_all_of_them(monkeypatch):
    monkeypatch.setattr("harness.swarm.web.sampler.VALUES_LOT", 7)
    gathered = Gathered()
    gathered.end(record(list(range(0, 21_000, 1000)), [1] * 21), seen=0)
    counts = gathered.counts()
    assert counts.itl_s.n == 20
    assert ms(counts.itl_s) == [1, 1, 1]


class InFlight:
    """A ledger, as far as the sampler looks at it."""

    def __init__(self, *at_us):
        self.at_us = list(at_us)

    def content_from(self, index):
        return Content(packed(*self.at_us[index:]), packed(*[2] * len(self.at_us[index:])))


@pytest.fixture
def stage(tmp_path):
    made = Stage(plan(tmp_path, "r"), "w0")
    made.point = made.plan.manifest.points[0]
    made.phases = Phases(spawn_ns=0, window_ns=1)
    return made


@pytest.fixture
def sampled(stage):
    """A sampler on an environment with that stage, and what it delivers."""
    environment = Environment(events=Events())
    set_stage(environment, stage)
    delivered = []
    return Sampler(environment, delivered.append), environment, delivered


def test_without_a_run_there_is_nothing_to_tell():
    delivered = []
    Sampler(Environment(events=Events()), delivered.append).cut()
    assert delivered == []


def test_requests_in_flight_are_looked_at_once_an_event(stage, sampled):
    sampler, environment, delivered = sampled
    answering, waiting = InFlight(1000, 2000, 4000), InFlight()
    stage.in_flight = {"1": answering, "2": waiting}
    sampler.cut()
    answering.at_us.append(9000)
    sampler.cut()
    sampler.cut()
    stage.in_flight = {"2": waiting}
    exchanged.fire(record=record([1000, 2000, 4000, 9000, 9500], [2] * 5), environment=environment)
    sampler.cut()
    assert [(each.chars, each.in_flight, each.waiting) for each in delivered] == [
        (6, 2, 1),
        (2, 2, 1),
        (0, 2, 1),
        (2, 1, 1),
    ]
    assert [each.counts.ttft_s.n for each in delivered] == [1, 0, 0, 0]
    assert [each.counts.itl_s.n for each in delivered] == [2, 1, 0, 1]
    assert {(each.run, each.point, each.phase) for each in delivered} == {("r", 1, "window")}
    assert all(before.end_ns == after.begin_ns for before, after in pairwise(delivered))


def test_requests_of_another_environment_are_not_counted(sampled):
    sampler, _, delivered = sampled
    exchanged.fire(record=record([1], [1]), environment=Environment(events=Events()))
    sampler.cut()
    assert delivered[0].counts.outcomes == {}


def test_after_the_run_only_what_ended_late_is_told(stage, sampled):
    sampler, environment, delivered = sampled
    stage.left = True
    sampler.cut()
    assert delivered == []
    exchanged.fire(record=record([], [], Outcome.ABORTED), environment=environment)
    sampler.cut()
    assert [each.counts.outcomes for each in delivered] == [{"aborted": 1}]
