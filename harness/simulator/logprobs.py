"""How probable the simulator calls its tokens: made up, but always the same for the same token. Pure."""

import zlib
from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

from harness.simulator.words import encode


class Told(NamedTuple):
    """Natural logarithms of probabilities, as a client was told them: their sum, and of how many tokens."""

    sum: float
    tokens: int


@lru_cache(maxsize=4096)
def logprob_of(token: str) -> float:
    """From -2 to -1/64 in steps of 1/64: sums of such numbers are exact, in whatever order."""
    return -(1 + zlib.crc32(token.encode("utf-8", "surrogatepass")) % 128) / 64


def told(tokens: Iterable[str]) -> Told:
    """What is told of these tokens."""
    logprobs = [logprob_of(token) for token in tokens]
    return Told(sum(logprobs), len(logprobs))


def entry(token: str) -> dict[str, Any]:
    """One token as chat completions and responses tell of it."""
    told_bytes = list(token.encode("utf-8", "replace"))
    return {"token": token, "logprob": logprob_of(token), "bytes": told_bytes, "top_logprobs": []}


@lru_cache(maxsize=4096)
def entry_json(token: str) -> bytes:
    """The same, for an event."""
    return encode(entry(token))


def columns(tokens: list[str], offset: int = 0, *, first: bool = False) -> dict[str, Any]:
    """Tokens as completions tell of them; `first` is said of a text that nothing stands before: its first has no value."""
    values: list[float | None] = [logprob_of(token) for token in tokens]
    if first and values:
        values[0] = None
    return {
        "tokens": tokens,
        "token_logprobs": values,
        "top_logprobs": None,
        "text_offset": list(accumulate(map(len, tokens), initial=offset))[:-1],
    }


def by_rank(tokens: list[str], others: int) -> list[dict[str, Any] | None]:
    """The tokens of a prompt as vLLM tells of them: each by its number, and with it the likeliest ones, if wanted."""
    return [None, *(_ranked(token, others) for token in tokens[1:])] if tokens else []


def _ranked(token: str, others: int) -> dict[str, Any]:
    number = zlib.crc32(token.encode("utf-8", "surrogatepass"))
    ranked = {str(number): {"logprob": logprob_of(token), "rank": 1 + others, "decoded_token": token}}
    for rank in range(1, others + 1):
        ranked[str(number + rank)] = {"logprob": -rank / 1024, "rank": rank, "decoded_token": f"other{rank}"}
    return ranked
