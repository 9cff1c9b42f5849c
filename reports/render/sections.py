"""What the page says, as words in tables: the template only lays it out. Nothing here is escaped: renderers do that."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from harness.metrics import CLIENT, LATENCIES, STREAM, US_PER_S, Metric
from harness.outcome import NOT_JUDGED, Outcome
from harness.run import Calibration, Host, Manifest
from reports.charts.look import labels, targets_of, whole_labels
from reports.frames import Frames, PointFrames
from reports.render.numbers import MISSING, count, in_unit, rate, ratio, seconds, significant
from reports.report import Distribution, PointReport, Report

_FAULTS_SHOWN = 12
_GIB = 1024**3


class Fact(NamedTuple):
    """One line of what was run."""

    name: str
    value: str


class Line(NamedTuple):
    """One row of a table; `verdict` sets its tone."""

    cells: tuple[str, ...]
    verdict: str = ""


class Table(NamedTuple):
    """Heads and rows; the first column names the row, the others are numbers."""

    heads: tuple[str, ...]
    lines: list[Line]


class Fault(NamedTuple):
    """What failed requests said, the same words counted once."""

    outcome: str
    text: str
    times: int
    example: str
    """Id of the first such request, which the server knows as its X-Request-ID."""


def facts(manifest: Manifest, report: Report) -> list[Fact]:
    """What was run, where, and by what."""
    testset = manifest.testset
    git = manifest.git
    commit = "" if git is None else f", git {git.commit[:12]}{' with local changes' if git.dirty else ''}"
    return [
        *_asked(manifest),
        Fact("Test set", f"{testset.name}: {count(testset.prompts)} prompts from {testset.source}"),
        Fact("Test set digest", testset.digest),
        Fact("Users", _users(report)),
        Fact("Measured window", _windows(report)),
        Fact("Date", f"{manifest.begun} to {manifest.ended or MISSING}"),
        Fact("Stamps", _STAMPS[manifest.stamps]),
        *_calibration(manifest.calibration),
        Fact("Versions", ", ".join(f"{name} {version}" for name, version in manifest.versions.items()) + commit),
        Fact("Command", shlex.join(manifest.command)),
        Fact("Machine", _machine(manifest.machine, len({process.worker for process in manifest.processes}))),
    ]


def _asked(manifest: Manifest) -> Iterator[Fact]:
    """Who was asked: a line each where there are several."""
    if len(manifest.targets) < 2:
        yield Fact("Model", manifest.model)
        yield Fact("URL", manifest.url)
        yield Fact("Dialect", manifest.dialect)
        return
    for target in manifest.targets:
        yield Fact(f"Target {target.name}", f"{target.model} at {target.url}, by {target.dialect}")


def _users(report: Report) -> str:
    """Those of each point; once, where all targets have the same."""
    counts = {
        target: ", ".join(str(point.users) for point in report.points if point.target == target)
        for target in targets_of(report)
    }
    if len(set(counts.values())) == 1:
        return next(iter(counts.values()))
    return "; ".join(f"{users} of {target}" for target, users in counts.items()) or MISSING


def _calibration(found: Calibration | None) -> Iterator[Fact]:
    """What the machine added, if it was measured before the sweep."""
    if found is None:
        return
    ttft, itl = found.ttft_error_s, found.itl_error_s
    load = f"{count(found.users)} user{'' if found.users == 1 else 's'} × {rate(1 / found.itl_s)} tokens/s"
    errors = (
        f"TTFT {seconds(ttft.p50)} late at the median and {seconds(ttft.p99)} at p99, gaps off by "
        f"{seconds(itl.p50)} and {seconds(itl.p99)}"
    )
    kept = f"{ratio(found.concurrency_ratio)} of the streams kept open"
    yield Fact("Calibration", f"{found.verdict} at {load} against the embedded server: {errors}; {kept}")


_STAMPS = {
    "kernel": "by the kernel, when the bytes came in",
    "user": "by the load process, when it read them: its own delay is in the numbers",
    "yield": "where query_model() yields, in the load process: its delay and that of the client it uses are in the numbers",
}


def options(manifest: Manifest) -> list[Fact]:
    """Every option as it was resolved, what the environment added, and the probe."""
    resolved = [Fact(name, said(value)) for name, value in sorted(manifest.options.items())]
    network = [Fact(name, value) for name, value in sorted(manifest.network.items())]
    return [*resolved, *network, Fact("Probe before the sweep", manifest.probe or MISSING)]


def said(value: Any) -> str:
    """An option or a setting, of whatever kind."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name}={said(each)}" for name, each in value.items()) or MISSING
    if isinstance(value, list | tuple):
        return " ".join(map(said, value)) or MISSING
    return MISSING if value is None else str(value)


