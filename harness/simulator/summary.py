"""The truth in short: counts, percentiles and concurrency of a set of requests. Pure."""

from collections.abc import Sequence
from itertools import accumulate, chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.simulator.truth import Entry, count_faults, count_planted

NS_PER_S = 1_000_000_000
_SHOWN = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "max": 100.0}


def percentiles(values: Sequence[float] | NDArray[np.float64]) -> dict[str, float | int | None]:
    """n, mean, p50, p90, p95, p99 and max, by linear interpolation (numpy's default); all but n are None without values."""
    array = np.asarray(values, dtype=np.float64)
    if not array.size:
        return {"n": 0, "mean": None, **dict.fromkeys(_SHOWN)}
    shown = np.percentile(array, list(_SHOWN.values()))
    return {"n": array.size, "mean": float(array.mean()), **dict(zip(_SHOWN, shown.tolist(), strict=True))}


def summarise(entries: list[Entry]) -> dict[str, Any]:
    """The body of /truth. Latencies are of the requests answered whole, in seconds; tokens and lateness of all."""
    good = [entry for entry in entries if entry.ok and entry.sent_ns]
    return {
        "requests": len(entries),
        "ok": sum(entry.ok for entry in entries),
        "in_flight": sum(entry.ended_ns is None for entry in entries),
        "disconnected": sum(entry.disconnected for entry in entries),
        "connections": len({entry.connection for entry in entries}),
        "faults": count_faults(entries),
        "planted": count_planted(entries),
        "tokens": sum(len(entry.sent_ns) for entry in entries),
        "chars": sum(sum(entry.chars[: len(entry.sent_ns)]) for entry in entries),
        "ttft_s": percentiles([(entry.sent_ns[0] - entry.received_ns) / NS_PER_S for entry in good]),
        "itl_s": percentiles(_joined([np.diff(_stamps(entry)) for entry in good if entry.stream])),
        "e2e_s": percentiles(
            [(entry.last_send_ns - entry.received_ns) / NS_PER_S for entry in good if entry.last_send_ns]
        ),
        "late_s": percentiles(_joined([_lateness_ns(entry) for entry in entries])),
        "concurrency": _concurrency(entries),
    }


def _stamps(entry: Entry) -> NDArray[np.int64]:
    return np.array(entry.sent_ns, dtype=np.int64)


def _lateness_ns(entry: Entry) -> NDArray[np.int64]:
    sent = _stamps(entry)
    return sent - np.array(entry.due_ns, dtype=np.int64)[: sent.size]


def _joined(parts: list[NDArray[np.int64]]) -> NDArray[np.float64]:
    return np.concatenate(parts) / NS_PER_S if parts else np.empty(0)


def _concurrency(entries: list[Entry]) -> dict[str, float | int | None]:
    """Requests between received and ended: the mean over first received to last ended, and the most at once."""
    spans = [(entry.received_ns, entry.ended_ns) for entry in entries if entry.ended_ns is not None]
    if not spans:
        return {"mean": None, "max": None}
    busy_ns = max(end for _, end in spans) - min(begin for begin, _ in spans)
    total_ns = sum(end - begin for begin, end in spans)
    # At one instant an end comes before a begin: -1 sorts before +1.
    steps = sorted(chain(((begin, 1) for begin, _ in spans), ((end, -1) for _, end in spans)))
    most = max(accumulate(change for _, change in steps))
    return {"mean": total_ns / busy_ns if busy_ns else None, "max": most}
