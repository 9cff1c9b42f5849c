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
    """How often prompts were repeated, canaries left out."""

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


class Bounds(msgspec.Struct, frozen=True):
    """A 95 % interval; both ends belong to it."""

    low: float
    high: float


Found = Literal["lower", "higher", "none", "untested"]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Of a score at a point from that at the target's point of fewest users, prompt by prompt.

    A prompt that was asked at both is compared with itself, so that another mix of prompts is no difference. Those that only
    one of the two asked, as happens with a large set, are compared as two samples of prompts, each with the mean of its
    answers; of conversations, turns with the same turns.
    """

    users: int
    """Of the point that is compared with."""
    point: int
    prompts: int
    """That were asked at both."""
    others: int = 0
    """That were asked at one of the two only."""
    difference: float | None
    """Score here less score there, weighted over prompts (the others together like one) by n_here n_there / (n_here + n_there)."""
    p: float | None
    """By chance alone, two-sided, after Holm for all points of the scorer; None where it was not tested."""
    found: Found
    """lower, higher or none at 5 %; untested where there is nothing to compare. Where all values are the same it is none."""


class ScoreReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one scorer says of a point: of the ok answers sent in its window, canaries left out."""

    scorer: str
    n: int
    """Answers that have a value."""
    unscored: int
    """Answers to which the scorer applies, and which have none."""
    value: float | None
    """Mean of the values; of a ratio that is the share of ones / n."""
    interval: Bounds | None
    """Of a ratio by Wilson, of a mean by bootstrap; None where n is too small."""
    of_requests: float | None = None
    """Of a check: right answers / (ok + failed) requests, a failed one not being right; None where not all are scored."""
    labels: dict[str, int] = {}
    """The most frequent ones."""
    whys: dict[str, int] = {}
    """Why answers have no value, the most frequent reasons."""
    difference: Difference | None = None
    """None at the point of fewest users itself."""


class CanaryReport(msgspec.Struct, frozen=True, kw_only=True):
    """Of the canaries sent in the window, each against the answer that its target gave most often at its point of fewest users."""

    sent: int
    compared: int
    """Those that are ok, and whose prompt was answered at that point; there itself, by another canary than this one."""
    changed: int
    """Those with another answer; there itself, with another than the others gave most often."""
    changed_ratio: float | None
    """Changed / compared. At the point of fewest users itself it says how often the server disagrees with itself."""
    interval: Bounds | None
    """Of the ratio, by Wilson."""
    first_difference_chars: Distribution
    """Of the changed ones: how many characters are the same before the first that differs."""
    reference_point: int | None
    """The point of fewest users, as far as canaries were answered there; None where none was anywhere."""
    reference_users: int | None
    reference_changed_ratio: float | None
    """The ratio at that point."""
    difference: Difference | None = None
    """Of changed_ratio; None at the point of fewest users itself."""


class CostReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a point cost, in `currency`. Of tokens: those that the server's usage tells; of a machine: its time."""

    currency: str
    basis: Literal["tokens", "machine"]
    window: float | None
    """Of all requests sent in the window, or of the machine during it."""
    whole_point: float | None
    """The same, warm-up and cooldown included."""
    per_request: float | None
    """Window / requests sent in it, without the unpriced ones."""
    per_1k_tokens: float | None
    """Window / 1,000 output tokens of the requests sent in it; for a machine of those that arrived in it."""
    per_hour: float | None
    """Window / its length, in hours."""
    per_correct: float | None
    """Window / right answers; None without a check, without a right answer, or with answers that have no score. Canaries
    are no answers, and what their tokens cost is left out; a machine's time cannot be told apart."""
    per_good: float | None
    """The same / answers that are right and meet every bound of --slo."""
    check: str | None
    """The scorer that says what is right."""
    interval_per_correct: Bounds | None = None
    """From the interval of the accuracy alone."""
    interval_per_good: Bounds | None = None
    """From the interval of good answers / answers alone."""
    unpriced: int = 0
    """Requests sent in the window for which the server told no token counts; they are in no cost."""
    unscored: int = 0
    """Answers of the window of which the check said nothing."""


class ScorerReport(msgspec.Struct, frozen=True, kw_only=True):
    """Who scored, and how far its word goes."""

    name: str
    label: str
    kind: Literal["ratio", "mean"]
    better: Literal["higher", "lower", "neither"]
    definition: str
    checks: bool
    version: int
    settings: dict[str, Any]
    repeats: int = 0
    """Judgements that were asked for twice."""
    agreement: float | None = None
    """Pairs with the same value / repeats."""
    agreement_interval: Bounds | None = None
    """By Wilson."""


class TextScore(msgspec.Struct, frozen=True, kw_only=True):
    """What one target makes of the reference texts, asked when the load had ended."""

    scorer: str
    target: str
    model: str
    texts: int
    """That have a value."""
    unscored: int
    tokens: int | None
    value: float | None
    """e to the negative sum of all log-probabilities / tokens: over all texts, each token counting the same."""
    interval: Bounds | None
    """By bootstrap over the texts."""
    bits_per_byte: float | None
    """The same in bits / UTF-8 bytes of what was scored: comparable between models of different tokenizers."""
    whys: dict[str, int] = {}


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the user's table of prices, in the table's currency."""

    name: str
    """The model, or the target, that it is for."""
    of: Literal["model", "target"]
    input: float | None = None
    """Per million prompt tokens, as are the next three per million of theirs."""
    cached_input: float | None = None
    """None: as `input`."""
    output: float | None = None
    reasoning: float | None = None
    """None: as `output`."""
    per_hour: float | None = None
    """Of the machine, or of all machines, that serve it."""
    source: str | None = None


class TargetCost(msgspec.Struct, frozen=True, kw_only=True):
    """What a target cost in the whole run: the sum of its points, each with its warm-up and cooldown."""

    target: str
    model: str
    price: str
    """Name of the row that it is charged by."""
    price_of: Literal["model", "target"]
    basis: Literal["tokens", "machine"]
    whole_run: float | None
    """None where nothing of it is known."""
    unpriced: int = 0
    """Requests sent in the run for which the server told no token counts; they are in no cost."""


class PricesReport(msgspec.Struct, frozen=True, kw_only=True):
    """The table as far as the run uses it, and what the run cost by it."""

    currency: str
    as_of: str | None
    source: str
    """The file that it was read from, and what that says of its own source."""
    rows: list[Price]
    targets: list[TargetCost] = []
    gaps: list[str] = []
    """Targets for which there is no price, and costs that could not be told, a sentence each."""


class QualityReport(msgspec.Struct, frozen=True, kw_only=True):
    """Of the whole run."""

    scorers: list[ScorerReport]
    texts: list[TextScore] = []
    gaps: list[str] = []
    """What could not be scored, a sentence each."""


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
    quality: list[ScoreReport] = []
    """One a scorer that scored this run; empty where nobody did."""
    canaries: CanaryReport | None = None
    """None without --canary-every."""
    cost: CostReport | None = None
    """None without a price for the target."""
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
    quality: QualityReport | None = None
    """None where nobody scored."""
    prices: PricesReport | None = None
    """None without a table of prices."""
