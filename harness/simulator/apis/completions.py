"""Text completions as OpenAI answered them."""

# ruff: noqa: ARG002 - the interface hands over more than this API needs

from typing import Any, ClassVar

import msgspec

from harness.simulator.apis.api import Ident, joined
from harness.simulator.apis.chat import StreamOptions
from harness.simulator.apis.openai import DONE, OpenAi, usage
from harness.simulator.request import Ask, limited, read
from harness.simulator.words import Piece, Tokens, encode


class _Request(msgspec.Struct):
    model: str
    prompt: str
    stream: bool = False
    max_tokens: int | None = None
    stream_options: StreamOptions | None = None
    ignore_eos: bool = False
    """No part of OpenAI's API, like `min_tokens`: vLLM and SGLang take them."""
    min_tokens: int = 0


class Completions(OpenAi):
    """POST /v1/completions."""

    name: ClassVar[str] = "completions"
    path: ClassVar[str] = "/v1/completions"
    kinds: ClassVar[str] = "t"

    def parse(self, path: str, body: bytes) -> Ask:
        request = read(_Request, body, "completion")
        return Ask(
            model=request.model,
            prompt=request.prompt,
            limit=limited(request.max_tokens),
            stream=request.stream,
            least=request.min_tokens,
            ignore_end=request.ignore_eos,
            include_usage=request.stream_options is not None and request.stream_options.include_usage,
        )

    def answer(self, ident: Ident) -> "Texts":
        return Texts(self, ident)


class Texts:
    """One answer, chunk by chunk."""

    def __init__(self, api: Completions, ident: Ident) -> None:
        self._api = api
        head = {"id": ident.id, "object": "text_completion", "created": ident.created_s, "model": ident.model}
        self._head = encode(head)[:-1]
        self._before = b"data: " + self._head + b',"choices":[{"index":0,"logprobs":null,"text":'

    def opening(self, tokens: Tokens | None) -> list[bytes]:
        return []

    def token(self, piece: Piece) -> bytes:
        return self._before + piece.json + b',"finish_reason":null}]}\n\n'

    def end(self, finish: str, tokens: Tokens | None, *, done: bool) -> list[bytes]:
        events = [self._before + b'"","finish_reason":"' + finish.encode() + b'"}]}\n\n']
        if tokens is not None:
            events.append(b"data: " + self._head + b',"choices":[],"usage":' + encode(usage(tokens)) + b"}\n\n")
        return [*events, DONE] if done else events

    def fault(self, message: str) -> list[bytes]:
        return [self._api.event(self._api.error(500, message)), DONE]

    def whole(self, pieces: list[Piece], finish: str | None, tokens: Tokens | None) -> bytes:
        rest: dict[str, Any] = {"choices": [{"index": 0, "text": joined(pieces, "t"), "finish_reason": finish}]}
        if tokens is not None:
            rest["usage"] = usage(tokens)
        return self._head + b"," + encode(rest)[1:]
