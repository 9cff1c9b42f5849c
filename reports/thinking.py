"""Users who think: in a pause between two turns nothing of theirs is in flight, and that was asked for. Pure."""

import numpy as np

from harness.run import Manifest
from reports.frames import Floats
from reports.turns import goes_on, is_last
from reports.window import NS_PER_US, Placed, is_request_bounded, mean_overlap


def mean_thinking(manifest: Manifest, placed: Placed, until_us: float | None = None) -> float | None:
    """Integral over the window (up to `until_us`, if given) of users in a pause, / its length; None without pauses.

    A pause lasts from the end of a turn until the next one is due: what comes later is the load process's lateness. One
    that was still going on when the point ended has no record of its own. It began with the last turn of a conversation
    that was to go on, and lasts beyond the window; where requests are counted, up to the last of them.
    """
    if manifest.options.get("think_time") is None or placed.window_us is None:
        return None
    requests = placed.frames.requests
    due_us = _due_us(placed)
    begun_us = due_us - requests["think_us"].to_numpy(np.float64)
    open_us = np.where(is_last(requests) & goes_on(manifest, requests), placed.end_us, np.nan)
    last_us = placed.last_send_us if is_request_bounded(manifest) else np.inf
    over = mean_overlap(placed, begun_us, due_us, until_us)
    still = mean_overlap(placed, open_us, np.full(len(open_us), last_us, np.float64), until_us)
    return None if over is None or still is None else over + still


def _due_us(placed: Placed) -> Floats:
    """When each request was due, on the axis of the window; NaN where it had no plan."""
    requests = placed.frames.requests
    moment_ns = requests["sent_ns"].fillna(requests["begun_ns"].astype(np.float64)).to_numpy(np.float64)
    due_us: Floats = placed.moment_us + (requests["due_ns"].to_numpy(np.float64) - moment_ns) / NS_PER_US
    return due_us
