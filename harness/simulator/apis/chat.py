"""Chat completions as OpenAI answers them."""

# ruff: noqa: ARG002 - the interface hands over more than this API needs

from typing import Any, ClassVar

import msgspec

from harness.simulator.apis.api import Ident, joined, split_call
from harness.simulator.apis.openai import DONE, OpenAi, usage
from harness.simulator.logprobs import entry, entry_json
from harness.simulator.request import Ask, Turn, limited, read, said
from harness.simulator.words import Piece, Tokens, encode

_KEYS = {"t": b'{"content":', "r": b'{"reasoning_content":', "c": b'{"tool_calls":[{"index":0,"function":{"arguments":'}
_CLOSED = {"t": b"}", "r": b"}", "c": b"}}]}"}
_NAMED = b'{"tool_calls":[{"index":0,"id":"call_0","type":"function","function":{"arguments":"","name":'


class StreamOptions(msgspec.Struct):
    """The part of a request about the stream itself."""

    include_usage: bool = False


class _Request(msgspec.Struct):
    model: str
    messages: list[Turn]
    stream: bool = False
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    stream_options: StreamOptions | None = None
    ignore_eos: bool = False
    """No part of OpenAI's API, like `min_tokens`: vLLM and SGLang take them."""
    min_tokens: int = 0
    logprobs: bool | None = None


class Chat(OpenAi):
    """POST /v1/chat/completions."""

    name: ClassVar[str] = "chat"
    path: ClassVar[str] = "/v1/chat/completions"

    def parse(self, path: str, body: bytes) -> Ask:
        request = read(_Request, body, "chat completion")
        limit = request.max_tokens if request.max_completion_tokens is None else request.max_completion_tokens
        return Ask(
            model=request.model,
            prompt=said(request.messages),
            limit=limited(limit),
            stream=request.stream,
            least=request.min_tokens,
            ignore_end=request.ignore_eos,
            include_usage=request.stream_options is not None and request.stream_options.include_usage,
            logprobs=bool(request.logprobs),
        )

    def answer(self, ident: Ident, ask: Ask) -> "Chunks":
        return WeighedChunks(self, ident) if ask.logprobs else Chunks(self, ident)


class Chunks:
    """One answer, chunk by chunk."""

    __slots__ = ("_after", "_api", "_around", "_before", "_head", "_ident", "_named")

    def __init__(self, api: Chat, ident: Ident) -> None:
        self._api = api
        self._ident = ident
        head = {
            "id": ident.id,
            "object": "chat.completion.chunk",
            "created": ident.created_s,
            "model": ident.model,
        }
        self._head = b"data: " + encode(head)[:-1]
        self._before = self._head + b',"choices":[{"index":0,"delta":'
        self._after = b',"finish_reason":null}]}\n\n'
        self._around = {kind: (self._before + key, _CLOSED[kind] + self._after) for kind, key in _KEYS.items()}
        self._named = self._before + _NAMED

    def opening(self, tokens: Tokens | None) -> list[bytes]:
        return [self._before + b'{"role":"assistant","content":""}' + self._after]

    def token(self, piece: Piece) -> bytes:
        before, after = self._around[piece.kind]
        return (self._named if piece.names else before) + piece.json + after

    def end(self, finish: str, tokens: Tokens | None, *, done: bool) -> list[bytes]:
        events = [self._before + b'{},"finish_reason":"' + finish.encode() + b'"}]}\n\n']
        if tokens is not None:
            events.append(self._head + b',"choices":[],"usage":' + encode(usage(tokens)) + b"}\n\n")
        return [*events, DONE] if done else events

    def fault(self, message: str) -> list[bytes]:
        return [self._api.event(self._api.error(500, message)), DONE]

    def whole(self, pieces: list[Piece], finish: str | None, tokens: Tokens | None) -> bytes:
        answer: dict[str, Any] = {
            "id": self._ident.id,
            "object": "chat.completion",
            "created": self._ident.created_s,
            "model": self._ident.model,
            "choices": [self._choice(pieces, finish)],
        }
        if tokens is not None:
            answer["usage"] = usage(tokens)
        return encode(answer)

    def _choice(self, pieces: list[Piece], finish: str | None) -> dict[str, Any]:
        return {"index": 0, "message": _message(pieces), "finish_reason": finish}


class WeighedChunks(Chunks):
    """The same with the log-probability of every token that is said."""

    def token(self, piece: Piece) -> bytes:
        if piece.kind != "t":
            return super().token(piece)
        before, _ = self._around["t"]
        weighed = b'},"logprobs":{"content":[' + entry_json(piece.text) + b'],"refusal":null}'
        return before + piece.json + weighed + self._after

    def _choice(self, pieces: list[Piece], finish: str | None) -> dict[str, Any]:
        content = [entry(piece.text) for piece in pieces if piece.kind == "t"]
        return {**super()._choice(pieces, finish), "logprobs": {"content": content, "refusal": None}}


def _message(pieces: list[Piece]) -> dict[str, Any]:
    thought, called = joined(pieces, "r"), split_call(pieces)
    message: dict[str, Any] = {"role": "assistant", "content": None if called else joined(pieces, "t")}
    if thought:
        message["reasoning_content"] = thought
    if called:
        name, arguments = called
        function = {"name": name, "arguments": arguments}
        message["tool_calls"] = [{"id": "call_0", "type": "function", "function": function}]
    return message
