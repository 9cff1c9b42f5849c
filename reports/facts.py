"""All that the rules of the verdict ask about a point: its report so far, and what the report does not show."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.run import Manifest, Point
from reports.generator import clock_step_s, dispatch_late_s, first_bounded_ratio
from reports.measure import Measured, cached_ratio, count_requests
from reports.report import PointReport, QualityReport, Requests
from reports.stats import distribution, share
from reports.steady import Shift, shifts
from reports.thinking import mean_thinking
from reports.window import is_request_bounded, mean_concurrency


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One point's. `*_ratio` as in the report; times in seconds; None is "not observed"."""

    point: PointReport
    recorded: Requests
    """Of the whole point, whichever targets shared it."""
    request_bounded: bool
    open_loop: bool
    salted: bool
    cached_ratio: float | None
    """Of the prompt tokens, canaries left out."""
    prefix_share: float
    """Of each prompt, what was to be common to many."""
    stamps: str
    concurrency: float | None
    """Mean over the window; of a request-bounded one, up to its last send: the tail-off was asked for."""
    thinking: float | None
    """Mean number of users in a pause, over the same span; None without pauses."""
    dispatch_p99_s: float | None
    """Of late_s without setting up the connection."""
    first_bounded_ratio: float | None
    events_per_read: float | None
    clock_step_s: float | None
    shifts: tuple[Shift, ...]
    lost_workers: tuple[str, ...]
    disk_full: bool
    torn_lines: int
    quality: QualityReport | None
    """Of the whole run."""


def gather(manifest: Manifest, point: Measured, report: PointReport, quality: QualityReport | None = None) -> Facts:
    """`report` is the point's, before its verdict."""
    frames = point.placed.frames
    request_bounded = is_request_bounded(manifest)
    until_us = point.placed.last_send_us if request_bounded else None
    return Facts(
        point=report,
        recorded=count_requests(frames.entire.requests),
        request_bounded=request_bounded,
        open_loop=_is_open_loop(frames.requests),
        salted=bool(manifest.options.get("salt")),
        cached_ratio=cached_ratio(point),
        prefix_share=float(manifest.options.get("prefix_share") or 0),
        stamps=manifest.stamps,
        concurrency=mean_concurrency(point.placed, until_us),
        thinking=mean_thinking(manifest, point.placed, until_us),
        dispatch_p99_s=distribution(dispatch_late_s(point)).p99,
        first_bounded_ratio=first_bounded_ratio(point),
        events_per_read=_events_per_read(point),
        clock_step_s=clock_step_s(frames.health),
        shifts=tuple(shifts(point, request_bounded=request_bounded)),
        lost_workers=lost_workers(manifest, frames.point),
        disk_full=frames.point.disk_full,
        torn_lines=frames.torn_lines,
        quality=quality,
    )


def _is_open_loop(requests: pd.DataFrame) -> bool:
    """Whether any request was sent by a plan of rates. One that was due after a pause still waited for an answer before."""
    return bool((requests["due_ns"].notna() & requests["think_us"].isna()).any())


def _events_per_read(point: Measured) -> float | None:
    return share(float(np.sum(point.fact("n_events", point.ok))), float(np.sum(point.fact("reads", point.ok))))


def lost_workers(manifest: Manifest, point: Point) -> tuple[str, ...]:
    """The workers that were lost in the midst of this point. One that went before has left its users to the others."""
    return tuple(
        process.worker
        for process in manifest.processes
        if process.lost and process.worker in point.phases and point.phases[process.worker].end_ns is None
    )
