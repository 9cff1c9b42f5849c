"""Locust's statistics: one request event an exchange, own rows beside, and their state at the end of a point.

TTFT and chars/s get rows of their own, which do not enter Aggregated: they are written to the table directly, never
fired as requests that nobody sent.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import locust.stats
from locust.env import Environment
from locust.stats import StatsEntry

from harness.metrics import per_second
from harness.outcome import FAILED, NOT_JUDGED, Outcome
from harness.record import LocustEntry, LocustStats, Record

METHOD = "POST"
OWN = "LLM"
TTFT_ROW = "TTFT (ms)"
CHARS_ROW = "chars/s per stream"
POINT_KEY = "llocust_point"


class Failed(Exception):
    """What Locust's failures table shows. It groups by this text, so there is no id in it."""


def three_digits(response_time: float) -> float:
    """Locust's histogram bucket: three significant digits in place of its two, an error of 0.5 % at most."""
    return float(f"{response_time:.3g}")


# A module-level function that Locust (2.43.4 and later) looks up at each call; made to be replaced. It is annotated
# with int, yet any number serves as a key of its histogram.
locust.stats.bucket_response_time = three_digits  # type: ignore[assignment]


def post(environment: Environment, record: Record, *, wall_s: float, url: str, context: dict[str, Any]) -> None:
    """Fire the one request event of an exchange, with its full duration, and write our own rows."""
    if record.outcome in NOT_JUDGED:
        return
    environment.events.request.fire(
        request_type=METHOD,
        name=record.dialect,
        response_time=record.ended_us / 1000 if record.ended_us is not None else None,
        response_length=record.response_bytes,
        exception=Failed(_reason(record)) if record.outcome in FAILED else None,
        context={**context, POINT_KEY: record.point},
        start_time=wall_s,
        url=url,
    )
    if record.outcome is Outcome.OK:
        _post_own(environment, record)


def _post_own(environment: Environment, record: Record) -> None:
    entries = environment.stats.entries
    if record.at_us:
        entries[(TTFT_ROW, OWN)].log(record.at_us[0] / 1000, 0)  # type: ignore[arg-type]
    if record.ended_us:
        entries[(CHARS_ROW, OWN)].log(per_second(sum(record.chars), record.ended_us), sum(record.chars))


def _reason(record: Record) -> str:
    return f"{record.outcome.value} ({record.status})" if record.status else record.outcome.value


class EventCounts:
    """Locust's request events by point, for runs whose table is not cut into points."""

    def __init__(self, environment: Environment) -> None:
        self.requests: Counter[int] = Counter()
        self.failures: Counter[int] = Counter()
        self._events = environment.events.request
        self._events.add_listener(self._count)

    def stop(self) -> None:
        """Count no more."""
        self._events.remove_listener(self._count)

    def _count(self, context: dict[str, Any], exception: Exception | None, **_: Any) -> None:
        point = (context or {}).get(POINT_KEY)
        if point is not None:
            self.requests[point] += 1
            self.failures[point] += exception is not None


def balance(environment: Environment, dialects: Iterable[str]) -> LocustStats:
    """Locust's table as it stands: its rows of our exchanges, its Aggregated row, and our own rows."""
    entries = environment.stats.entries
    ours = [entries[name, METHOD] for name in frozenset(dialects) if (name, METHOD) in entries]
    return LocustStats(
        requests=sum(entry.num_requests for entry in ours),
        failures=sum(entry.num_failures for entry in ours),
        total=_row(environment.stats.total),
        entries=_rows(entry for entry in entries.values() if entry.method != OWN),
        own=_rows(entry for entry in entries.values() if entry.method == OWN),
        errors={f"{error.name}: {error.error}": error.occurrences for error in environment.stats.errors.values()},
    )


def _rows(entries: Iterable[StatsEntry]) -> list[LocustEntry]:
    return [_row(entry) for entry in sorted(entries, key=lambda entry: (entry.name, entry.method or ""))]


def _row(entry: StatsEntry) -> LocustEntry:
    some = entry.num_requests > entry.num_none_requests
    return LocustEntry(
        name=entry.name,
        method=entry.method or "",
        requests=entry.num_requests,
        failures=entry.num_failures,
        median_ms=entry.median_response_time if some else None,
        mean_ms=entry.avg_response_time if some else None,
        min_ms=entry.min_response_time if some else None,
        max_ms=entry.max_response_time if some else None,
        p95_ms=entry.get_response_time_percentile(0.95) if some else None,
        p99_ms=entry.get_response_time_percentile(0.99) if some else None,
        requests_per_s=entry.total_rps,
    )
