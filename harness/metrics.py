"""What is computed from a record: formulas over plain numbers or arrays alike, and the table that names them.

The live page and the report share these, so that a number has one meaning. Nothing here knows about failures,
windows or missing values: callers pass what was observed.
"""

from typing import Any, NamedTuple, TypeVar

Number = TypeVar("Number", float, Any)
"""A float or a numpy array; every formula is elementwise."""

US_PER_S = 1_000_000
NS_PER_S = 1_000_000_000


def seconds(us: Number) -> Number:
    """Microseconds since the request was sent, in seconds: TTFT, E2E and every other "sent → x" latency."""
    return us / US_PER_S


def tpot_s(first_us: Number, last_us: Number, output_tokens: Number) -> Number:
    """(last - first content arrival) / (output tokens - 1), seconds per token; needs more than one token."""
    return (last_us - first_us) / US_PER_S / (output_tokens - 1)


def per_second(count: Number, us: Number) -> Number:
    """`count` over a duration in microseconds: characters or tokens per second."""
    return count * US_PER_S / us


class Metric(NamedTuple):
    """How a metric is called, in what unit it is, and what it means in one line."""

    key: str
    label: str
    unit: str
    definition: str


LATENCIES = (
    Metric("ttft_s", "TTFT", "s", "sent → first content-bearing event (text, reasoning or tool call)"),
    Metric("ttft_visible_s", "TTFT visible", "s", "sent → first text event"),
    Metric("headers_s", "Headers", "s", "sent → head of the response"),
    Metric("first_event_s", "First event", "s", "sent → first event of any kind, an empty role chunk included"),
    Metric("e2e_s", "E2E latency", "s", "sent → last byte of the body"),
    Metric("itl_s", "ITL", "s", "gap between successive content-bearing events of a request, arrived in the window"),
    Metric("tpot_s", "TPOT", "s/token", "(last - first content arrival) / (output tokens - 1)"),
    Metric("connect_s", "Connect", "s", "setting up a new connection, TLS included; not part of TTFT"),
)

STREAM = (
    Metric("chars_per_s", "Chars/s per stream", "chars/s", "characters of a request / E2E latency"),
    Metric(
        "chars_per_s_decode",
        "Chars/s per stream, decoding",
        "chars/s",
        "characters after the first content event / (last - first content arrival)",
    ),
    Metric("tokens_per_s", "Tokens/s per stream", "tokens/s", "output tokens of a request / E2E latency"),
)

CLIENT = (
    Metric("lag_s", "Read lag", "s", "age of the data when it was read; kernel stamps only"),
    Metric("loop_lag_s", "Loop lag", "s", "overshoot of a 20 ms sleep in each load process"),
    Metric("late_s", "Late dispatch", "s", "begun → sent, and due → sent in open loop"),
)

SLO_METRICS = ("ttft", "tpot", "e2e", "itl_p95")
"""What `--slo` may bound, per request, in seconds."""
