"""What the screen shows while a point runs: cheap running figures of the phase, no more exact than a glance needs."""

from collections import deque
from typing import NamedTuple

from harness.metrics import NS_PER_S, per_second, seconds
from harness.outcome import FAILED, Outcome
from harness.record import Record

_RECENT = 1000


class Glance(NamedTuple):
    """The figures of a status line; None where nothing was observed yet."""

    ok: int
    failed: int
    latency_s: float | None
    """Mean E2E latency of the ok requests."""
    chars_per_s_stream: float | None
    """Mean over the ok requests."""
    chars_per_s_total: float | None
    ttft_p95_s: float | None
    """Over the last 1,000 ok requests."""


class Tally:
    """Counts from `since_ns` on."""

    def __init__(self, since_ns: int) -> None:
        self._since_ns = since_ns
        self._ok = 0
        self._failed = 0
        self._latency_s = 0.0
        self._stream_rates = 0.0
        self._chars = 0
        self._ttft_s: deque[float] = deque(maxlen=_RECENT)

    def add(self, record: Record) -> None:
        """Count a request that has ended."""
        self._chars += sum(record.chars)
        if record.outcome in FAILED:
            self._failed += 1
        if record.outcome is not Outcome.OK or not record.ended_us:
            return
        self._ok += 1
        self._latency_s += seconds(record.ended_us)
        self._stream_rates += per_second(sum(record.chars), record.ended_us)
        if record.at_us:
            self._ttft_s.append(seconds(record.at_us[0]))

    def glance(self, now_ns: int) -> Glance:
        """The figures as they stand."""
        elapsed_s = (now_ns - self._since_ns) / NS_PER_S
        ordered = sorted(self._ttft_s)
        return Glance(
            ok=self._ok,
            failed=self._failed,
            latency_s=self._latency_s / self._ok if self._ok else None,
            chars_per_s_stream=self._stream_rates / self._ok if self._ok else None,
            chars_per_s_total=self._chars / elapsed_s if self._ok and elapsed_s > 0 else None,
            ttft_p95_s=ordered[int(0.95 * (len(ordered) - 1))] if ordered else None,
        )
