"""The metrics of POST /benchmark: formulas over the records of a run. Pure.

Latencies are those of successful requests, sent to last byte, in seconds; percentiles by linear interpolation. None is
"not observed", and is never 0.
"""

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel

from harness.outcome import NOT_JUDGED, Outcome
from harness.record import Record

_US_PER_S = 1_000_000


class Metrics(BaseModel):
    """Of one point. Latencies in seconds, the success rate in percent."""

    total_requests: int
    successful_requests: int
    failed_requests: int
    """All that did not succeed."""
    success_rate: float | None
    """Successful / total, 0 to 100."""
    average_latency: float | None
    median_latency: float | None
    min_latency: float | None
    max_latency: float | None
    p95_latency: float | None
    p99_latency: float | None
    average_tokens_per_second: float | None
    """Of a request: output tokens / latency."""
    median_tokens_per_second: float | None
    max_tokens_per_second: float | None
    total_tokens_used: int | None
    """Prompt and output, as the server counted them, also of requests that failed."""
    average_tokens_per_request: float | None
    """Over the requests whose tokens were counted."""
    total_duration: float | None
    """First send to last end."""
    requests_per_second: float | None
    """Requests that came to an end of their own / total duration."""
    average_ttft: float | None
    """Sent to first content."""
    median_ttft: float | None
    p95_ttft: float | None
    p99_ttft: float | None
    average_chars_per_second: float | None
    """Of a request: characters / latency."""
    chars_per_second: float | None
    """Of all successful requests together / total duration."""


def measure(records: Sequence[Record], duration_s: float | None) -> Metrics:
    """`duration_s`: from the first request's sending to the last one's end."""
    fine = [record for record in records if record.outcome is Outcome.OK]
    judged = sum(record.outcome not in NOT_JUDGED for record in records)
    latencies = _known([latency_s(record) for record in fine])
    speeds = _known([tokens_per_s(record) for record in fine])
    ttfts = _known([ttft_s(record) for record in fine])
    used = _known([tokens_used(record) for record in records])
    return Metrics(
        total_requests=len(records),
        successful_requests=len(fine),
        failed_requests=len(records) - len(fine),
        success_rate=100 * len(fine) / len(records) if records else None,
        average_latency=_mean(latencies),
        median_latency=_percentile(latencies, 50),
        min_latency=min(latencies, default=None),
        max_latency=max(latencies, default=None),
        p95_latency=_percentile(latencies, 95),
        p99_latency=_percentile(latencies, 99),
        average_tokens_per_second=_mean(speeds),
        median_tokens_per_second=_percentile(speeds, 50),
        max_tokens_per_second=max(speeds, default=None),
        total_tokens_used=int(sum(used)) if used else None,
        average_tokens_per_request=_mean(used),
        total_duration=duration_s,
        requests_per_second=_rate(judged, duration_s),
        average_ttft=_mean(ttfts),
        median_ttft=_percentile(ttfts, 50),
        p95_ttft=_percentile(ttfts, 95),
        p99_ttft=_percentile(ttfts, 99),
        average_chars_per_second=_mean(_known([_rate(sum(record.chars), latency_s(record)) for record in fine])),
        chars_per_second=_rate(sum(sum(record.chars) for record in fine), duration_s) if fine else None,
    )


def latency_s(record: Record) -> float | None:
    """Sent to last byte, or to the moment it broke."""
    return None if record.ended_us is None else record.ended_us / _US_PER_S


def ttft_s(record: Record) -> float | None:
    """Sent to first content."""
    return record.at_us[0] / _US_PER_S if record.at_us else None


def tokens_per_s(record: Record) -> float | None:
    """Output tokens / latency."""
    output = None if record.usage is None else record.usage.output
    return None if output is None else _rate(output, latency_s(record))


def tokens_used(record: Record) -> int | None:
    """Prompt and output; None where the server counted neither."""
    usage = record.usage
    if usage is None or (usage.prompt is None and usage.output is None):
        return None
    return (usage.prompt or 0) + (usage.output or 0)


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _percentile(values: Sequence[float], percent: float) -> float | None:
    return float(np.percentile(values, percent)) if values else None


def _rate(amount: float, seconds: float | None) -> float | None:
    return amount / seconds if seconds else None
