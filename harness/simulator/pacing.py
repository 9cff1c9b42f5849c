"""When tokens are due: a fixed timetable, or a model of an engine that batches. Arithmetic only, no clock.

Both keep an absolute schedule: a due time follows from arrivals and due times, never from when something was
really sent, so that lateness does not add up.
"""

import heapq
import random
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from harness.simulator.options import SimulatorOptions

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
NS_PER_US = 1_000


class Taker(Protocol):
    """Who is called when a token is due: an answer being sent."""

    over: bool
    """True once its client has gone; it is not called again."""
    turns: int

    def emit(self, due_ns: int) -> None: ...


class Arrived(NamedTuple):
    """What the timing of an answer depends on."""

    at_ns: int
    prompt_tokens: int
    seed: int


class Turn(NamedTuple):
    """A token that is due."""

    due_ns: int
    taker: Taker


class Pacing(Protocol):
    """Tokens of all answers in the order in which they are due."""

    def join(self, taker: Taker, arrived: Arrived) -> None: ...

    def next_due_ns(self) -> int | None:
        """None where nothing will be due until somebody joins."""

    def pop(self, now_ns: int) -> Turn | None:
        """The next token, if it is due by now."""


class Timetable:
    """Fixed mode: first token `ttft_ns` after arrival, then one each `itl_ns`, for everyone alike.

    Token k is due at arrival + ttft + k × itl + itl × jitter × u, u uniform in [-0.5, 0.5): a jitter of 1 makes
    gaps of 0 to 2 × itl, never out of order and always with the same mean. With jitter the first token moves within
    half a gap too.
    """

    def __init__(self, ttft_ns: int, itl_ns: int, jitter_ratio: float = 0.0) -> None:
        self._ttft_ns = ttft_ns
        self._itl_ns = itl_ns
        self._spread_ns = itl_ns * jitter_ratio
        self._heap: list[tuple[int, int, _Traveller]] = []
        self._joined = 0

    def join(self, taker: Taker, arrived: Arrived) -> None:
        rng = random.Random(arrived.seed) if self._spread_ns else None  # noqa: S311
        traveller = _Traveller(taker, arrived.at_ns + self._ttft_ns, 0, rng)
        # The number breaks ties between equal due times, in order of arrival.
        self._joined += 1
        heapq.heappush(self._heap, (self._due_ns(traveller), self._joined, traveller))

    def next_due_ns(self) -> int | None:
        return self._heap[0][0] if self._heap else None

    def pop(self, now_ns: int) -> Turn | None:
        heap = self._heap
        while heap and heap[0][0] <= now_ns:
            due_ns, number, traveller = heap[0]
            taker = traveller.taker
            traveller.index += 1
            if traveller.index < taker.turns and not taker.over:
                heapq.heapreplace(heap, (self._due_ns(traveller), number, traveller))
            else:
                heapq.heappop(heap)
            if not taker.over:
                return Turn(due_ns, taker)
        return None

    def _due_ns(self, traveller: "_Traveller") -> int:
        due_ns = traveller.first_ns + traveller.index * self._itl_ns
        if traveller.rng is not None:
            due_ns += round(self._spread_ns * (traveller.rng.random() - 0.5))
        return due_ns


@dataclass(slots=True)
class _Traveller:
    taker: Taker
    first_ns: int
    index: int
    rng: random.Random | None
    """None where there is no jitter."""


class Engine:
    """The engine model: a bounded batch, a FIFO queue before it, one token per running request and step.

    A step begins where the one before ended, or with the arrival that ends idleness. At its begin waiting requests that
    had arrived by then are admitted while the batch has room. It lasts
    step + step_per_seq × requests in the batch + prefill × prompt tokens admitted in it: prefill is not chunked and
    holds up everyone, as in engines without chunked prefill. At its end every running request gets one token.
    """

    def __init__(self, *, max_batch: int, step_ns: int, step_per_seq_ns: int, prefill_ns: int) -> None:
        self._max_batch = max_batch
        self._step_ns = step_ns
        self._step_per_seq_ns = step_per_seq_ns
        self._prefill_ns = prefill_ns
        self._waiting: deque[_Job] = deque()
        self._running: list[_Job] = []
        self._served = 0
        self._end_ns: int | None = None

    def join(self, taker: Taker, arrived: Arrived) -> None:
        self._waiting.append(_Job(taker, arrived, taker.turns))
        if self._end_ns is None:
            self._begin(arrived.at_ns)

    def next_due_ns(self) -> int | None:
        return self._end_ns

    def pop(self, now_ns: int) -> Turn | None:
        while self._end_ns is not None and self._end_ns <= now_ns:
            while self._served < len(self._running):
                job = self._running[self._served]
                self._served += 1
                job.left -= 1
                if not job.taker.over:
                    return Turn(self._end_ns, job.taker)
            self._conclude(self._end_ns)
        return None

    def _conclude(self, end_ns: int) -> None:
        self._running = [job for job in self._running if job.left and not job.taker.over]
        self._forget_gone()
        if self._running:
            self._begin(end_ns)
        elif self._waiting:
            self._begin(max(end_ns, self._waiting[0].arrived.at_ns))
        else:
            self._end_ns = None

    def _begin(self, at_ns: int) -> None:
        prompt_tokens = 0
        while self._has_room() and self._waiting and self._waiting[0].arrived.at_ns <= at_ns:
            job = self._waiting.popleft()
            if not job.taker.over:
                self._running.append(job)
                prompt_tokens += job.arrived.prompt_tokens
        self._served = 0
        batch_ns = self._step_per_seq_ns * len(self._running)
        self._end_ns = at_ns + self._step_ns + batch_ns + self._prefill_ns * prompt_tokens

    def _has_room(self) -> bool:
        return len(self._running) < self._max_batch

    def _forget_gone(self) -> None:
        while self._waiting and self._waiting[0].taker.over:
            self._waiting.popleft()


@dataclass(slots=True)
class _Job:
    taker: Taker
    arrived: Arrived
    left: int


def pacing_for(options: SimulatorOptions) -> Pacing:
    """The mode that was asked for."""
    if options.ttft_s is not None and options.itl_s is not None:
        return Timetable(round(options.ttft_s * NS_PER_S), round(options.itl_s * NS_PER_S), options.jitter_ratio)
    return Engine(
        max_batch=options.max_batch,
        step_ns=round(options.step_ms * NS_PER_MS),
        step_per_seq_ns=round(options.step_ms_per_seq * NS_PER_MS),
        prefill_ns=round(options.prefill_us * NS_PER_US),
    )
