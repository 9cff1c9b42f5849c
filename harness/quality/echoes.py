"""How a server is asked to score a text, and how what it answers is read. Pure.

    Echo            completions with echo and logprobs: the text comes back, each token with its log-probability
    PromptLogProbs  vLLM's own word on the same API (https://docs.vllm.ai, SamplingParams.prompt_logprobs)
    Prefill         TGI's decoder_input_details (https://huggingface.co/docs/text-generation-inference)

A server that does not know such a word may leave it unheeded, and tell of what it generates instead. So an answer counts
only where it is seen to be about the text. Nothing stands before the first token, so it has no log-probability, and is
not counted; where a server puts a token of its own before the text, that is the first.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple, Protocol

import msgspec

from harness.call import Call
from harness.dialects import Dialect
from harness.dialects.ask import Ask
from harness.dialects.completions import Completions
from harness.dialects.openai import OpenAiUsage
from harness.dialects.piece import Piece
from harness.dialects.tgi import Tgi
from harness.quality.whole import whole
from harness.sse import Event

_LARGEST = 1e-3
"""A log-probability above 0 by more than rounding is none."""


class NoLogProbs(Exception):
    """The answer does not tell those of the text; the message says why, in a few words."""


class Token(NamedTuple):
    """One of a text; None: it has no log-probability."""

    text: str
    logprob: float | None


class Told(NamedTuple):
    """What a server says of a text. `sum` is of natural logarithms, over `tokens` tokens."""

    sum: float
    tokens: int
    n_bytes: int | None
    """UTF-8 bytes of the text that these tokens make up; None where that cannot be told."""


class Method(Dialect, Protocol):
    """A dialect whose answers say how probable a text is."""

    @property
    def how(self) -> str:
        """For sentences and for the report."""

    @property
    def max_tokens(self) -> int:
        """How many a request has to ask for."""

    def read(self, body: str, text: str) -> Told:
        """Raises NoLogProbs."""


class _LogProbs(msgspec.Struct):
    tokens: list[str] = []
    token_logprobs: list[float | None] = []


class _Ranked(msgspec.Struct):
    logprob: float
    rank: int | None = None
    decoded_token: str | None = None


class _Choice(msgspec.Struct):
    text: str = ""
    logprobs: _LogProbs | None = None
    prompt_logprobs: list[dict[str, _Ranked] | None] | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    usage: OpenAiUsage | None = None
    prompt_logprobs: list[dict[str, _Ranked] | None] | None = None


class _Prefilled(msgspec.Struct):
    text: str = ""
    logprob: float | None = None


class _Details(msgspec.Struct):
    prefill: list[_Prefilled] = []


class _Generated(msgspec.Struct):
    details: _Details | None = None


class Echo(Completions):
    """The text is sent back with its log-probabilities. Some servers refuse to generate nothing, and are asked for a token."""

    tells_end: ClassVar[bool] = False

    def __init__(self, max_tokens: int) -> None:
        self.max_tokens = max_tokens
        self.how = f"echo and logprobs, max_tokens {max_tokens}"

    def encode(self, ask: Ask) -> Call:
        """The request."""
        return _completion(self, ask, {"echo": True, "logprobs": 1})

    def decode(self, event: Event) -> list[Piece]:
        """The body."""
        return whole(event)

    def read(self, body: str, text: str) -> Told:
        """Raises NoLogProbs."""
        completion = _decoded(body, _Completion)
        choice = _only(completion)
        said = choice.text.lstrip()
        if not said.startswith(text.strip()):
            raise NoLogProbs("it does not send the text back")
        if not self.max_tokens and said.removeprefix(text.strip()).strip():
            raise NoLogProbs("it goes on with the text, though it was asked for no token")
        told = choice.logprobs
        if told is None or not told.token_logprobs:
            raise NoLogProbs("it sends the text back without log-probabilities")
        return sum_up(_prompt_tokens(told, self._said(completion.usage)), text)

    def _said(self, usage: OpenAiUsage | None) -> int:
        """How many of the tokens were generated. A server may generate one that nobody asked for, and leave it out."""
        if not self.max_tokens:
            return 0
        counted = None if usage is None else usage.completion_tokens
        return self.max_tokens if counted is None else counted


class PromptLogProbs(Completions):
    """The engine tells of the prompt apart from what it generates."""

    tells_end: ClassVar[bool] = False
    max_tokens = 1
    how = "prompt_logprobs"

    def encode(self, ask: Ask) -> Call:
        """The request: of each position that token alone which stands there."""
        return _completion(self, ask, {"prompt_logprobs": 0})

    def decode(self, event: Event) -> list[Piece]:
        """The body."""
        return whole(event)

    def read(self, body: str, text: str) -> Told:
        """Raises NoLogProbs."""
        completion = _decoded(body, _Completion)
        told = _only(completion).prompt_logprobs or completion.prompt_logprobs
        if not told:
            raise NoLogProbs("it tells no prompt_logprobs")
        return sum_up([_of_position(ranked) for ranked in told], text)


class Prefill(Tgi):
    """The router tells of what it prefilled, where it was started with --enable-prefill-logprobs."""

    tells_end: ClassVar[bool] = False
    max_tokens = 1
    how = "decoder_input_details"

    def encode(self, ask: Ask) -> Call:
        """The request, without a stream: the router has these details only there."""
        call = super().encode(ask)
        body = msgspec.json.decode(call.body)
        body["parameters"]["decoder_input_details"] = True
        return replace(call, body=msgspec.json.encode(body))

    def decode(self, event: Event) -> list[Piece]:
        """The body."""
        return whole(event)

    def read(self, body: str, text: str) -> Told:
        """Raises NoLogProbs."""
        details = _decoded(body, _Generated).details
        if details is None or not details.prefill:
            raise NoLogProbs("it tells nothing of what it prefilled")
        return sum_up([Token(each.text, each.logprob) for each in details.prefill], text)


def sum_up(tokens: Sequence[Token], text: str) -> Told:
    """Of all but the first where that has none, or certainty. Raises NoLogProbs where another one has none."""
    first, scored = tokens[0], tokens[1:]
    if first.logprob:
        scored = tokens
    logprobs = [token.logprob for token in scored if token.logprob is not None]
    if not logprobs:
        raise NoLogProbs("it tells the log-probability of no token")
    if len(logprobs) < len(scored):
        raise NoLogProbs(f"{len(scored) - len(logprobs)} of {len(tokens)} tokens have no log-probability")
    if not all(math.isfinite(each) and each <= _LARGEST for each in logprobs):
        raise NoLogProbs("a log-probability is above 0 or infinite")
    covered = "".join(token.text for token in scored)
    if 2 * len(covered) < len(text.strip()) - len(first.text):
        raise NoLogProbs("it tells of a part of the text only")
    return Told(math.fsum(logprobs), len(logprobs), _n_bytes(covered, first, text))


def _n_bytes(covered: str, first: Token, text: str) -> int | None:
    if covered and text.endswith(covered):
        return len(covered.encode())
    # Parts of a character are written in as many ways as there are servers.
    if first.text and text.startswith(first.text):
        return len(text.encode()) - len(first.text.encode())
    return None


def _prompt_tokens(told: _LogProbs, generated: int) -> list[Token]:
    texts = told.tokens or [""] * len(told.token_logprobs)
    if len(texts) != len(told.token_logprobs):
        raise NoLogProbs("it tells of more tokens than it has, or of fewer")
    tokens = [Token(*each) for each in zip(texts, told.token_logprobs, strict=True)]
    return tokens[: len(tokens) - generated]


def _of_position(ranked: dict[str, _Ranked] | None) -> Token:
    """The token that stands there: the only one, or, beside the likeliest one, that of the lower rank."""
    if not ranked:
        return Token("", None)
    there = max(ranked.values(), key=lambda each: each.rank or 0)
    return Token(there.decoded_token or "", there.logprob)


def _completion(api: Completions, ask: Ask, wanted: dict[str, Any]) -> Call:
    body = {"model": ask.model, "prompt": ask.prompt, "max_tokens": ask.max_tokens, **wanted}
    return api.call(ask, body)


def _only(completion: _Completion) -> _Choice:
    if len(completion.choices) != 1:
        raise NoLogProbs(f"it gives {len(completion.choices)} choices")
    return completion.choices[0]


def _decoded(body: str, kind: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise NoLogProbs(f"its answer reads otherwise: {error}") from error
