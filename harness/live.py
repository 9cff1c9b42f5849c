"""The live view of a run: what each load process counted in each stretch of about a second, added up over time and
over processes.

Everything here is approximate and passing; the records are the facts. What is counted when:

    characters, gaps (ITL), TTFT    by arrival, when next looked at: also of requests that are still in flight
    outcomes, E2E, chars/s          at the end of a request
    tokens                          known only at the end, from usage; a rate of tokens is the rate of characters times
                                    the tokens per character of the requests that have ended

Times are a process's own CLOCK_MONOTONIC. Slices of other processes are placed on the reader's clock by when they came
in, so that no clocks have to agree; the placing is late by what the message took.
"""

from collections import Counter, deque
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from harness.histogram import RELATIVE_ERROR, Histogram
from harness.metrics import NS_PER_S
from harness.outcome import FAILED, NOT_JUDGED, Outcome

RECENT_WIDTH_S, RECENT_BUCKETS = 2, 450
WHOLE_WIDTH_S, WHOLE_BUCKETS = 20, 2160
"""A quarter of an hour in steps of two seconds, and twelve hours in steps of twenty."""

HEARD_NS = 10 * NS_PER_S
"""A process that has said nothing for so long is not waited for."""

Row = dict[str, Any]


class Counts(msgspec.Struct, kw_only=True):
    """What can be added up over time and over processes. Times in seconds, rates per second."""

    ttft_s: Histogram = msgspec.field(default_factory=Histogram)
    itl_s: Histogram = msgspec.field(default_factory=Histogram)
    e2e_s: Histogram = msgspec.field(default_factory=Histogram)
    chars_per_s: Histogram = msgspec.field(default_factory=Histogram)
    """Per stream: characters / E2E of each ok request."""
    loop_lag_s: Histogram = msgspec.field(default_factory=Histogram)
    outcomes: dict[str, int] = {}
    told_chars: int = 0
    told_tokens: int = 0
    """Characters and output tokens of the ended requests whose usage was told."""

    def merge(self, other: "Counts") -> None:
        """Add what another counted."""
        for name in ("ttft_s", "itl_s", "e2e_s", "chars_per_s", "loop_lag_s"):
            getattr(self, name).merge(getattr(other, name))
        self.outcomes = dict(Counter(self.outcomes) + Counter(other.outcomes))
        self.told_chars += other.told_chars
        self.told_tokens += other.told_tokens


class Slice(msgspec.Struct, kw_only=True):
    """About a second of one load process, all of it in one phase of one point."""

    run: str
    point: int
    """Its index, from 1 on; 0 between points."""
    phase: str
    begin_ns: int
    end_ns: int
    chars: int = 0
    in_flight: int = 0
    waiting: int = 0
    """Of those in flight, the ones without a content event so far. Both at the end of the slice."""
    users: int = 0
    cpu_ns: int = 0
    counts: Counts = msgspec.field(default_factory=Counts)

    @property
    def elapsed_s(self) -> float:
        """Its length."""
        return (self.end_ns - self.begin_ns) / NS_PER_S


class Flow(msgspec.Struct):
    """One process's sums over a stretch; a gauge's sum is its value times the seconds that it held."""

    elapsed_s: float = 0.0
    chars: int = 0
    in_flight_s: float = 0.0
    waiting_s: float = 0.0
    users_s: float = 0.0
    cpu_s: float = 0.0

    def add(self, piece: Slice) -> None:
        """Count a slice."""
        self.elapsed_s += piece.elapsed_s
        self.chars += piece.chars
        self.in_flight_s += piece.in_flight * piece.elapsed_s
        self.waiting_s += piece.waiting * piece.elapsed_s
        self.users_s += piece.users * piece.elapsed_s
        self.cpu_s += piece.cpu_ns / NS_PER_S


