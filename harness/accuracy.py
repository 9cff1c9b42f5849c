"""What a client saw against what a server sent, joined request by request: the client's own error. Pure.

Both sides stamp on one CLOCK_MONOTONIC, so an error is a plain difference of stamps: the client's first content stamp minus
the server's first content send, a gap minus its gap, the client's end minus the server's last send. The way through the
loopback, some tens of microseconds, is inside.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.metrics import NS_PER_S
from harness.outcome import Outcome
from harness.record import Health, Record

_SHOWN = (50.0, 99.0, 100.0)
NOTICED_NS = 1_000_000
"""A stamp that is late by less than this counts as exact."""

Nanoseconds = NDArray[np.int64]


class Sent(msgspec.Struct, frozen=True):
    """What the server did for one request, by the names of its log. CLOCK_MONOTONIC nanoseconds."""

    id: str
    received_ns: int
    sent_ns: list[int]
    """Just before the send of each content event."""
    last_send_ns: int | None
    """Just before the last send of the body; None if there was none."""
    ended_ns: int | None
    late_us: list[int] = []
    """How late each send was, by the server's own plan."""


class Seen(msgspec.Struct, frozen=True):
    """What the client noted of one request, on the same clock."""

    id: str
    sent_ns: int
    at_ns: list[int]
    """Arrival of each content event."""
    ended_ns: int | None
    """The end of the body; None if it was not reached."""


class Span(NamedTuple):
    """[begin, end) on CLOCK_MONOTONIC, nanoseconds."""

    begin_ns: int
    end_ns: int

    def holds(self, at_ns: int) -> bool:
        return self.begin_ns <= at_ns < self.end_ns


class Spread(NamedTuple):
    """Percentiles by linear interpolation; None where there is nothing."""

    n: int
    p50: float | None
    p99: float | None
    max: float | None


class Figures(NamedTuple):
    """What a client and the server say of the same quantity, in seconds."""

    p50_client: float | None
    p50_server: float | None
    p99_client: float | None
    p99_server: float | None


class Accuracy(NamedTuple):
    """Absolute errors of single requests and gaps, in seconds; figures of TTFT side by side; who was in flight.

    A TTFT is counted where it was sent in the span, a gap where its later event was sent by the server in it, an E2E where
    the client saw its end in it.
    """

    ttft_error_s: Spread
    itl_error_s: Spread
    e2e_error_s: Spread
    ttft: Figures
    late_s: Spread
    """Of the server's own sends against its plan: how good the truth is as a load."""
    concurrency: float
    """Requests that the server had in hand, mean over the span: from their coming to the last send of their answer."""
    tokens: int
    """Content events that the server sent in the span."""


class _Joined:
    """Numbers in the making, in nanoseconds."""

    def __init__(self) -> None:
        self.ttft_error = array("q")
        self.itl_error: list[Nanoseconds] = []
        self.e2e_error = array("q")
        self.ttft_client = array("q")
        self.ttft_server = array("q")

    def add(self, seen: Seen, sent: Sent, span: Span) -> None:
        if seen.at_ns and sent.sent_ns and span.holds(seen.sent_ns):
            self.ttft_error.append(seen.at_ns[0] - sent.sent_ns[0])
            self.ttft_client.append(seen.at_ns[0] - seen.sent_ns)
            self.ttft_server.append(sent.sent_ns[0] - sent.received_ns)
        if seen.ended_ns is not None and sent.last_send_ns is not None and span.holds(seen.ended_ns):
            self.e2e_error.append(seen.ended_ns - sent.last_send_ns)
        self.itl_error.append(_gap_errors(seen.at_ns, sent.sent_ns, span))


def _gap_errors(at_ns: Sequence[int], sent_ns: Sequence[int], span: Span) -> Nanoseconds:
    # An answer that was broken off has been sent further than it has been seen.
    both = min(len(at_ns), len(sent_ns))
    seen, sent = (np.asarray(stamps[:both], dtype=np.int64) for stamps in (at_ns, sent_ns))
    inside = (sent[1:] >= span.begin_ns) & (sent[1:] < span.end_ns)
    errors: Nanoseconds = (np.diff(seen) - np.diff(sent))[inside]
    return errors


