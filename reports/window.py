"""What belongs to a point's measured window.

Every worker has its own monotonic clock and its own stamps of the phases, so every worker's facts are laid on one
axis that starts where that worker's own window started. Times here are microseconds on that axis, float64.

A time-bounded window is [window_ns, cooldown_ns) of the manifest. A request-bounded one (`--requests`) runs from the
first send to the last end of the point, both included.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from harness.run import Manifest
from reports.frames import Events, Floats, Ints, PointFrames

Flags = npt.NDArray[np.bool_]
NS_PER_US = 1000


@dataclass(frozen=True, slots=True)
class Window:
    """On one worker's clock. `end_ns` may lie on the first moment after the window."""

    start_ns: int
    end_ns: int

    @property
    def length_us(self) -> float:
        return (self.end_ns - self.start_ns) / NS_PER_US


Windows = dict[str, Window]


@dataclass(frozen=True, slots=True)
class Placed:
    """A point's facts on the axis of its window: one entry a request, or a content event where said.

    Requests of a worker without a window (it never came so far) have NaN for their times and lie outside.
    """

    frames: PointFrames
    windows: Windows
    window_us: float | None
    """Mean over the workers; None where none has a window."""
    last_send_us: float | None
    """Of the requests in the window."""
    length_us: Floats
    """Of the request's worker's window."""
    moment_us: Floats
    """When it was sent, or begun where nothing was sent."""
    sent_us: Floats
    """NaN where nothing was sent."""
    end_us: Floats
    in_window: Flags
    """Sent (or begun, where nothing could be sent) in the window."""
    event_us: Floats
    """A content event each."""
    event_in_window: Flags
    """A content event each."""


def is_request_bounded(manifest: Manifest) -> bool:
    """Whether the run was asked for a number of requests a point instead of a time."""
    return manifest.options.get("requests") is not None


def place(frames: PointFrames, *, request_bounded: bool) -> Placed:
    """The point's facts on the axis of its window."""
    windows = _windows(frames, request_bounded=request_bounded)
    requests = frames.requests
    start_ns, length_us = _by_request(requests, windows)
    sent_us = (requests["sent_ns"].to_numpy(np.float64) - start_ns) / NS_PER_US
    begun_us = (requests["begun_ns"].to_numpy(np.float64) - start_ns) / NS_PER_US
    moment_us = np.where(np.isnan(sent_us), begun_us, sent_us)
    in_window = (moment_us >= 0) & ((moment_us <= length_us) if request_bounded else (moment_us < length_us))
    counts = np.diff(frames.events.offsets)
    event_us = np.repeat(sent_us, counts) + frames.events.at_us
    sends_us = sent_us[in_window & ~np.isnan(sent_us)]
    return Placed(
        frames=frames,
        windows=windows,
        window_us=float(np.mean([window.length_us for window in windows.values()])) if windows else None,
        last_send_us=float(sends_us.max()) if len(sends_us) else None,
        length_us=length_us,
        moment_us=moment_us,
        sent_us=sent_us,
        end_us=sent_us + requests["ended_us"].to_numpy(np.float64),
        in_window=in_window,
        event_us=event_us,
        event_in_window=(event_us >= 0) & (event_us <= np.repeat(length_us, counts)),
    )


def _windows(frames: PointFrames, *, request_bounded: bool) -> Windows:
    windows = {
        worker: Window(phases.window_ns, phases.cooldown_ns or phases.end_ns or _last_ns(frames, worker))
        for worker, phases in frames.point.phases.items()
        if phases.window_ns is not None
    }
    windows = {worker: window for worker, window in windows.items() if window.length_us > 0}
    return _first_send_to_last_end(frames.entire.requests, windows) if request_bounded else windows


def _last_ns(frames: PointFrames, worker: str) -> int:
    """The last thing known of a worker that was cut off in its window."""
    requests = frames.requests[frames.requests["worker"] == worker]
    health = frames.health[frames.health["worker"] == worker]
    ends_ns = requests["sent_ns"] + requests["ended_us"] * NS_PER_US
    known_ns = [ends_ns.max(), requests["begun_ns"].max(), health["at_ns"].max()]
    return int(max((ns for ns in known_ns if pd.notna(ns)), default=0))


def _first_send_to_last_end(requests: pd.DataFrame, windows: Windows) -> Windows:
    start_ns, _ = _by_request(requests, windows)
    begun_ns = requests["begun_ns"].to_numpy(np.float64)
    sent_ns = requests["sent_ns"].fillna(requests["begun_ns"].astype(np.float64)).to_numpy(np.float64)
    ended_ns = np.fmax(sent_ns + requests["ended_us"].to_numpy(np.float64) * NS_PER_US, begun_ns)
    known = ~np.isnan(start_ns) & (requests["outcome"] != "dropped").to_numpy(bool)
    if not known.any():
        return {}
    first_ns = int((sent_ns - start_ns)[known].min())
    last_ns = int((ended_ns - start_ns)[known].max())
    if last_ns <= first_ns:
        return {}
    return {worker: Window(window.start_ns + first_ns, window.start_ns + last_ns) for worker, window in windows.items()}


def _by_request(requests: pd.DataFrame, windows: Windows) -> tuple[Floats, Floats]:
    """Start (ns) and length (us) of the window of each request's worker; NaN where it has none."""
    workers = requests["worker"].to_numpy(object)
    start_ns = np.full(len(workers), np.nan)
    length_us = np.full(len(workers), np.nan)
    for worker, window in windows.items():
        mine = workers == worker
        start_ns[mine] = window.start_ns
        length_us[mine] = window.length_us
    return start_ns, length_us


def owners(events: Events) -> Ints:
    """The request of each content event."""
    counts = np.diff(events.offsets)
    return np.repeat(np.arange(len(counts)), counts)


@dataclass(frozen=True, slots=True)
class Gaps:
    """Times between successive content events of a request, over all requests of the point."""

    gap_us: Floats
    """Never negative: two stamps may be a microsecond out of order where a clock was corrected between them."""
    owner: Ints
    in_window: Flags
    """Both events arrived in the window."""


def gaps(placed: Placed) -> Gaps:
    """One entry per pair of successive content events of the same request."""
    owner = owners(placed.frames.events)
    same = owner[1:] == owner[:-1]
    return Gaps(
        gap_us=np.maximum(np.diff(placed.frames.events.at_us)[same], 0).astype(np.float64),
        owner=owner[1:][same],
        in_window=(placed.event_in_window[1:] & placed.event_in_window[:-1])[same],
    )


def mean_concurrency(placed: Placed, until_us: float | None = None) -> float | None:
    """Integral over the window (up to `until_us`, if given) of exchanges between sent and end, / its length.

    An exchange without an end (its process died) counts to the end of the window. Summed over workers.
    """
    end_us = np.where(np.isnan(placed.end_us), np.inf, placed.end_us)
    return mean_overlap(placed, placed.sent_us, end_us, until_us)


def mean_overlap(placed: Placed, begin_us: Floats, end_us: Floats, until_us: float | None = None) -> float | None:
    """Integral over the window (up to `until_us`, if given) of one interval a request, / its length.

    Intervals of which an end is NaN count for nothing. Summed over workers.
    """
    if placed.window_us is None:
        return None
    length_us = placed.length_us if until_us is None else np.minimum(placed.length_us, until_us)
    span_us = placed.window_us if until_us is None else min(placed.window_us, until_us)
    if span_us <= 0:
        return None
    overlap_us = np.minimum(end_us, length_us) - np.maximum(begin_us, 0)
    return float(np.nansum(np.maximum(overlap_us, 0)) / span_us)
