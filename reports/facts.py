"""All that the rules of the verdict ask about a point: its report so far, and what the report does not show."""

from dataclasses import dataclass

import numpy as np

from harness.run import Manifest, Point
from reports.generator import clock_step_s, dispatch_late_s, first_bounded_ratio
from reports.measure import Measured
from reports.report import PointReport
from reports.stats import distribution, share
from reports.steady import Shift, shifts
from reports.window import is_request_bounded, mean_concurrency


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One point's. `*_ratio` as in the report; times in seconds; None is "not observed"."""

    point: PointReport
    request_bounded: bool
    open_loop: bool
    salted: bool
    stamps: str
    concurrency: float | None
    """Mean over the window; of a request-bounded one, up to its last send: the tail-off was asked for."""
    dispatch_p99_s: float | None
    """Of late_s without setting up the connection."""
    first_bounded_ratio: float | None
    events_per_read: float | None
    clock_step_s: float | None
    shifts: tuple[Shift, ...]
    lost_workers: tuple[str, ...]
    disk_full: bool
    torn_lines: int


def gather(manifest: Manifest, point: Measured, report: PointReport) -> Facts:
    """`report` is the point's, before its verdict."""
    frames = point.placed.frames
    request_bounded = is_request_bounded(manifest)
    return Facts(
        point=report,
        request_bounded=request_bounded,
        open_loop=bool(frames.requests["due_ns"].notna().any()),
        salted=bool(manifest.options.get("salt")),
        stamps=manifest.stamps,
        concurrency=mean_concurrency(point.placed, point.placed.last_send_us if request_bounded else None),
        dispatch_p99_s=distribution(dispatch_late_s(point)).p99,
        first_bounded_ratio=first_bounded_ratio(point),
        events_per_read=_events_per_read(point),
        clock_step_s=clock_step_s(frames.health),
        shifts=tuple(shifts(point, request_bounded=request_bounded)),
        lost_workers=lost_workers(manifest, frames.point),
        disk_full=frames.point.disk_full,
        torn_lines=frames.torn_lines,
    )


def _events_per_read(point: Measured) -> float | None:
    return share(float(np.sum(point.fact("n_events", point.ok))), float(np.sum(point.fact("reads", point.ok))))


def lost_workers(manifest: Manifest, point: Point) -> tuple[str, ...]:
    """The workers that were lost in the midst of this point. One that went before has left its users to the others."""
    return tuple(
        process.worker
        for process in manifest.processes
        if process.lost and process.worker in point.phases and point.phases[process.worker].end_ns is None
    )
