"""The stored fact of one exchange: raw stamps, no derived number.

Schema history
    1   first version

Clocks: `*_ns` are on the writing process's CLOCK_MONOTONIC; `*_us` are microseconds since `sent_ns`. None means
"not observed" and is never zero.
"""

from typing import Literal

import msgspec

from harness.outcome import Outcome

SCHEMA = 1


class Usage(msgspec.Struct, frozen=True):
    """Token counts as the server gave them."""

    prompt: int | None = None
    output: int | None = None
    cached: int | None = None
    reasoning: int | None = None

    def updated(self, later: "Usage") -> "Usage":
        """These counts with those told later in their place; what was not told again stays."""
        return Usage(
            prompt=self.prompt if later.prompt is None else later.prompt,
            output=self.output if later.output is None else later.output,
            cached=self.cached if later.cached is None else later.cached,
            reasoning=self.reasoning if later.reasoning is None else later.reasoning,
        )


class LogProbs(msgspec.Struct, frozen=True):
    """What the server says of its own tokens, in nats."""

    sum: float
    """Of the log-probabilities of `tokens` tokens, each in the light of those before it."""
    tokens: int
    """Those for which the server told one."""

    def and_then(self, later: "LogProbs") -> "LogProbs":
        """These tokens and those after them."""
        return LogProbs(self.sum + later.sum, self.tokens + later.tokens)


class Wanted(msgspec.Struct, frozen=True):
    """The lengths that a synthetic request was made for; what they became, the server's usage says."""

    prompt: int | None = None
    output: int | None = None
    """In tokens."""
    unit: Literal["tokens", "characters"] = "tokens"
    """Of `prompt`."""


class Lag(msgspec.Struct, frozen=True):
    """Age of the data at the reads of one exchange, in microseconds."""

    p50: int
    max: int


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange. `at_us`, `chars` and `kinds` have one entry per content-bearing event."""

    schema: int = SCHEMA
    id: str
    """Also the X-Request-ID header; unique in the run."""
    run: str
    point: int
    worker: str
    user: int
    """Global index of the user, the same with one worker or many."""
    seq: int
    target: str = "default"
    dialect: str
    model: str
    prompt: str
    """Testset name and index, e.g. `chat/12`."""
    turn: int = 0
    conversation: str | None = None
    """The conversation of which this is a turn, unique in the run; None where the prompt was asked on its own."""
    turns: int | None = None
    """How many turns that conversation was to have."""
    think_us: int | None = None
    """The pause that was planned between the end of the turn before and this one."""
    wanted: Wanted | None = None
    canary: bool = False
    """One of the few prompts that are asked again and again at temperature 0, to see whether the answer changes."""
    phase: str
    """The phase in which it was sent: settle, window or cooldown."""
    due_ns: int | None = None
    """When the plan said to send, or a pause was over; None where a user asks as soon as it can."""
    begun_ns: int
    """When the user asked, before anything was built or connected."""
    sent_ns: int | None = None
    """Just before the first byte of the request that was answered; None if nothing was ever sent."""
    connect_us: int | None = None
    """What setting up the connection took (TCP and TLS); None if a connection was reused."""
    reused: bool | None = None
    retried: int = 0
    headers_us: int | None = None
    first_event_us: int | None = None
    """The first event of any kind: role, content, usage, error."""
    at_us: list[int] = []
    chars: list[int] = []
    """Unicode code points of text, reasoning and tool calls in each event."""
    kinds: str = ""
    """One letter per event: t text, r reasoning, c tool call."""
    reads: int = 0
    bound_us: list[tuple[int, int]] = []
    """(event index, how much earlier it may have arrived), only where a stamp is bounded rather than exact."""
    lag_us: Lag | None = None
    ended_us: int | None = None
    """The last byte of the body, or the moment it broke."""
    outcome: Outcome
    status: int | None = None
    fault: str | None = None
    """What went wrong, in words."""
    finish: str | None = None
    usage: Usage | None = None
    prompt_chars: int | None = None
    """Unicode code points of all that was said in the request, a salt included."""
    request_bytes: int | None = None
    response_bytes: int = 0
    logprobs: LogProbs | None = None
    """None where none were asked for, or the server gave none."""
    text: str | None = None


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Record)


def to_line(record: Record) -> bytes:
    """The record as one line of JSON, newline included. Half a surrogate pair is written as U+FFFD."""
    try:
        return _ENCODER.encode(record) + b"\n"
    except UnicodeEncodeError:
        # A server that cuts its answer between the halves of an emoji must not cost us the fact.
        told = {"text": record.text, "fault": record.fault, "finish": record.finish}
        mended = {field: mend(text) for field, text in told.items() if text is not None}
        return _ENCODER.encode(msgspec.structs.replace(record, **mended)) + b"\n"


def mend(text: str) -> str:
    """Text that UTF-8 can hold: half a surrogate pair becomes U+FFFD."""
    # Through UTF-16 two halves in succession become the character they are.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def from_line(line: bytes) -> Record:
    """Raises msgspec.DecodeError (ValidationError included) where the line is no record, e.g. a torn last line."""
    try:
        return _DECODER.decode(line)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(str(error)) from error


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """One second in the life of a load process."""

    at_ns: int
    """CLOCK_MONOTONIC at the end of the second."""
    wall_minus_monotonic_ns: int
    """A step in it means that somebody set the wall clock."""
    elapsed_ns: int
    """Since the previous line."""
    cpu_ns: int
    """CPU time of the process, user and system, all threads, since the previous line."""
    rss_bytes: int
    lag_us: list[int]
    """Overshoot of each sleep of the 20 ms loop probe."""
    in_flight: int
    users: int


class LocustEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One row of Locust's own table: times in milliseconds, as Locust has them (percentiles from its buckets)."""

    name: str
    method: str
    requests: int
    failures: int
    median_ms: float | None
    mean_ms: float | None
    min_ms: float | None
    max_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    requests_per_s: float


class LocustStats(msgspec.Struct, frozen=True, kw_only=True):
    """Locust's statistics of one whole point. `total` is its Aggregated row, `own` our entries beside it."""

    requests: int
    failures: int
    total: LocustEntry
    entries: list[LocustEntry]
    own: list[LocustEntry]
    errors: dict[str, int]
