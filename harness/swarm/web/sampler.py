"""What one load process sees, cut into slices of about a second.

It counts what has arrived of requests in flight as well as what has ended. Stamps are gathered as they are, in packed
arrays, and worked out once a slice, many at a time; the requests in flight are looked through in small lots, so that no
read waits for long.
"""

import time
from array import array
from collections import Counter
from collections.abc import Callable
from typing import Any

import gevent
import numpy as np
from gevent.event import Event
from locust.env import Environment

from harness.exchange import Ledger
from harness.histogram import Histogram
from harness.live import Counts, Slice
from harness.metrics import per_second, seconds
from harness.outcome import Outcome
from harness.record import Health, Record
from harness.swarm.health import pulse
from harness.swarm.stage import Stage, current_stage
from harness.swarm.users import exchanged

Numbers = np.ndarray[Any, Any]

LOT = 100
"""Requests in flight that are looked at in one go, which takes about 0.2 ms."""
VALUES_LOT = 10_000
"""Values that are put into buckets in one go, which takes about 0.3 ms."""
LONGEST_S = 1.5
"""A slice ends then at the latest. As a rule the health probe's line ends it, each second and at the edges of windows."""


class Sampler:
    """Watches one environment. Each slice goes to `deliver`."""

    def __init__(self, environment: Environment, deliver: Callable[[Slice], None]) -> None:
        self._environment = environment
        self._deliver = deliver
        self._woken = Event()
        self._seen: dict[str, int] = {}  # of each request in flight: how many of its events have been counted
        self._gathered = Gathered()
        self._begin_ns = time.monotonic_ns()
        exchanged.add_listener(self._note)
        pulse.add_listener(self._feel)
        gevent.spawn(self._watch)

    def _watch(self) -> None:
        while True:
            self._woken.wait(LONGEST_S)
            self._woken.clear()
            self.cut()

    def _feel(self, health: Health, **_: object) -> None:
        self._gathered.feel(health)
        self._woken.set()

    def _note(self, record: Record, environment: Environment, **_: object) -> None:
        if environment is self._environment:
            self._gathered.end(record, self._seen.pop(record.id, 0))

    def cut(self) -> None:
        """End the slice, and begin the next."""
        stage = current_stage(self._environment)
        if stage is None:
            return
        waiting = self._look(stage)
        gathered, self._gathered = self._gathered, Gathered()
        begin_ns, self._begin_ns = self._begin_ns, time.monotonic_ns()
        if stage.left and not gathered.ended:
            return
        piece = Slice(
            run=stage.plan.manifest.id,
            point=stage.point.index if stage.point is not None else 0,
            # Its edges lie where phases change, give or take the time of waking up.
            phase=stage.phases.at((begin_ns + self._begin_ns) // 2),
            begin_ns=begin_ns,
            end_ns=self._begin_ns,
            chars=gathered.chars,
            in_flight=len(stage.in_flight),
            waiting=waiting,
            users=gathered.users,
            cpu_ns=gathered.cpu_ns,
            counts=gathered.counts(),
        )
        self._deliver(piece)

    def _look(self, stage: Stage) -> int:
        """Count what has come in of the requests in flight; how many of them wait for their first content."""
        waiting = 0
        for number, (request_id, ledger) in enumerate(list(stage.in_flight.items()), 1):
            if request_id in stage.in_flight:  # it may have ended while others were served
                waiting += self._count(request_id, ledger) == 0
            if number % LOT == 0:
                gevent.sleep(0)
        return waiting

    def _count(self, request_id: str, ledger: Ledger) -> int:
        seen = self._seen.get(request_id, 0)
        content = ledger.content_from(max(seen - 1, 0))
        events = max(seen - 1, 0) + len(content.at_us)
        if events > seen:
            self._gathered.arrive(content.at_us, content.chars, seen)
            self._seen[request_id] = events
        return events


class Gathered:
    """What was seen since the last cut, not worked out yet."""

    def __init__(self) -> None:
        self.chars = 0
        self.users = 0
        self.cpu_ns = 0
        self.ended = 0
        self._at_us = array("I")
        self._begins: list[int] = []
        self._ttft_us = array("q")
        self._e2e_us = array("q")
        self._rates = array("d")
        self._lag_us = array("q")
        self._outcomes: Counter[str] = Counter()
        self._told_chars = 0
        self._told_tokens = 0

    def arrive(self, at_us: "array[int]", chars: "array[int]", seen: int) -> None:
        """Content events of a request, from the last one that was counted on; from the first, where `seen` is 0."""
        if seen == 0:
            self._ttft_us.append(at_us[0])
        self.chars += sum(chars) if seen == 0 else sum(chars) - chars[0]
        self._begins.append(len(self._at_us))
        self._at_us.extend(at_us)

    def end(self, record: Record, seen: int) -> None:
        """A request has ended; `seen` of its events were counted before."""
        self.ended += 1
        self._outcomes[record.outcome.value] += 1
        if len(record.at_us) > seen:
            begin = max(seen - 1, 0)
            self.arrive(array("I", record.at_us[begin:]), array("I", record.chars[begin:]), seen)
        if record.outcome is Outcome.OK and record.ended_us:
            self._e2e_us.append(record.ended_us)
            self._rates.append(per_second(sum(record.chars), record.ended_us))
        if record.usage is not None and record.usage.output is not None and record.chars:
            self._told_chars += sum(record.chars)
            self._told_tokens += record.usage.output

    def feel(self, health: Health) -> None:
        """A line of the health probe."""
        self._lag_us.extend(health.lag_us)
        self.cpu_ns += health.cpu_ns
        self.users = health.users

    def counts(self) -> Counts:
        """Worked out."""
        return Counts(
            ttft_s=_histogram(seconds(_numbers(self._ttft_us))),
            itl_s=_histogram(seconds(self._gaps_us())),
            e2e_s=_histogram(seconds(_numbers(self._e2e_us))),
            chars_per_s=_histogram(_numbers(self._rates)),
            loop_lag_s=_histogram(seconds(_numbers(self._lag_us))),
            outcomes=dict(self._outcomes),
            told_chars=self._told_chars,
            told_tokens=self._told_tokens,
        )

    def _gaps_us(self) -> Numbers:
        gaps = np.diff(_numbers(self._at_us).astype(np.int64))
        # Where one request's stamps end and another's begin there is no gap.
        within = np.ones(len(gaps), dtype=bool)
        within[np.array(self._begins[1:], dtype=int) - 1] = False
        return gaps[within]


def _numbers(packed: "array[int] | array[float]") -> Numbers:
    return np.frombuffer(packed, dtype=packed.typecode)


def _histogram(values: Numbers) -> Histogram:
    histogram = Histogram()
    histogram.add(values[:VALUES_LOT])
    for begin in range(VALUES_LOT, len(values), VALUES_LOT):
        gevent.sleep(0)
        histogram.add(values[begin : begin + VALUES_LOT])
    return histogram
