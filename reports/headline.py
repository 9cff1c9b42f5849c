"""The metrics that summaries and comparisons show, and how each is found in a point."""

from typing import Any, Literal, NamedTuple

from reports.report import PointReport

Better = Literal["lower", "higher"]


class Headline(NamedTuple):
    """`key` is the dotted path in a point of report.json."""

    key: str
    label: str
    unit: str
    better: Better
    needs_slo: bool = False


HEADLINES = (
    Headline("latency.ttft_s.p50", "TTFT p50", "s", "lower"),
    Headline("latency.ttft_s.p95", "TTFT p95", "s", "lower"),
    Headline("latency.ttft_s.p99", "TTFT p99", "s", "lower"),
    Headline("latency.itl_s.p50", "ITL p50", "s", "lower"),
    Headline("latency.itl_s.p99", "ITL p99", "s", "lower"),
    Headline("latency.tpot_s.p50", "TPOT p50", "s/token", "lower"),
    Headline("latency.e2e_s.p50", "E2E p50", "s", "lower"),
    Headline("latency.e2e_s.p95", "E2E p95", "s", "lower"),
    Headline("latency.e2e_s.p99", "E2E p99", "s", "lower"),
    Headline("stream.chars_per_s.p50", "Chars/s per stream", "chars/s", "higher"),
    Headline("throughput.chars_per_s", "Total chars/s", "chars/s", "higher"),
    Headline("throughput.output_tokens_per_s", "Output tokens/s", "tokens/s", "higher"),
    Headline("throughput.requests_per_s", "Requests/s", "requests/s", "higher"),
    Headline("success_ratio", "Success", "ratio", "higher"),
    Headline("goodput.ratio", "Goodput", "ratio", "higher", needs_slo=True),
    Headline("goodput.requests_per_s", "Goodput requests/s", "requests/s", "higher", needs_slo=True),
)


def read(point: PointReport, key: str) -> float | None:
    """The number at a dotted path; None where anything on the way is None."""
    value: Any = point
    for name in key.split("."):
        value = None if value is None else getattr(value, name)
    number: float | None = value
    return number