class Stretch:
    """Any time of a run, over all its processes: a bucket of a chart, a window, the whole."""

    def __init__(self) -> None:
        self.counts = Counts()
        self._flows: dict[str, Flow] = {}
        self._row: Row | None = None

    def add(self, worker: str, piece: Slice) -> None:
        """Count a slice of a process."""
        self.counts.merge(piece.counts)
        self._flows.setdefault(worker, Flow()).add(piece)
        self._row = None

    @property
    def tokens_per_char(self) -> float | None:
        """Of the requests that have ended and whose usage was told; None where there is none."""
        return self.counts.told_tokens / self.counts.told_chars if self.counts.told_chars else None

    def row(self, tokens_per_char: float | None) -> Row:
        """The figures, by name; None where nothing was observed."""
        if self._row is None:
            self._row = self._rates() | self._spreads() | self._ends()
        tokens_per_s = None if tokens_per_char is None else self._row["chars_per_s"] * tokens_per_char
        return self._row | {"tokens_per_s": tokens_per_s}

    def _rates(self) -> Row:
        # Each process's mean over its own time, then the sum over processes: that they cut their slices at different
        # moments does not matter.
        flows = [flow for flow in self._flows.values() if flow.elapsed_s > 0]
        chars_per_s = sum(flow.chars / flow.elapsed_s for flow in flows)
        in_flight = sum(flow.in_flight_s / flow.elapsed_s for flow in flows)
        waiting = sum(flow.waiting_s / flow.elapsed_s for flow in flows)
        return {
            "elapsed_s": max((flow.elapsed_s for flow in flows), default=0.0),
            "chars_per_s": chars_per_s,
            "in_flight": in_flight,
            "waiting": waiting,
            "users": sum(flow.users_s / flow.elapsed_s for flow in flows),
            "open_chars_per_s": chars_per_s / (in_flight - waiting) if in_flight > waiting else None,
            "cpu_ratio": max((flow.cpu_s / flow.elapsed_s for flow in flows), default=None),
        }

    def _spreads(self) -> Row:
        row: Row = {}
        for name in ("ttft_s", "itl_s", "e2e_s", "chars_per_s"):
            key = "stream_chars_per_s" if name == "chars_per_s" else name
            p5, p50, p95, p99 = getattr(self.counts, name).quantiles(0.05, 0.5, 0.95, 0.99)
            row |= {f"{key}_p5": p5, f"{key}_p50": p50, f"{key}_p95": p95, f"{key}_p99": p99}
        p50, p99, most = self.counts.loop_lag_s.quantiles(0.5, 0.99, 1.0)
        return row | {"loop_lag_s_p50": p50, "loop_lag_s_p99": p99, "loop_lag_s_max": most}

    def _ends(self) -> Row:
        outcomes = self.counts.outcomes
        ended = sum(count for name, count in outcomes.items() if name not in NOT_JUDGED)
        elapsed_s = max((flow.elapsed_s for flow in self._flows.values()), default=0.0)
        return {
            "ok": outcomes.get(Outcome.OK, 0),
            "failed": sum(outcomes.get(outcome, 0) for outcome in FAILED),
            "aborted": outcomes.get(Outcome.ABORTED, 0),
            "requests_per_s": ended / elapsed_s if elapsed_s > 0 else None,
            "outcomes": {name: count for name, count in sorted(outcomes.items()) if name != Outcome.OK},
        }


