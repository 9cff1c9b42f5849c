"""Messages as Anthropic answers them: a block for what was thought, said or called, and its deltas."""

# ruff: noqa: ARG002 - the interface hands over more than this API needs

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from harness.simulator.apis.api import Headers, Ident, Streamed, joined, named_event, split_call
from harness.simulator.request import Ask, Turn, limited, read, said
from harness.simulator.words import Piece, Tokens, encode

_BLOCKS: dict[str, dict[str, Any]] = {
    "t": {"type": "text", "text": ""},
    "r": {"type": "thinking", "thinking": "", "signature": ""},
    "c": {"type": "tool_use", "id": "toolu_0", "input": {}},
}
_DELTAS = {
    "t": b'{"type":"text_delta","text":',
    "r": b'{"type":"thinking_delta","thinking":',
    "c": b'{"type":"input_json_delta","partial_json":',
}
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
    503: "overloaded_error",
}


class _Request(msgspec.Struct):
    model: str
    messages: list[Turn]
    max_tokens: int
    stream: bool = False
    system: str | list[dict[str, Any]] | None = None


class Messages(Streamed):
    """POST /v1/messages."""

    name: ClassVar[str] = "messages"
    path: ClassVar[str] = "/v1/messages"
    reasons: ClassVar[Mapping[str, str]] = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}

    def key(self, headers: Headers) -> bytes | None:
        return headers.get(b"x-api-key")

    def parse(self, path: str, body: bytes) -> Ask:
        request = read(_Request, body, "message")
        system = [Turn("system", request.system)] if request.system else []
        prompt = said(request.messages)
        return Ask(
            model=request.model,
            prompt=said([*system, *request.messages]) if system else prompt,
            limit=limited(request.max_tokens),
            stream=request.stream,
        )

    def answer(self, ident: Ident, ask: Ask) -> "Blocks":
        return Blocks(self, ident)

    def models(self, names: tuple[str, ...], started_s: int) -> dict[str, Any]:
        listed = [{"type": "model", "id": name, "display_name": name} for name in names]
        return {"data": listed, "has_more": False}

    def error(self, status: int, message: str, code: str | None = None) -> bytes:
        return encode({"type": "error", "error": {"type": _KINDS.get(status, "api_error"), "message": message}})


class Blocks:
    """One answer, event by event; a new kind of token begins a new block."""

    def __init__(self, api: Messages, ident: Ident) -> None:
        self._api = api
        self._ident = ident
        self._kind = ""
        self._index = -1
        self._before = b""

    def opening(self, tokens: Tokens | None) -> list[bytes]:
        message = self._message([], None)
        if tokens is not None:
            # The real server says 1 here as well, whatever the answer will have.
            message["usage"] = {**_prompt_usage(tokens), "output_tokens": 1}
        return [named_event("message_start", {"message": message}), named_event("ping", {})]

    def token(self, piece: Piece) -> bytes:
        begun = self._begin(piece) if piece.kind != self._kind else b""
        # The name of a tool is told where its block begins.
        return begun if piece.names else begun + self._before + piece.json + b"}}\n\n"

    def end(self, finish: str, tokens: Tokens | None, *, done: bool) -> list[bytes]:
        told: dict[str, Any] = {"delta": {"stop_reason": finish, "stop_sequence": None}}
        if tokens is not None:
            told["usage"] = {"output_tokens": tokens.output}
        events = [*([self._stop()] if self._kind else []), named_event("message_delta", told)]
        return [*events, named_event("message_stop", {})] if done else events

    def fault(self, message: str) -> list[bytes]:
        return [b"event: error\ndata: " + self._api.error(503, message) + b"\n\n"]

    def whole(self, pieces: list[Piece], finish: str | None, tokens: Tokens | None) -> bytes:
        message = self._message(_content(pieces), finish)
        if tokens is not None:
            message["usage"] = {**_prompt_usage(tokens), "output_tokens": tokens.output}
        return encode(message)

    def _begin(self, piece: Piece) -> bytes:
        stopped = self._stop() if self._kind else b""
        self._kind = piece.kind
        self._index += 1
        block = {**_BLOCKS[piece.kind]}
        if piece.names:
            block["name"] = piece.text
        delta = encode({"type": "content_block_delta", "index": self._index})[:-1]
        self._before = b"event: content_block_delta\ndata: " + delta + b',"delta":' + _DELTAS[piece.kind]
        return stopped + named_event("content_block_start", {"index": self._index, "content_block": block})

    def _stop(self) -> bytes:
        return named_event("content_block_stop", {"index": self._index})

    def _message(self, content: list[dict[str, Any]], finish: str | None) -> dict[str, Any]:
        return {
            "id": self._ident.id,
            "type": "message",
            "role": "assistant",
            "model": self._ident.model,
            "content": content,
            "stop_reason": finish,
            "stop_sequence": None,
        }


def _content(pieces: list[Piece]) -> list[dict[str, Any]]:
    thought, told, called = joined(pieces, "r"), joined(pieces, "t"), split_call(pieces)
    content: list[dict[str, Any]] = []
    if thought:
        content.append({**_BLOCKS["r"], "thinking": thought})
    if told:
        content.append({**_BLOCKS["t"], "text": told})
    if called:
        name, arguments = called
        content.append({**_BLOCKS["c"], "name": name, "input": _parsed(arguments)})
    return content


def _parsed(arguments: str) -> Any:
    # An answer that was cut short may have arguments that are no JSON.
    try:
        return msgspec.json.decode(arguments)
    except msgspec.DecodeError:
        return {}


def _prompt_usage(tokens: Tokens) -> dict[str, int]:
    return {"input_tokens": tokens.prompt, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