def compare(seen: Iterable[Seen], sent: Mapping[str, Sent], span: Span) -> Accuracy:
    """Join what was seen with what was sent, by id. What the server never got is left out."""
    joined = _Joined()
    for one in seen:
        if one.id in sent:
            joined.add(one, sent[one.id], span)
    late_us = _inside(sent.values(), span)
    return Accuracy(
        ttft_error_s=spread(np.abs(joined.ttft_error)),
        itl_error_s=spread(np.abs(np.concatenate([*joined.itl_error, np.empty(0, np.int64)]))),
        e2e_error_s=spread(np.abs(joined.e2e_error)),
        ttft=_figures(spread(joined.ttft_client), spread(joined.ttft_server)),
        late_s=spread(late_us * 1000),
        concurrency=concurrency(sent.values(), span),
        tokens=late_us.size,
    )


def _figures(client: Spread, server: Spread) -> Figures:
    return Figures(client.p50, server.p50, client.p99, server.p99)


def spread(errors_ns: "array[int] | Nanoseconds") -> Spread:
    """Nanoseconds in, seconds out."""
    values = np.asarray(errors_ns, dtype=np.float64) / NS_PER_S
    if not values.size:
        return Spread(0, None, None, None)
    p50, p99, most = np.percentile(values, _SHOWN).tolist()
    return Spread(values.size, p50, p99, most)


def _inside(sent: Iterable[Sent], span: Span) -> Nanoseconds:
    """Lateness of the sends in the span, in microseconds."""
    parts = [np.empty(0, np.int64)]
    for one in sent:
        at_ns = np.asarray(one.sent_ns, dtype=np.int64)
        late_us = np.asarray(one.late_us, dtype=np.int64)[: at_ns.size]
        parts.append(late_us[(at_ns >= span.begin_ns) & (at_ns < span.end_ns)])
    return np.concatenate(parts)


def concurrency(sent: Iterable[Sent], span: Span) -> float:
    """Mean number of requests between their coming and their last send (or end, where it broke off), over the span."""
    total_ns = 0
    for one in sent:
        last_ns = _last_ns(one, span)
        total_ns += max(min(last_ns, span.end_ns) - max(one.received_ns, span.begin_ns), 0)
    return total_ns / (span.end_ns - span.begin_ns)


def _last_ns(one: Sent, span: Span) -> int:
    # What was still being answered when the log was read has no end yet.
    if one.ended_ns is None:
        return span.end_ns
    return one.last_send_ns if one.last_send_ns is not None else one.ended_ns


def seen(record: Record) -> Seen:
    """A record that was sent, as the comparison wants it."""
    assert record.sent_ns is not None
    sent_ns = record.sent_ns
    ended_us = record.ended_us if record.outcome is Outcome.OK else None
    return Seen(
        id=record.id,
        sent_ns=sent_ns,
        at_ns=[sent_ns + at_us * 1000 for at_us in record.at_us],
        ended_ns=None if ended_us is None else sent_ns + ended_us * 1000,
    )


def bounded_ratio(records: Iterable[Record], span: Span) -> float:
    """Share of the content events that arrived in the span whose stamp is bounded rather than exact; 0 of none is 0."""
    bounded, events = 0, 0
    for record in records:
        inside = [span.holds((record.sent_ns or 0) + at_us * 1000) for at_us in record.at_us]
        bounded += sum(inside[index] for index, _ in record.bound_us)
        events += sum(inside)
    return bounded / events if events else 0.0


def unmarked_ratio(records: Iterable[Record], sent: Mapping[str, Sent], span: Span) -> float:
    """Share of the content events sent in the span whose stamp is later than the send by more than its record admits.

    A record admits NOTICED_NS, and of a bounded event what `bound_us` says beside it.
    """
    unmarked, events = 0, 0
    for record in records:
        if record.sent_ns is None or record.id not in sent:
            continue
        bounds_us = dict(record.bound_us)
        for index, (at_us, sent_ns) in enumerate(zip(record.at_us, sent[record.id].sent_ns, strict=False)):
            if span.holds(sent_ns):
                events += 1
                admitted_ns = NOTICED_NS + bounds_us.get(index, 0) * 1000
                unmarked += record.sent_ns + at_us * 1000 - sent_ns > admitted_ns
    return unmarked / events if events else 0.0


def cpu_ratio(health: Iterable[Health], span: Span) -> float | None:
    """CPU time of the load process / time, over the lines that lie wholly in the span."""
    inside = [line for line in health if span.begin_ns <= line.at_ns - line.elapsed_ns and line.at_ns <= span.end_ns]
    elapsed_ns = sum(line.elapsed_ns for line in inside)
    return sum(line.cpu_ns for line in inside) / elapsed_ns if elapsed_ns else None