class Timeline:
    """Equal buckets of a run's time, the newest `limit` of them. `width_s` seconds each."""

    def __init__(self, width_s: int, limit: int) -> None:
        self.width_s = width_s
        self._open: dict[int, Stretch] = {}
        self._rows: deque[Row] = deque(maxlen=limit)

    def add(self, at_s: float, worker: str, piece: Slice) -> None:
        """Count a slice whose middle lies `at_s` after the run began. One for a bucket that is closed comes too late."""
        index = max(0, int(at_s // self.width_s))
        if not self._rows or index > self._rows[-1]["index"]:
            self._open.setdefault(index, Stretch()).add(worker, piece)

    def close(self, complete_s: float, tokens_per_char: float | None) -> None:
        """Nothing before `complete_s` is to come any more: of those buckets only the figures are kept."""
        for index in sorted(self._open):
            if (index + 1) * self.width_s <= complete_s:
                middle: Row = {"index": index, "at_s": (index + 0.5) * self.width_s}
                self._rows.append(middle | self._open.pop(index).row(tokens_per_char))

    def rows(self, after: int = -1) -> list[Row]:
        """The closed buckets whose index is larger than `after`, in order of time."""
        return [row for row in self._rows if row["index"] > after]


class Span(msgspec.Struct):
    """When a window was open, in seconds since the run began, as its slices tell."""

    begin_s: float
    end_s: float


class Window(NamedTuple):
    """What was counted in one point's window."""

    stretch: Stretch
    span: Span


class Seen(msgspec.Struct):
    """A process as its messages show it."""

    shift_ns: int
    """What must be added to its clock to get ours, by the fastest message so far."""
    heard_ns: int
    end_ns: int
    """Where its last slice ended, on our clock."""


class Board:
    """One run's live figures, in the process that shows them. `now_ns` is that process's clock throughout."""

    def __init__(self, run: str, now_ns: int) -> None:
        self.run = run
        self.over = False
        """Nothing is to come any more."""
        self._began_ns = now_ns
        self.point: int | None = None
        self.phase: str | None = None
        """Where the latest slice belongs."""
        self._seen: dict[str, Seen] = {}
        self._clear(now_ns)
        self.windows: dict[int, Window] = {}

    def _clear(self, now_ns: int) -> None:
        self._cleared_ns = now_ns
        self._total = Stretch()
        self._recent = Timeline(RECENT_WIDTH_S, RECENT_BUCKETS)
        self._whole = Timeline(WHOLE_WIDTH_S, WHOLE_BUCKETS)

    def reset(self, now_ns: int) -> None:
        """Begin the charts and the figures of the whole run anew. Windows are points of the run, and stay."""
        self._clear(now_ns)

    def take(self, worker: str, pieces: Sequence[Slice], now_ns: int) -> None:
        """Count the slices of a process, oldest first; those of another run are not ours."""
        pieces = [piece for piece in pieces if piece.run == self.run]
        if not pieces:
            return
        shift_ns = now_ns - pieces[-1].end_ns
        seen = self._seen.setdefault(worker, Seen(shift_ns, now_ns, now_ns))
        seen.shift_ns = min(seen.shift_ns, shift_ns)
        seen.heard_ns, seen.end_ns = now_ns, pieces[-1].end_ns + seen.shift_ns
        for piece in pieces:
            self._count(worker, piece, seen.shift_ns)
            if piece.point >= (self.point or 1):
                self.point, self.phase = piece.point, piece.phase

    def _count(self, worker: str, piece: Slice, shift_ns: int) -> None:
        begin_s, end_s = self._seconds(piece.begin_ns + shift_ns), self._seconds(piece.end_ns + shift_ns)
        if piece.phase == "window":
            span = Span(max(begin_s, 0.0), end_s)
            window = self.windows.setdefault(piece.point, Window(Stretch(), span))
            window.stretch.add(worker, piece)
            window.span.begin_s, window.span.end_s = min(window.span.begin_s, begin_s), max(window.span.end_s, end_s)
        if piece.end_ns + shift_ns > self._cleared_ns:
            self._total.add(worker, piece)
            for timeline in (self._recent, self._whole):
                timeline.add((begin_s + end_s) / 2, worker, piece)

    def _seconds(self, at_ns: int) -> float:
        return (at_ns - self._began_ns) / NS_PER_S

    def _complete_s(self, now_ns: int) -> float:
        if self.over:
            return float("inf")
        ends_ns = [seen.end_ns for seen in self._seen.values() if now_ns - seen.heard_ns < HEARD_NS]
        return self._seconds(min(ends_ns, default=now_ns))

    def quiet_ns(self, now_ns: int) -> int:
        """Since when nothing was heard."""
        return now_ns - max((seen.heard_ns for seen in self._seen.values()), default=self._began_ns)

    def snapshot(self, now_ns: int, *, recent_after: int = -1, whole_after: int = -1) -> Row:
        """All that a page shows, as plain values: rows after those that the page has, and the table as it stands."""
        complete_s, tokens_per_char = self._complete_s(now_ns), self._total.tokens_per_char
        for timeline in (self._recent, self._whole):
            timeline.close(complete_s, tokens_per_char)
        windows = [
            {"point": index, "begin_s": window.span.begin_s, "end_s": window.span.end_s}
            | window.stretch.row(window.stretch.tokens_per_char)
            for index, window in sorted(self.windows.items())
        ]
        return {
            "relative_error": RELATIVE_ERROR,
            "elapsed_s": self._seconds(now_ns),
            "since_s": self._seconds(self._cleared_ns),
            "processes": len(self._seen),
            "recent": {"width_s": RECENT_WIDTH_S, "rows": self._recent.rows(recent_after)},
            "whole": {"width_s": WHOLE_WIDTH_S, "rows": self._whole.rows(whole_after)},
            "window": next((row for row in windows if row["point"] == self.point), None),
            "total": self._total.row(tokens_per_char),
            "windows": windows,
        }