def _windows(report: Report) -> str:
    seen = sorted({f"{point.window_s:.1f} s" for point in report.points if point.window_s is not None})
    return f"{', '.join(seen)} for each point" if seen else MISSING


def _machine(host: Host, processes: int) -> str:
    memory = f"{host.memory_bytes / _GIB:.1f} GiB"
    where = f"{host.name}: {host.cpu}, {host.cores} cores, {memory}, {host.system} {host.kernel} {host.machine}"
    return f"{where}; {processes} load process{'' if processes == 1 else 'es'}"


def summary(report: Report) -> Table:
    """One row a point, the numbers most asked for."""
    columns = [column for column in _SUMMARY if column.name != "Goodput" or any(p.goodput for p in report.points)]
    names = labels(report)
    lines = [
        Line((names[point.key], *(column.text(point) for column in columns)), point.verdict) for point in report.points
    ]
    return Table(("Point", *(column.name for column in columns)), lines)


class _Column(NamedTuple):
    name: str
    text: Callable[[PointReport], str]


_SUMMARY = (
    _Column("Sent", lambda p: count(p.requests.sent)),
    _Column("OK", lambda p: count(p.requests.ok)),
    _Column("Failed", lambda p: count(p.requests.failed)),
    _Column("Aborted", lambda p: count(p.requests.aborted)),
    _Column("TTFT p50", lambda p: seconds(p.latency.ttft_s.p50)),
    _Column("TTFT p95", lambda p: seconds(p.latency.ttft_s.p95)),
    _Column("TTFT p99", lambda p: seconds(p.latency.ttft_s.p99)),
    _Column("ITL p50", lambda p: seconds(p.latency.itl_s.p50)),
    _Column("ITL p99", lambda p: seconds(p.latency.itl_s.p99)),
    _Column("TPOT p50", lambda p: seconds(p.latency.tpot_s.p50)),
    _Column("E2E p50", lambda p: seconds(p.latency.e2e_s.p50)),
    _Column("E2E p99", lambda p: seconds(p.latency.e2e_s.p99)),
    _Column("Chars/s per stream", lambda p: rate(p.stream.chars_per_s.p50)),
    _Column("Total chars/s", lambda p: rate(p.throughput.chars_per_s)),
    _Column("Output tokens/s", lambda p: rate(p.throughput.output_tokens_per_s)),
    _Column("Requests/s", lambda p: rate(p.throughput.requests_per_s)),
    _Column("Goodput", lambda p: ratio(p.goodput.ratio) if p.goodput else MISSING),
    _Column("In flight, mean", lambda p: significant(p.concurrency.mean)),
)


class PointDetail(NamedTuple):
    """Everything that was computed for one point."""

    name: str
    verdict: str
    state: str
    figures: Table
    counts: list[Fact]


def details(report: Report) -> list[PointDetail]:
    """All figures of each point."""
    names = labels(report)
    return [
        PointDetail(names[point.key], point.verdict, point.state, _figures(point), _counts(point))
        for point in report.points
    ]


_DISTRIBUTION = ("n", "mean", "stdev", "min", "p50", "p90", "p95", "p99", "max")


def _figures(point: PointReport) -> Table:
    groups: tuple[tuple[Sequence[Metric], object], ...] = (
        (LATENCIES, point.latency),
        (STREAM, point.stream),
        (CLIENT, point.client),
    )
    lines = [_spread(metric, getattr(group, metric.key)) for metrics, group in groups for metric in metrics]
    return Table(("Metric", *_DISTRIBUTION), lines)


def _spread(metric: Metric, values: Distribution) -> Line:
    numbers = (in_unit(getattr(values, name), metric.unit) for name in _DISTRIBUTION[1:])
    return Line((_with_unit(metric), count(values.n), *numbers))


def _with_unit(metric: Metric) -> str:
    # A duration carries its own unit in every cell, a rate does not.
    return metric.label if metric.unit == "s" else f"{metric.label} ({metric.unit})"


def _counts(point: PointReport) -> list[Fact]:
    tail = point.with_failures
    return [
        Fact("Success", f"{ratio(point.success_ratio)} of ok and failed requests"),
        Fact("With failures as infinite", f"TTFT p50 {seconds(tail.ttft_s.p50)}, p95 {seconds(tail.ttft_s.p95)}, "
             f"p99 {seconds(tail.ttft_s.p99)}; E2E p99 {seconds(tail.e2e_s.p99)}"),
        Fact("Input tokens/s", rate(point.throughput.input_tokens_per_s)),
        Fact("Tokens of a request, median", f"prompt {rate(point.tokens.prompt.p50)}, "
             f"output {rate(point.tokens.output.p50)}; source: {point.tokens.source}"),
        Fact("Output tokens per event", significant(point.tokens.per_event)),
        Fact("Prompt tokens from the cache", ratio(point.tokens.cached_ratio)),
        Fact("Prompts", f"{count(point.prompts.sent)} sent, {count(point.prompts.distinct)} of them distinct"),
        Fact("CPU of the busiest load process", ratio(point.client.cpu_ratio)),
        Fact("Stamps that are bounded, not exact", ratio(point.client.bounded_ratio)),
        Fact("Whole point, warm-up and cooldown included", f"{count(point.requests_all.sent)} sent, "
             f"{count(point.requests_all.ok)} ok, {count(point.requests_all.failed)} failed, "
             f"{count(point.requests_all.aborted)} aborted"),
        *_goodput(point),
    ]  # fmt: skip


