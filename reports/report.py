"""The report as data: what report.json holds, and what every renderer renders. None is "not observed".

Keys may be added within a schema; none is renamed, dropped or given another meaning.
"""

from typing import Any, Literal

import msgspec

SCHEMA = 1

Level = Literal["note", "doubtful", "invalid"]
Verdict = Literal["trusted", "doubtful", "invalid"]


class Distribution(msgspec.Struct, frozen=True):
    """n = 0: all the others None. Percentiles by linear interpolation (numpy's default)."""

    n: int
    mean: float | None = None
    stdev: float | None = None
    min: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    max: float | None = None


class Tail(msgspec.Struct, frozen=True):
    """Percentiles with failures counted as infinite; None where that is the answer."""

    p50: float | None
    p95: float | None
    p99: float | None


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """A doubt: what was found, where the limit lies, and what to do about it."""

    code: str
    level: Level
    figure: float | None
    threshold: float | None
    text: str
    remedy: str


class Requests(msgspec.Struct, frozen=True, kw_only=True):
    """sent = ok + failed + aborted; `outcomes` holds those that occurred."""

    sent: int
    ok: int
    failed: int
    aborted: int
    dropped: int
    outcomes: dict[str, int]


class Goodput(msgspec.Struct, frozen=True, kw_only=True):
    """`ratio`: requests that met every bound / (ok + failed)."""

    ratio: float | None
    requests_per_s: float | None
    slo: dict[str, float]


class Concurrency(msgspec.Struct, frozen=True, kw_only=True):
    """`mean`: integral over the window of exchanges between sent and end / window."""

    target: int
    mean: float | None


class Throughput(msgspec.Struct, frozen=True, kw_only=True):
    """Of everything that arrived in the window, whichever request it belongs to."""

    requests_per_s: float | None
    output_tokens_per_s: float | None
    input_tokens_per_s: float | None
    chars_per_s: float | None


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds, over the ok requests sent in the window."""

    ttft_s: Distribution
    ttft_visible_s: Distribution
    headers_s: Distribution
    first_event_s: Distribution
    e2e_s: Distribution
    itl_s: Distribution
    tpot_s: Distribution
    connect_s: Distribution


class WithFailures(msgspec.Struct, frozen=True, kw_only=True):
    """The percentiles of ok and failed requests together."""

    ttft_s: Tail
    e2e_s: Tail


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """Rates within one request, over the ok requests sent in the window."""

    chars_per_s: Distribution
    chars_per_s_decode: Distribution
    tokens_per_s: Distribution


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """`cached_ratio`: cached / prompt tokens. `per_event`: output tokens / content events."""

    prompt: Distribution
    output: Distribution
    cached_ratio: float | None
    source: Literal["usage", "partial", "none"]
    per_event: float | None


class Prompts(msgspec.Struct, frozen=True, kw_only=True):
    """How often prompts were repeated."""

    sent: int
    distinct: int


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """The generator's own health in the window."""

    lag_s: Distribution
    loop_lag_s: Distribution
    late_s: Distribution
    cpu_ratio: float | None
    bounded_ratio: float | None


class LocustCheck(msgspec.Struct, frozen=True, kw_only=True):
    """Locust's counts of the whole point; None where it left none."""

    requests: int | None
    failures: int | None
    agrees: bool


class PointReport(msgspec.Struct, frozen=True, kw_only=True):
    """One point of the sweep."""

    index: int
    users: int
    target: str
    state: str
    window_s: float | None
    requests: Requests
    requests_all: Requests
    success_ratio: float | None
    goodput: Goodput | None
    concurrency: Concurrency
    throughput: Throughput
    latency: Latency
    with_failures: WithFailures
    stream: Stream
    tokens: Tokens
    prompts: Prompts
    client: Client
    locust: LocustCheck
    verdict: Verdict
    reasons: list[Reason]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the renderers need but the pictures' raw points."""

    schema: int = SCHEMA
    run: dict[str, Any]
    verdict: Verdict
    reasons: list[Reason]
    points: list[PointReport]
