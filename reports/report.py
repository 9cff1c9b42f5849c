"""The report as data: what report.json holds, and what every renderer renders. None is "not observed".

Keys may be added within a schema; none is renamed, dropped or given another meaning.
"""

from typing import Any, Literal, NamedTuple

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
    """`mean`: integral over the window of exchanges between sent and end / window; `thinking`: the same of users who pause
    between two turns of a conversation, None without pauses.
    """

    target: int
    mean: float | None
    thinking: float | None = None


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


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """Output tokens by a tokenizer of the user's, over the ok requests sent in the window whose text is all that they said."""

    tokenizer: str
    """The path it was read from."""
    digest: str
    output: Distribution
    tpot_s: Distribution
    """(last − first content event) / (counted tokens − 1)."""
    per_usage: float | None
    """Counted tokens / tokens of the server's usage, of the requests that have both."""
    off_ratio: float | None
    """Tokens by which the two differ, one a request allowed for / tokens of the usage."""


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """`cached_ratio`: cached / prompt tokens. `per_event`: output tokens / content events."""

    prompt: Distribution
    output: Distribution
    cached_ratio: float | None
    source: Literal["usage", "partial", "none"]
    per_event: float | None
    counted: Counted | None = None
    """None where no tokenizer was given."""


class Prompts(msgspec.Struct, frozen=True, kw_only=True):
    """How often prompts were repeated."""

    sent: int
    distinct: int


class Length(msgspec.Struct, frozen=True, kw_only=True):
    """Of prompts, or of answers."""

    unit: Literal["tokens", "characters"]
    source: Literal["usage", "request"]
    """Who tells the actual length: the server, or what was sent."""
    wanted: Distribution
    actual: Distribution
    ratio: float | None
    """Median of actual / wanted, of the requests that have both."""
    exact_ratio: float | None
    """Requests that are just as long as was wanted / requests that have both lengths."""


class Lengths(msgspec.Struct, frozen=True, kw_only=True):
    """Those that were asked for and what became of them, over the ok requests sent in the window."""

    prompt: Length | None
    """None where the prompts are those of a set."""
    output: Length | None
    """None where answers were bounded by --max-tokens alone."""


class TurnReport(msgspec.Struct, frozen=True, kw_only=True):
    """The n-th turns of all conversations, of those sent in the window; distributions over the ok ones."""

    turn: int
    """From 0."""
    sent: int
    ttft_s: Distribution
    e2e_s: Distribution
    prompt_tokens: Distribution


class Conversations(msgspec.Struct, frozen=True, kw_only=True):
    """Those of which a turn was sent in the window: seen = finished + abandoned + unfinished."""

    seen: int
    begun: int
    """Their first turn was sent in the window."""
    finished: int
    abandoned: int
    """A turn failed, or said nothing that could be gone on with."""
    unfinished: int
    """Cut by the end of the point."""
    turns: int
    """Sent in the window."""
    by_turn: list[TurnReport]


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


class PointKey(NamedTuple):
    """Which row of a report it is: of a point that several targets shared there are several rows."""

    point: int
    """Its index."""
    target: str


class PointReport(msgspec.Struct, frozen=True, kw_only=True):
    """One point of the sweep, or one target's part of a point that several shared."""

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
    lengths: Lengths | None = None
    """None where no lengths were asked for."""
    conversations: Conversations | None = None
    """None where prompts are asked as single requests."""
    client: Client
    locust: LocustCheck
    verdict: Verdict
    reasons: list[Reason]

    @property
    def key(self) -> PointKey:
        return PointKey(self.index, self.target)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the renderers need but the pictures' raw points."""

    schema: int = SCHEMA
    run: dict[str, Any]
    verdict: Verdict
    reasons: list[Reason]
    points: list[PointReport]
