"""Log-probabilities as APIs write them: read beside the pieces of an event, and only where they were asked for.

They have a way of their own, so that a run without --logprobs reads every event as fast as if there were none.
"""

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol

import msgspec

from harness.dialects.piece import Likely, Piece
from harness.dialects.reading import Reader
from harness.outcome import Unreadable
from harness.record import LogProbs
from harness.sse import Event

_UNLIKELY = -9999.0
"""What OpenAI's servers write for a token that is too unlikely for them to say how unlikely."""


class Telling(Protocol):
    """What of a dialect is needed here."""

    def decode(self, event: Event) -> list[Piece]: ...

    def logprobs(self, event: Event) -> list[float]: ...


class Token(msgspec.Struct, gc=False):
    """A token as OpenAI and Ollama list it."""

    logprob: float | None = None


class _OfChoice(msgspec.Struct, gc=False):
    """Chat lists tokens, those of a refusal apart; completions list numbers, or (llama.cpp) tokens as well."""

    content: list[Token] | None = None
    refusal: list[Token] | None = None
    token_logprobs: list[float | None] | None = None


class _Choice(msgspec.Struct, gc=False):
    logprobs: _OfChoice | None = None


class _Chunk(msgspec.Struct, gc=False):
    choices: list[_Choice] | None = None


_CHUNK = Reader(_Chunk, "a chunk with log-probabilities")


def of_chunk(event: Event) -> list[float]:
    """Those of a chunk of chat or completions."""
    chunk = read(_CHUNK, event)
    if chunk is None:
        return []
    told = [choice.logprobs for choice in chunk.choices or () if choice.logprobs is not None]
    listed = [token.logprob for each in told for token in (*(each.content or ()), *(each.refusal or ()))]
    return known([*listed, *(value for each in told for value in each.token_logprobs or ())])


def known(values: Iterable[float | None]) -> list[float]:
    """Without those that are no log-probability, but stand for one that the server does not tell."""
    return [value for value in values if value is not None and math.isfinite(value) and value > _UNLIKELY]


def read(reader: Reader[Any], event: Event) -> Any:
    """The event; None where it has not the shape. Whether it can be read at all is for `decode` to say."""
    try:
        return reader.read(event.data)
    except Unreadable:
        return None


def weighing(dialect: Telling) -> Callable[[Event], list[Piece]]:
    """Decodes events as the dialect does it, with one piece more where log-probabilities are told."""
    return partial(_weighed, dialect)


def _weighed(dialect: Telling, event: Event) -> list[Piece]:
    pieces = dialect.decode(event)
    told = dialect.logprobs(event)
    return [*pieces, Likely(LogProbs(sum(told), len(told)))] if told else pieces