def _goodput(point: PointReport) -> Iterator[Fact]:
    if point.goodput is not None:
        bounds = ", ".join(f"{name} ≤ {seconds(bound)}" for name, bound in point.goodput.slo.items())
        met = f"{ratio(point.goodput.ratio)}, {rate(point.goodput.requests_per_s)} requests/s"
        yield Fact(f"Goodput ({bounds})", met)


def outcomes(report: Report) -> Table:
    """Every outcome that occurred anywhere, a column a point: in the window, and in brackets in the whole point."""
    names = labels(report)
    seen = [
        outcome
        for outcome in reversed(Outcome)
        if any(outcome in point.requests.outcomes or outcome in point.requests_all.outcomes for point in report.points)
    ]
    lines = [Line((str(outcome), *(_times(point, outcome) for point in report.points))) for outcome in seen]
    return Table(("Outcome", *(names[point.key] for point in report.points)), lines)


def _times(point: PointReport, outcome: Outcome) -> str:
    window, whole = (requests.outcomes.get(outcome, 0) for requests in (point.requests, point.requests_all))
    return f"{count(window)} ({count(whole)})"


def faults(frames: Frames) -> list[Fault]:
    """What failed requests said, the most frequent first; of the whole run."""
    found: dict[tuple[str, str], Fault] = {}
    for point in frames.points:
        for outcome, text, name in _fault_rows(point):
            before = found.get((outcome, text))
            times, example = (1, name) if before is None else (before.times + 1, before.example)
            found[outcome, text] = Fault(outcome, text, times, example)
    return sorted(found.values(), key=lambda fault: (-fault.times, fault.outcome, fault.text))[:_FAULTS_SHOWN]


def _fault_rows(point: PointFrames) -> Iterator[tuple[str, str, str]]:
    failed = point.requests[point.requests["fault"].notna()]
    yield from zip(failed["outcome"].map(str), failed["fault"].map(str), failed["id"].map(str), strict=True)


def locust_table(report: Report, frames: Frames) -> Table:
    """Locust's numbers of each whole point beside ours of the same requests: those neither aborted nor dropped."""
    names = whole_labels(report)
    by_index = {point.point.index: point.entire for point in frames.points}
    heads = (
        *("Point", "Requests, ours", "Locust", "Failures, ours", "Locust"),
        *("E2E median, ours", "Locust", "E2E p95, ours", "Locust", "Counts agree"),
    )
    lines = [_locust_line(name, _parts(report, index), by_index[index]) for index, name in names.items()]
    return Table(heads, lines)


def _parts(report: Report, index: int) -> list[PointReport]:
    """The rows of one point: as many as it has targets."""
    return [point for point in report.points if point.index == index]


def _locust_line(name: str, parts: Sequence[PointReport], frames: PointFrames) -> Line:
    failed = sum(part.requests_all.failed for part in parts)
    check = parts[0].locust
    total = None if frames.locust is None else frames.locust.total
    theirs = _Pair(None, None) if total is None else _Pair(_from_ms(total.median_ms), _from_ms(total.p95_ms))
    ours = _whole_e2e_s(frames)
    cells = (
        name,
        count(sum(part.requests_all.ok for part in parts) + failed),
        count(check.requests),
        count(failed),
        count(check.failures),
        seconds(ours.median_s),
        seconds(theirs.median_s),
        seconds(ours.p95_s),
        seconds(theirs.p95_s),
        "yes" if check.agrees else "no",
    )
    return Line(cells, "" if check.agrees else "invalid")


def _from_ms(value_ms: float | None) -> float | None:
    return None if value_ms is None else value_ms / 1000


class _Pair(NamedTuple):
    median_s: float | None
    p95_s: float | None


def _whole_e2e_s(point: PointFrames) -> _Pair:
    requests = point.requests
    judged = ~requests["outcome"].isin([str(outcome) for outcome in NOT_JUDGED]).to_numpy(bool)
    ended_us = requests["ended_us"].to_numpy(np.float64)[judged]
    ended_us = ended_us[~np.isnan(ended_us)]
    if not len(ended_us):
        return _Pair(None, None)
    return _Pair(*(float(value) / US_PER_S for value in np.percentile(ended_us, (50, 95))))
