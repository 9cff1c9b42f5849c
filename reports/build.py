"""Frames become a report. Pure."""

from typing import Any

import msgspec

from harness.metrics import seconds
from harness.run import Manifest
from reports.facts import gather
from reports.frames import Frames, PointFrames
from reports.generator import client
from reports.measure import (
    Measured,
    count_requests,
    goodput,
    latency,
    locust_check,
    measure,
    prompts,
    stream,
    throughput,
    tokens,
    with_failures,
)
from reports.report import Concurrency, PointReport, Report
from reports.stats import share
from reports.verdict import judge, judge_run, verdict_of
from reports.window import is_request_bounded, mean_concurrency, place

_IN_SHORT = [
    "id",
    "name",
    "description",
    "kind",
    "state",
    "begun",
    "ended",
    "url",
    "model",
    "dialect",
    "testset",
    "options",
    "versions",
    "machine",
    "git",
    "stamps",
    "network",
    "probe",
    "calibration",
    "processes",
    "notes",
    "command",
]


def build(frames: Frames) -> Report:
    """The report of a run: every point of the sweep, also those that never came to their window."""
    points = [_build_point(frames.manifest, point) for point in frames.points]
    reasons = judge_run(frames.manifest, points)
    return Report(run=_in_short(frames.manifest), verdict=verdict_of(reasons), reasons=reasons, points=points)


def _in_short(manifest: Manifest) -> dict[str, Any]:
    whole = msgspec.to_builtins(manifest)
    return {key: whole[key] for key in _IN_SHORT}


def _build_point(manifest: Manifest, frames: PointFrames) -> PointReport:
    placed = place(frames, request_bounded=is_request_bounded(manifest))
    point = measure(placed)
    report = _measure_point(point, manifest.options.get("slo") or {})
    reasons = judge(gather(manifest, point, report))
    return msgspec.structs.replace(report, reasons=reasons, verdict=verdict_of(reasons))


def _measure_point(point: Measured, slo: dict[str, float]) -> PointReport:
    placed, row = point.placed, point.placed.frames.point
    requests = count_requests(point.facts[placed.in_window])
    return PointReport(
        index=row.index,
        users=row.users,
        target=row.target,
        state=row.state,
        window_s=None if placed.window_us is None else seconds(placed.window_us),
        requests=requests,
        requests_all=count_requests(point.facts),
        success_ratio=share(requests.ok, requests.ok + requests.failed),
        goodput=goodput(point, slo),
        concurrency=Concurrency(target=row.users, mean=mean_concurrency(placed)),
        throughput=throughput(point),
        latency=latency(point),
        with_failures=with_failures(point),
        stream=stream(point),
        tokens=tokens(point),
        prompts=prompts(point),
        client=client(point),
        locust=locust_check(placed.frames),
        verdict="trusted",
        reasons=[],
    )
