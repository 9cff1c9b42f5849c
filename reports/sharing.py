"""A point whose users had different targets, taken apart: the facts of each target, as if it were a point of its own. Pure.

What is of the whole point stays with every part: phases, health, Locust's statistics.
"""

from dataclasses import replace

import msgspec
import numpy as np

from reports.frames import Events, PointFrames
from reports.window import Flags


def apart(frames: PointFrames) -> list[PointFrames]:
    """One part for each target that shared the users, in the manifest's order; the point itself where none did."""
    shares = frames.point.shares
    if not shares:
        return [frames]
    return [_part(frames, target, users) for target, users in shares.items()]


def _part(frames: PointFrames, target: str, users: int) -> PointFrames:
    mine: Flags = (frames.requests["target"] == target).to_numpy(bool)
    return replace(
        frames,
        point=msgspec.structs.replace(frames.point, users=users, target=target),
        requests=frames.requests[mine].reset_index(drop=True),
        events=_of_requests(frames.events, mine),
        whole=frames,
    )


def _of_requests(events: Events, kept: Flags) -> Events:
    counts = np.diff(events.offsets)
    inside = np.repeat(kept, counts)
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts[kept])))
    return Events(offsets, events.at_us[inside], events.chars[inside], events.kinds[inside])
