"""Run folders from few lines: a manifest with defaults, records in milliseconds, health that has nothing to say."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from harness.outcome import FAILED, NOT_JUDGED, Outcome
from harness.record import Health, Lag, LocustEntry, LocustStats, Record, Usage, to_line
from harness.run import (
    Anchor,
    Host,
    Manifest,
    Phases,
    Point,
    Process,
    TestsetInfo,
    health_path,
    locust_path,
    records_path,
    write_manifest,
)

MS = 1_000_000
S = 1_000_000_000
T0 = 1_000 * S
"""Where every worker's window begins on its own clock, unless said otherwise."""


def phases(window_s: float = 10.0, start_ns: int = T0) -> Phases:
    end_ns = start_ns + int(window_s * S)
    return Phases(
        spawn_ns=start_ns - 3 * S,
        settle_ns=start_ns - 2 * S,
        window_ns=start_ns,
        cooldown_ns=end_ns,
        end_ns=end_ns + S,
    )


def point(index: int = 1, users: int = 1, workers: Sequence[str] = ("w0",), **fields) -> Point:
    fields.setdefault("phases", {worker: phases() for worker in workers})
    fields.setdefault("state", "done")
    return Point(index=index, users=users, **fields)


def process(worker: str = "w0", **fields) -> Process:
    anchors = {"start": Anchor(wall_ns=0, monotonic_ns=0), "end": Anchor(wall_ns=1, monotonic_ns=1)}
    return Process(worker=worker, host="bench", pid=1, **(anchors | fields))


def manifest(points: Sequence[Point] = (), **fields) -> Manifest:
    defaults = {
        "id": "20260131T120000Z-sweep",
        "name": "sweep",
        "state": "done",
        "begun": "2026-01-31T12:00:00Z",
        "ended": "2026-01-31T12:01:00Z",
        "command": ["llocust", "sweep"],
        "options": {"run_time_s": 10.0, "requests": None, "max_tokens": 256, "slo": {}, "salt": False, "seed": 0},
        "versions": {"llocust": "0.1.0", "locust": "2.47.0"},
        "machine": Host(
            name="bench", system="Linux", kernel="6.8", machine="x86_64", cpu="a CPU", cores=8, memory_bytes=1 << 34
        ),
        "url": "http://127.0.0.1:8000/v1/chat/completions",
        "model": "tiny",
        "dialect": "chat",
        "testset": TestsetInfo(name="chat", source="chat.jsonl", digest="ab" * 32, prompts=100),
        "stamps": "kernel",
        "processes": [process()],
    }
    fields["options"] = defaults["options"] | fields.get("options", {})
    return Manifest(points=list(points), **(defaults | fields))


def record(
    at_ms: float = 0.0,
    events_ms: Sequence[float] = (100, 120, 140),
    chars: Sequence[int] | None = None,
    *,
    seq: int = 0,
    t0_ns: int = T0,
    e2e_ms: float | None = None,
    output: int | None = -1,
    prompt_tokens: int | None = 10,
    cached: int | None = None,
    outcome: str = "ok",
    late_us: int = 100,
    **fields,
) -> Record:
    """A request sent `at_ms` after the window began, with its content events at `events_ms` after it was sent.

    Four characters an event, one token an event (output=-1), the body's end 5 ms after the last event; the head 1 ms
    after sending. `output=None`: no usage.
    """
    sent_ns = t0_ns + round(at_ms * MS)
    last_ms = events_ms[-1] if events_ms else 0
    tokens = len(events_ms) if output == -1 else output
    usage = None if tokens is None else Usage(prompt=prompt_tokens, output=tokens, cached=cached)
    defaults = {
        "id": f"r-{fields.get('worker', 'w0')}-{seq:06d}",
        "run": "20260131T120000Z-sweep",
        "point": 1,
        "worker": "w0",
        "user": 0,
        "seq": seq,
        "dialect": "chat",
        "model": "tiny",
        "prompt": f"chat/{seq}",
        "phase": "window",
        "begun_ns": sent_ns - late_us * 1000,
        "sent_ns": sent_ns,
        "reused": True,
        "headers_us": 1000,
        "first_event_us": 2000,
        "at_us": [round(ms * 1000) for ms in events_ms],
        "chars": list(chars) if chars is not None else [4] * len(events_ms),
        "kinds": "t" * len(events_ms),
        "reads": len(events_ms),
        "lag_us": Lag(p50=10, max=50),
        "ended_us": round((last_ms + 5 if e2e_ms is None else e2e_ms) * 1000),
        "outcome": Outcome(outcome),
        "status": 200,
        "finish": "length" if outcome == "ok" else None,
        "usage": usage,
        "request_bytes": 300,
        "response_bytes": 900,
    }
    return Record(**(defaults | fields))


