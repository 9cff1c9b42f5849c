"""The point that stands for the run, and the sentence that says so."""

from reports.charts.look import labels
from reports.render.numbers import rate, ratio, seconds
from reports.report import PointReport, Report


def best_point(report: Report) -> PointReport | None:
    """Of the points that are not invalid the one with the most goodput, or without SLOs the most characters a second.

    None where no such point has a success.
    """
    fit = [point for point in report.points if point.verdict != "invalid" and point.requests.ok]
    return max(fit, key=_yield, default=None)


def _yield(point: PointReport) -> tuple[float, float]:
    goodput = None if point.goodput is None else point.goodput.requests_per_s
    return goodput or 0.0, point.throughput.chars_per_s or 0.0


def headline(report: Report) -> str:
    """What the run found, in one sentence; or why it found nothing."""
    point = best_point(report)
    if point is None:
        return _nothing(report)
    total = f"{rate(point.throughput.chars_per_s)} characters/s"
    tokens = point.throughput.output_tokens_per_s
    if tokens is not None:
        total += f" ({rate(tokens)} output tokens/s)"
    ttft = point.latency.ttft_s
    wait = f"first token after {seconds(ttft.p50)} in the median and {seconds(ttft.p99)} at p99"
    stream = f"{rate(point.stream.chars_per_s.p50)} characters/s for each stream"
    success = f"{ratio(point.success_ratio)} of the requests succeeded"
    doubt = "" if point.verdict == "trusted" else f" This point is {point.verdict}: see the verdict."
    return f"Best at {labels(report)[point.key]}: {total} in all, {wait}, {stream}; {success}.{doubt}"


def _nothing(report: Report) -> str:
    if not report.points:
        return "No point was run, so there is nothing to report."
    if not any(point.requests.ok for point in report.points):
        return "No request of any window succeeded: there is no figure to quote."
    return "Every point with a success is invalid: its figures are shown in grey and should not be quoted."
