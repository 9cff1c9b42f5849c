"""Which stamps are bounded, and by how much, when the reader was not looking. The request is sent at 2 s of the clock."""

import json

import pytest

from harness.call import Arrival, Head
from harness.dialects import DIALECTS
from harness.dialects.ask import Ask
from harness.exchange import Identity, Ledger, exchange
from harness.outcome import Outcome
from harness.record import Lag, Record
from harness.testset import Message

SENT_NS = 2_000_000_000
IDENTITY = Identity(id="i", run="r", point=1, worker="w0", user=0, seq=1, prompt="chat/1")
ASK = Ask(id="i", url="http://h/v1/chat/completions", model="m", messages=(Message("user", "x"),), max_tokens=8)


def ns(ms) -> int:
    return round(ms * 1_000_000)


def chunk(delta=None, finish=None, **more) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return b"data: " + json.dumps({"choices": choices, **more}).encode() + b"\n\n"


A, B, C = (chunk({"content": letter}) for letter in "abc")
ROLE = chunk({"role": "assistant", "content": ""})
FINISH = chunk({}, "stop")
USAGE = chunk(usage={"prompt_tokens": 1, "completion_tokens": 3})
DONE = b"data: [DONE]\n\n"


def read(ms, data, age_ms=0.04, unseen_ms=0.0) -> Arrival:
    """Stamped so many milliseconds after the sending."""
    age_ns = None if age_ms is None else ns(age_ms)
    return Arrival(SENT_NS + ns(ms), data, age_ns, ns(unseen_ms))


def heard(*arrivals) -> Record:
    class Wire:
        def send(self, call, listener):
            listener.connected(500)
            listener.sent(SENT_NS, 400)
            listener.opened(Head(SENT_NS + ns(1), 200, "text/event-stream", None))
            for arrival in arrivals:
                listener.arrived(arrival)
            listener.ended(arrivals[-1].at_ns)

    dialect = DIALECTS["chat"]
    ledger = Ledger(IDENTITY, ASK, dialect, 0)
    call = dialect.encode(ASK)
    return exchange(ledger, call, Wire(), lambda: SENT_NS, lambda ledger, now_ns: ledger.close(now_ns, "window"))


BOUNDS = {
    "a prompt reader bounds nothing": ([read(100, A + B + FINISH)], []),
    # One event, and nothing behind it: the stamp is its own, however long it lay there.
    "one event of its own": ([read(100, A, 30, 30), read(120, FINISH)], []),
    # The first may have come up to 30 ms before the second.
    "the first of two": ([read(100, A + B, 30, 30), read(120, FINISH)], [(0, 30_000)]),
    "two of three": ([read(100, A + B + C, 30, 30), read(120, FINISH)], [(0, 30_000), (1, 30_000)]),
    # The read before ended at 90: nothing of this one is older than 100 - 90.
    "not before the last read": ([read(90, A), read(100, B + C, 30, 30), read(120, FINISH)], [(1, 10_000)]),
    # A read without content counts as well: the role came at 95.
    "not before a read without content": ([read(95, ROLE), read(100, A + B, 30, 30), read(120, FINISH)], [(0, 5_000)]),
    "not before the sending": ([read(20, A + B, 50, 50), read(40, FINISH)], [(0, 20_000)]),
    # The stamp belongs to a segment with a part of the next event.
    "a part of the next behind it": (
        [read(100, A + B[:9], 30, 30), read(101, B[9:]), read(120, FINISH)],
        [(0, 30_000)],
    ),
    "the end of one and a whole one": (
        [read(90, A[:9]), read(100, A[9:] + B, 30, 30), read(120, FINISH)],
        [(0, 10_000)],
    ),
    "the end of one, alone": ([read(90, A[:9]), read(100, A[9:], 30, 30), read(120, FINISH)], []),
    "a finish behind it": ([read(100, A + FINISH, 30, 30)], [(0, 30_000)]),
    "usage behind it": ([read(100, A + USAGE, 30, 30), read(120, FINISH)], [(0, 30_000)]),
    "the end behind it": ([read(100, A + DONE, 30, 30)], [(0, 30_000)]),
    "a comment behind it": ([read(100, A + b": ping\n\n", 30, 30), read(120, FINISH)], [(0, 30_000)]),
    "nothing with content": ([read(90, A), read(120, FINISH + USAGE + DONE, 30, 30)], []),
    # 0.999999 ms is exact, 1 ms is not.
    "less than counts": ([read(100, A + B, 1, 0.999999), read(120, FINISH)], []),
    "just what counts": ([read(100, A + B, 1, 1), read(120, FINISH)], [(0, 1_000)]),
    "less than counts since the last read": ([read(99.5, A), read(100, B + C, 30, 30), read(120, FINISH)], []),
    # The reader's own clock says when it read, not when the last of it came.
    "without a kernel's stamp, also the last": (
        [read(100, A + B, None, 30), read(120, FINISH)],
        [(0, 30_000), (1, 30_000)],
    ),
    "without a kernel's stamp, also a single one": ([read(100, A, None, 30), read(120, FINISH)], [(0, 30_000)]),
    "each read by itself": (
        [read(50, A + B, 20, 20), read(100, C + A, 40, 40), read(120, FINISH)],
        [(0, 20_000), (2, 40_000)],
    ),
}


@pytest.mark.parametrize(("arrivals", "bound_us"), BOUNDS.values(), ids=BOUNDS)
def test_bounds(arrivals, bound_us):
    record = heard(*arrivals)
    assert record.bound_us == bound_us
    assert record.outcome is Outcome.OK


def test_a_bounded_event_keeps_the_stamp_of_its_read():
    record = heard(read(100, A + B, 30, 30), read(120, FINISH))
    assert record.at_us == [100_000, 100_000]


def test_what_came_before_an_unreadable_event_is_bounded_too():
    record = heard(read(100, A + B + b"data: {]\n\n", 30, 30))
    assert (record.outcome, record.text) == (Outcome.MALFORMED, "ab")
    assert record.bound_us == [(0, 30_000), (1, 30_000)]


AGES = {
    # Lower middle and largest, in µs.
    "one": ([0.04], Lag(40, 40)),
    "two": ([0.9, 0.04], Lag(40, 900)),
    "three": ([3, 1, 2], Lag(2000, 3000)),
    "four": ([4, 3, 2, 1], Lag(2000, 4000)),
    "some unknown": ([None, 5, None, 1], Lag(1000, 5000)),
    "all unknown": ([None, None], None),
    "below a microsecond": ([0.0009], Lag(0, 0)),
}


@pytest.mark.parametrize(("ages_ms", "lag_us"), AGES.values(), ids=AGES)
def test_ages(ages_ms, lag_us):
    reads = [read(100 + at, A, age_ms) for at, age_ms in enumerate(ages_ms)]
    assert heard(*reads, read(300, FINISH, None)).lag_us == lag_us
