"""How each request is made, and how long it may take."""

from harness import values
from harness.options.option import Option

REQUEST: tuple[Option, ...] = (
    Option("max_tokens", ("--max-tokens",), values.positive, "256", "bound of an answer, in tokens", "N"),
    Option(
        "stream",
        ("--stream", "--no-stream"),
        values.switch,
        "on",
        "have answers streamed; else each comes whole, and its only stamp is its end",
        switch=True,
    ),
    Option("connect_timeout_s", ("--connect-timeout",), values.positive_s, "10s", "for setting up a connection", "T"),
    Option(
        "first_byte_timeout_s",
        ("--first-byte-timeout",),
        values.positive_s,
        "120s",
        "from sent to the first byte back",
        "T",
    ),
    Option("idle_timeout_s", ("--idle-timeout",), values.positive_s, "60s", "between two reads of an answer", "T"),
    Option(
        "timeout_s", ("--timeout",), values.whole_exchange_s, "600s", "for the whole exchange, connecting included", "T"
    ),
)
