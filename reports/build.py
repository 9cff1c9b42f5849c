"""Frames become a report. Pure."""

from typing import Any, NamedTuple

import msgspec

from harness.metrics import seconds
from harness.run import Manifest
from reports.canaries import Reports as Canaries
from reports.canaries import canaries
from reports.cost import cost
from reports.counted import counted
from reports.facts import gather
from reports.frames import Frames, PointFrames
from reports.generator import client
from reports.lengths import lengths
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
from reports.quality import ByPoint, quality_of, score_points
from reports.report import Concurrency, PointKey, PointReport, QualityReport, Report
from reports.spending import spending
from reports.stats import share
from reports.thinking import mean_thinking
from reports.turns import conversations
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
    "targets",
    "testset",
    "canaries",
    "options",
    "versions",
    "machine",
    "git",
    "stamps",
    "network",
    "probe",
    "synthetic",
    "calibration",
    "processes",
    "notes",
    "command",
]


class _Across(NamedTuple):
    """What it takes all points to say of each."""

    quality: QualityReport | None
    scores: ByPoint
    canaries: Canaries


def build(frames: Frames) -> Report:
    """The report of a run: every point of the sweep, also those that never came to their window."""
    across = _Across(quality_of(frames), score_points(frames), canaries(frames))
    points = [_build_point(frames, across, point) for point in frames.points]
    reasons = judge_run(frames.manifest, points)
    return Report(
        run=_in_short(frames.manifest),
        verdict=verdict_of(reasons),
        reasons=reasons,
        points=points,
        quality=across.quality,
        prices=spending(frames, points),
    )


def _in_short(manifest: Manifest) -> dict[str, Any]:
    whole = msgspec.to_builtins(manifest)
    return {key: whole[key] for key in _IN_SHORT}


def _build_point(run: Frames, across: _Across, frames: PointFrames) -> PointReport:
    point = measure(place(frames, request_bounded=is_request_bounded(run.manifest)))
    report = _measure_point(run, across, point)
    reasons = judge(gather(run.manifest, point, report, across.quality))
    return msgspec.structs.replace(report, reasons=reasons, verdict=verdict_of(reasons))


def _measure_point(run: Frames, across: _Across, point: Measured) -> PointReport:
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
        goodput=goodput(point, run.manifest.options.get("slo") or {}),
        concurrency=Concurrency(
            target=row.users, mean=mean_concurrency(placed), thinking=mean_thinking(run.manifest, placed)
        ),
        throughput=throughput(point),
        latency=latency(point),
        with_failures=with_failures(point),
        stream=stream(point),
        tokens=tokens(point, counted(point, run.counts)),
        prompts=prompts(point),
        lengths=lengths(point),
        conversations=conversations(run.manifest, point),
        quality=across.scores.get(PointKey(row.index, row.target), []),
        canaries=across.canaries.get(PointKey(row.index, row.target)),
        cost=cost(run, point),
        client=client(point),
        locust=locust_check(placed.frames),
        verdict="trusted",
        reasons=[],
    )
