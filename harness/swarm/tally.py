"""What the screen shows while a point runs: cheap running figures of the phase, no more exact than a glance needs."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from harness.metrics import NS_PER_S, per_second, seconds
from harness.outcome import FAILED, Outcome
from harness.record import Record

_RECENT = 1000
_STEPS = 40
"""Quantiles of the recent times that stand for all of them, 2.5 % apart."""


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


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What load processes count, to be added up."""

    elapsed_s: float = 0.0
    ok: int = 0
    failed: int = 0
    latency_s: float = 0.0
    stream_rates: float = 0.0
    chars: int = 0
    ttft_s: list[float] = []
    """Quantiles of the recent ones, from the least to the greatest."""
    ttft_n: int = 0
    """How many times those quantiles stand for."""


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

    def totals(self, now_ns: int) -> Totals:
        """The counts as they stand."""
        return Totals(
            elapsed_s=(now_ns - self._since_ns) / NS_PER_S,
            ok=self._ok,
            failed=self._failed,
            latency_s=self._latency_s,
            stream_rates=self._stream_rates,
            chars=self._chars,
            ttft_s=_quantiles(sorted(self._ttft_s)),
            ttft_n=len(self._ttft_s),
        )


def glance(parts: Sequence[Totals]) -> Glance:
    """The figures of all load processes together."""
    ok = sum(part.ok for part in parts)
    elapsed_s = max((part.elapsed_s for part in parts), default=0.0)
    return Glance(
        ok=ok,
        failed=sum(part.failed for part in parts),
        latency_s=sum(part.latency_s for part in parts) / ok if ok else None,
        chars_per_s_stream=sum(part.stream_rates for part in parts) / ok if ok else None,
        chars_per_s_total=sum(part.chars for part in parts) / elapsed_s if ok and elapsed_s > 0 else None,
        ttft_p95_s=_p95(parts),
    )


def _quantiles(ordered: Sequence[float]) -> list[float]:
    if len(ordered) <= _STEPS:
        return list(ordered)
    return [ordered[step * (len(ordered) - 1) // _STEPS] for step in range(_STEPS + 1)]


def _p95(parts: Iterable[Totals]) -> float | None:
    # Each quantile stands for an equal share of its process's times.
    weighed = sorted((value, part.ttft_n / len(part.ttft_s)) for part in parts for value in part.ttft_s)
    counted, wanted = 0.0, 0.95 * (sum(weight for _, weight in weighed) - 1)
    for value, weight in weighed:
        counted += weight
        if counted > wanted:
            return value
    return None
