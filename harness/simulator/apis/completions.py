"""Text completions as OpenAI answered them."""

# ruff: noqa: ARG002 - the interface hands over more than this API needs

from typing import Any, ClassVar

import msgspec

from harness.simulator.apis.api import Ident
from harness.simulator.apis.chat import StreamOptions
from harness.simulator.apis.openai import DONE, OpenAi, usage
from harness.simulator.logprobs import by_rank, columns
from harness.simulator.request import Ask, BadRequest, limited, read
from harness.simulator.words import Piece, Tokens, encode, split_text


class _Request(msgspec.Struct):
    model: str
    prompt: str
    stream: bool = False
    max_tokens: int | None = None
    stream_options: StreamOptions | None = None
    ignore_eos: bool = False
    """No part of OpenAI's API, like `min_tokens`: vLLM and SGLang take them."""
    min_tokens: int = 0
    logprobs: int | None = None
    echo: bool = False
    prompt_logprobs: int | None = None
    """vLLM's alone, too."""


class Completions(OpenAi):
    """POST /v1/completions."""

    name: ClassVar[str] = "completions"
    path: ClassVar[str] = "/v1/completions"
    kinds: ClassVar[str] = "t"

    def parse(self, path: str, body: bytes) -> Ask:
        request = read(_Request, body, "completion")
        beside = request.echo or request.prompt_logprobs is not None
        if beside and request.stream:
            raise BadRequest("echo and prompt_logprobs are answered without stream only.")
        return Ask(
            model=request.model,
            prompt=request.prompt,
            limit=limited(request.max_tokens, least=0 if beside else 1),
            stream=request.stream,
            least=request.min_tokens,
            ignore_end=request.ignore_eos,
            include_usage=request.stream_options is not None and request.stream_options.include_usage,
            logprobs=request.logprobs is not None,
            echo=request.echo,
            prompt_logprobs=request.prompt_logprobs,
        )

    def answer(self, ident: Ident, ask: Ask) -> "Texts":
        return Texts(self, ident, ask)


class Texts:
    """One answer, chunk by chunk."""

    def __init__(self, api: Completions, ident: Ident, ask: Ask) -> None:
        self._api = api
        self._ask = ask
        self._offset = 0
        head = {"id": ident.id, "object": "text_completion", "created": ident.created_s, "model": ident.model}
        self._head = encode(head)[:-1]
        self._begun = b"data: " + self._head + b',"choices":[{"index":0,"logprobs":'
        self._before = self._begun + b'null,"text":'

    def opening(self, tokens: Tokens | None) -> list[bytes]:
        return []

    def token(self, piece: Piece) -> bytes:
        return self._weighed(piece) + piece.json + b',"finish_reason":null}]}\n\n'

    def _weighed(self, piece: Piece) -> bytes:
        if not self._ask.logprobs:
            return self._before
        offset = self._offset
        self._offset += piece.chars
        return self._begun + encode(columns([piece.text], offset)) + b',"text":'

    def end(self, finish: str, tokens: Tokens | None, *, done: bool) -> list[bytes]:
        events = [self._before + b'"","finish_reason":"' + finish.encode() + b'"}]}\n\n']
        if tokens is not None:
            events.append(b"data: " + self._head + b',"choices":[],"usage":' + encode(usage(tokens)) + b"}\n\n")
        return [*events, DONE] if done else events

    def fault(self, message: str) -> list[bytes]:
        return [self._api.event(self._api.error(500, message)), DONE]

    def whole(self, pieces: list[Piece], finish: str | None, tokens: Tokens | None) -> bytes:
        rest: dict[str, Any] = {"choices": [self._choice([piece.text for piece in pieces], finish)]}
        if tokens is not None:
            rest["usage"] = usage(tokens)
        return self._head + b"," + encode(rest)[1:]

    def _choice(self, said: list[str], finish: str | None) -> dict[str, Any]:
        ask = self._ask
        asked = split_text(ask.prompt)
        tokens = [*asked, *said] if ask.echo else said
        choice: dict[str, Any] = {"index": 0, "text": "".join(tokens), "finish_reason": finish, "logprobs": None}
        if ask.logprobs:
            choice["logprobs"] = columns(tokens, first=ask.echo)
        if ask.prompt_logprobs is not None:
            choice["prompt_logprobs"] = by_rank(asked, ask.prompt_logprobs)
        return choice