def refused(at_ms: float = 0.0, outcome: str = "server_5xx", *, seq: int = 0, e2e_ms: float = 1.0, **fields) -> Record:
    """A request that failed before any content."""
    fields.setdefault("status", 503)
    return record(at_ms, (), seq=seq, e2e_ms=e2e_ms, output=None, outcome=outcome, first_event_us=None, **fields)


def health(
    seconds: int = 10, *, start_ns: int = T0, cpu_ratio: float = 0.2, lag_us: Sequence[int] = (50,) * 50, **fields
):
    """One line a second from `start_ns`."""
    defaults = {"wall_minus_monotonic_ns": 7 * S, "elapsed_ns": S, "rss_bytes": 1 << 26, "in_flight": 1, "users": 1}
    return [
        Health(at_ns=start_ns + (n + 1) * S, cpu_ns=round(cpu_ratio * S), lag_us=list(lag_us), **(defaults | fields))
        for n in range(seconds)
    ]


def locust_stats(requests: int, failures: int) -> LocustStats:
    total = LocustEntry(
        name="Aggregated",
        method="",
        requests=requests,
        failures=failures,
        median_ms=None,
        mean_ms=None,
        min_ms=None,
        max_ms=None,
        p95_ms=None,
        p99_ms=None,
        requests_per_s=0.0,
    )
    return LocustStats(requests=requests, failures=failures, total=total, entries=[], own=[], errors={})


def counted(records: Iterable[Record]) -> LocustStats:
    """What Locust would have counted."""
    judged = [each.outcome for each in records if each.outcome not in NOT_JUDGED]
    return locust_stats(len(judged), sum(outcome in FAILED for outcome in judged))


def write_point(folder: Path, row: Point, records: Sequence[Record], lines=None, locust=...) -> None:
    """`lines`: health by worker, or for the only one; `locust`: None leaves the file out."""
    (folder / row.folder).mkdir(parents=True, exist_ok=True)
    for worker in row.phases or ["w0"]:
        mine = [each for each in records if each.worker == worker]
        records_path(folder, row, worker).write_bytes(b"".join(to_line(each) for each in mine))
        said = health() if lines is None else lines.get(worker, []) if isinstance(lines, dict) else lines
        health_path(folder, row, worker).write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in said))
    stats = counted(records) if locust is ... else locust
    if stats is not None:
        locust_path(folder, row).write_bytes(msgspec.json.encode(stats))


def write_run(
    folder: Path, records: Sequence[Record], row: Point | None = None, *, lines=None, locust=..., **fields
) -> Path:
    """A run of one point."""
    row = row or point()
    folder.mkdir(parents=True, exist_ok=True)
    write_manifest(folder, manifest([row], **fields))
    write_point(folder, row, records, lines, locust)
    return folder


def full_window(users: int = 1, window_ms: int = 10_000, step_ms: int = 100, **fields) -> list[Record]:
    """Users that ask one after the other through the whole window, each answer of `step_ms` with events 10 ms apart.

    The first event comes after a tenth of the answer's time; with the defaults 100 requests a user in 10 s.
    """
    first, last = step_ms // 10, step_ms - 1
    events_ms = [*range(first, last, 10)]
    return [
        record(start, events_ms, seq=user * 100_000 + number, user=user, e2e_ms=step_ms - 0.2, **fields)
        for user in range(users)
        for number, start in enumerate(range(0, window_ms, step_ms))
    ]
