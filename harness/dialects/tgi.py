"""Hugging Face's Text Generation Inference: `generate_stream`, or `generate`.

Format: https://huggingface.github.io/text-generation-inference, and `StreamResponse` in its router. One event a token;
special tokens are marked and are no text. The last event has the whole text once more, which is skipped, and the details,
which come only where they are asked for: finish reason, generated tokens and, from version 2.2 on, the length of the
prompt. The API takes one text: the turns of a conversation are sent with a blank line between two of them, images as
Markdown. It has neither reasoning nor tool calls.
"""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

import msgspec

from harness.call import Call
from harness.dialects.api import Api
from harness.dialects.ask import Ask
from harness.dialects.logprobs import Token, known, read
from harness.dialects.piece import Counted, Done, Fault, Finish, Piece, Text
from harness.dialects.reading import Reader, words_of
from harness.record import Usage
from harness.sampling import Sampling
from harness.sse import Event
from harness.testset import Image, Message


class _Token(msgspec.Struct, gc=False):
    text: str | None = None
    special: bool = False


class _Details(msgspec.Struct, gc=False):
    finish_reason: str | None = None
    generated_tokens: int | None = None
    input_length: int | None = None


class _Event(msgspec.Struct, gc=False):
    token: _Token | None = None
    generated_text: str | None = None
    details: _Details | None = None
    error: Any = None


class _Info(msgspec.Struct, gc=False):
    model_id: str


class _WeighedToken(Token, gc=False):
    special: bool = False


class _WeighedDetails(msgspec.Struct, gc=False):
    tokens: list[_WeighedToken] | None = None


class _Weighed(msgspec.Struct, gc=False):
    token: _WeighedToken | None = None
    details: _WeighedDetails | None = None


_WEIGHED = Reader(_Weighed, "an event with log-probabilities")
_READER = Reader(_Event, "an event of generate_stream")


class Tgi(Api):
    """POST …/generate_stream."""

    name = "tgi"
    path: ClassVar[str] = "/generate_stream"
    endings: ClassVar[tuple[str, ...]] = ("/generate", "/v1")
    root: ClassVar[str] = ""
    listing: ClassVar[str] = "/info"
    key_env: ClassVar[str] = "HF_TOKEN"
    takes_images: ClassVar[bool] = True
    samples: ClassVar[Mapping[str, str]] = {name: name for name in ("temperature", "top_p", "seed", "stop")}

    tells_logprobs: ClassVar[bool] = True
    """Without being asked for them."""

    @property
    def greedy(self) -> Sampling | None:
        """The router takes the likeliest tokens where nothing is said of sampling, and refuses a temperature of 0."""
        return Sampling()

    def refusals(self, sampling: Sampling) -> list[str]:
        """The router turns down every request whose temperature is 0 or whose top_p is 1."""
        refused = super().refusals(sampling)
        if sampling.temperature == 0:
            refused.append("wants --temperature above 0; without it, it takes the likeliest token")
        if sampling.top_p == 1:
            refused.append("wants --top-p below 1; leave it out for the same")
        return refused

    def names(self, body: bytes) -> tuple[str, ...] | None:
        """The one model that the server runs."""
        try:
            return (msgspec.json.decode(body, type=_Info).model_id,)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    def encode(self, ask: Ask) -> Call:
        """The request. The API has no place for the model's name: the server runs the one it was started with."""
        body = {
            "inputs": "\n\n".join(_said(message) for message in ask.messages),
            "parameters": {"max_new_tokens": ask.max_tokens, **self.sampled(ask), "details": True},
        }
        return self.call(ask, body, None if ask.stream else _without_stream(ask.url))

    def decode(self, event: Event) -> list[Piece]:
        """Pieces in the order: fault, content, finish, usage. Raises Unreadable for what is no event."""
        data = event.data.strip()
        if data in ("", "[DONE]"):
            return [Done()] if data else []  # as some gateways end
        said = _READER.read(data)
        if said.error or event.name == "error":
            return [Fault(words_of(data))]
        pieces = _content(said)
        return pieces if said.details is None else pieces + _ended(said.details)

    def logprobs(self, event: Event) -> list[float]:
        """Of an event's token, or of all in the details of an answer that was not streamed; special tokens left out."""
        said = read(_WEIGHED, event)
        if said is None:
            return []
        tokens = said.details.tokens if said.token is None and said.details is not None else [said.token]
        return known(token.logprob for token in tokens or () if token is not None and not token.special)


def _said(message: Message) -> str:
    return "".join(f"![]({part.data_url})" if isinstance(part, Image) else part for part in message.parts)


def _without_stream(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(path=parts.path.removesuffix("_stream")).geturl()


def _ended(details: _Details) -> list[Piece]:
    pieces: list[Piece] = [Finish(details.finish_reason)] if details.finish_reason else []
    if not (details.input_length is None and details.generated_tokens is None):
        pieces.append(Counted(Usage(prompt=details.input_length, output=details.generated_tokens)))
    return pieces


def _content(said: _Event) -> list[Piece]:
    token = said.token
    if token is None:
        return [Text(said.generated_text)] if said.generated_text else []
    return [Text(token.text)] if token.text and not token.special else []
