"""How each request is made, and how long it may take."""

from harness import values
from harness.extra import extra_body
from harness.options.option import Option

REQUEST: tuple[Option, ...] = (
    Option("max_tokens", ("--max-tokens",), values.positive, "256", "bound of an answer, in tokens", "N"),
    Option(
        "min_tokens",
        ("--min-tokens",),
        values.positive,
        "–",
        "have the server go on for so many tokens at least (vLLM, SGLang)",
        "N",
    ),
    Option(
        "ignore_eos",
        ("--ignore-eos",),
        values.switch,
        "off",
        "have the server go on to the bound of an answer, whatever it has said (vLLM, SGLang)",
        switch=True,
    ),
    Option(
        "temperature",
        ("--temperature",),
        values.temperature,
        "the server's",
        "how freely tokens are chosen; 0: always the likeliest",
        "X",
    ),
    Option(
        "top_p",
        ("--top-p",),
        values.probability,
        "the server's",
        "choose among the likeliest tokens that make up this share of the probability",
        "X",
    ),
    Option(
        "sampling_seed",
        ("--sampling-seed",),
        values.seed,
        "–",
        "seed with which the server chooses tokens; --seed is that of the prompts",
        "N",
    ),
    Option(
        "stop",
        ("--stop",),
        values.words,
        "–",
        "end an answer where it says this; may be repeated",
        "TEXT",
        many=True,
        whole=True,
    ),
    Option(
        "logprobs",
        ("--logprobs",),
        values.switch,
        "off",
        "have the server tell the log-probability of each of its tokens, for --quality logprob; that is work for it, and "
        "makes answers longer on the wire",
        switch=True,
    ),
    Option(
        "extra_body",
        ("--extra-body",),
        extra_body,
        "–",
        "more for the body of each request: a JSON object, or a file with one; its keys prevail over llocust's",
        "JSON|FILE",
    ),
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
