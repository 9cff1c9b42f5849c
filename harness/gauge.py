"""How many tokens a server counts in so many characters: what lengths in tokens are made by where no tokenizer is given.

Two short requests, made before the run and marked as probes, ask it for the kind of text that synthetic prompts are.
"""

import random
import time
from dataclasses import replace

from harness.dialects import Dialect
from harness.dialects.ask import Ask
from harness.dialects.yields import Yields
from harness.exchange import Identity, Ledger, exchange
from harness.options import UsageMistakes
from harness.outcome import FAILED
from harness.record import Record
from harness.ruler import Characters
from harness.run import LengthProbe, Yardstick
from harness.testset import Message
from harness.vocabulary import prose
from harness.wire.models import PROBE_HEADER, ProbeError
from harness.wire.network import Network
from harness.wire.plain import PlainWire

PROBE_CHARS = (200, 2000)
PROBE_MAX_TOKENS = 16
"""Nobody reads the answers, but OpenAI's Responses refuse to give shorter ones."""
_INSTEAD = "give a tokenizer with --tokenizer FILE, or lengths in characters with --input-chars"


def gauge(ask: Ask, dialect: Dialect, network: Network) -> Yardstick:
    """The server's counting. `ask` is a request of the run, of which the text is another in each probe.

    Raises ProbeError for a server that fails, UsageMistakes for one that does not count.
    """
    if dialect.name == Yields.name:
        raise UsageMistakes([f"--input-tokens: a query_model tells nobody how many tokens there were; {_INSTEAD}."])
    probes = [LengthProbe(chars, _count(_probe(ask, chars), dialect, network)) for chars in PROBE_CHARS]
    return fitted(probes, ask.url)


def fitted(probes: list[LengthProbe], url: str) -> Yardstick:
    """The straight line through two probes. Raises UsageMistakes where no text could have been counted so."""
    short, long = probes
    if not short.tokens < long.tokens:
        counted = f"{short.tokens} tokens in {short.chars} characters and {long.tokens} in {long.chars}"
        raise UsageMistakes([f"--input-tokens: {url} counts {counted}, which leads nowhere; {_INSTEAD}."])
    chars_per_token = (long.chars - short.chars) / (long.tokens - short.tokens)
    overhead = short.tokens - short.chars / chars_per_token
    return Yardstick(source="usage", chars_per_token=chars_per_token, overhead_tokens=overhead, probes=probes)


def _probe(ask: Ask, chars: int) -> Ask:
    chance = random.Random(f"probe/{chars}")  # noqa: S311 - no secret is wanted here
    (text,) = Characters().fit([prose([], chars, chance)], [chars], 1).texts
    return replace(
        ask,
        id=f"probe-{chars}",
        messages=(Message("user", text),),
        max_tokens=PROBE_MAX_TOKENS,
        headers={**ask.headers, PROBE_HEADER: "1"},
    )


def _count(ask: Ask, dialect: Dialect, network: Network) -> int:
    """Prompt tokens, as the server counts them."""
    record = _exchange(ask, dialect, network)
    if record.usage is not None and record.usage.prompt is not None:
        return record.usage.prompt
    if record.outcome in FAILED:
        why = f"{record.outcome}: {record.fault}" if record.fault else str(record.outcome)
        raise ProbeError(record.outcome, f"The server did not answer the probe for --input-tokens ({why}).")
    raise UsageMistakes([f"--input-tokens: {ask.url} tells no token counts to measure by; {_INSTEAD}."])


def _exchange(ask: Ask, dialect: Dialect, network: Network) -> Record:
    identity = Identity(id=ask.id, run="", point=0, worker="", user=0, seq=0, prompt="probe")
    ledger = Ledger(identity, ask, dialect, time.monotonic_ns(), keep_text=False)
    return exchange(
        ledger,
        dialect.encode(ask),
        PlainWire(network),
        time.monotonic_ns,
        lambda told, now_ns: told.close(now_ns, "probe"),
    )
