"""Ollama's own chat: a JSON object a line."""

# ruff: noqa: ARG002 - the interface hands over more than this API needs

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from harness.simulator.apis.api import Ident, Streamed, joined
from harness.simulator.logprobs import entry, entry_json
from harness.simulator.request import Ask, Turn, limited, read, said
from harness.simulator.words import TOOL_NAME, Piece, Tokens, arguments_of, encode


class _Options(msgspec.Struct):
    num_predict: int | None = None


class _Request(msgspec.Struct):
    model: str
    messages: list[Turn]
    stream: bool = True
    options: _Options | None = None
    logprobs: bool = False


class Ollama(Streamed):
    """POST /api/chat."""

    name: ClassVar[str] = "ollama"
    path: ClassVar[str] = "/api/chat"
    listing: ClassVar[str] = "/api/tags"
    stream_type: ClassVar[bytes] = b"application/x-ndjson"
    comment: ClassVar[bytes] = b"\n"
    calls_whole: ClassVar[bool] = True
    reasons: ClassVar[Mapping[str, str]] = {"stop": "stop", "length": "length", "tool_calls": "stop"}

    def parse(self, path: str, body: bytes) -> Ask:
        request = read(_Request, body, "chat")
        options = request.options
        return Ask(
            model=request.model,
            prompt=said(request.messages),
            limit=limited(options.num_predict if options is not None else None, "num_predict"),
            stream=request.stream,
            logprobs=request.logprobs,
        )

    def answer(self, ident: Ident, ask: Ask) -> "Lines":
        return Lines(self, ident, ask)

    def models(self, names: tuple[str, ...], started_s: int) -> dict[str, Any]:
        return {"models": [{"name": name, "model": name} for name in names]}

    def error(self, status: int, message: str, code: str | None = None) -> bytes:
        return encode({"error": message})

    def event(self, body: bytes) -> bytes:
        return body + b"\n"


class Lines:
    """One answer, line by line."""

    def __init__(self, api: Ollama, ident: Ident, ask: Ask) -> None:
        self._api = api
        self._ask = ask
        self._head = {"model": ident.model, "created_at": "2026-01-31T12:00:00.000000Z"}
        before = encode(self._head)[:-1] + b',"message":{"role":"assistant","content":'
        self._around = {
            "t": (before, b'},"done":false}\n'),
            "r": (before + b'"","thinking":', b'},"done":false}\n'),
        }

    def opening(self, tokens: Tokens | None) -> list[bytes]:
        return []

    def token(self, piece: Piece) -> bytes:
        if piece.kind == "c":
            message = {"role": "assistant", "content": "", "tool_calls": [_call(piece)]}
            return self._api.event(encode({**self._head, "message": message, "done": False}))
        before, after = self._around[piece.kind]
        if self._ask.logprobs and piece.kind == "t":
            after = b'},"logprobs":[' + entry_json(piece.text) + b'],"done":false}\n'
        return before + piece.json + after

    def end(self, finish: str, tokens: Tokens | None, *, done: bool) -> list[bytes]:
        message = {"role": "assistant", "content": ""}
        return [self._api.event(encode({**self._head, "message": message, **_ended(finish, tokens)}))]

    def fault(self, message: str) -> list[bytes]:
        return [self._api.event(self._api.error(500, message))]

    def whole(self, pieces: list[Piece], finish: str | None, tokens: Tokens | None) -> bytes:
        message: dict[str, Any] = {"role": "assistant", "content": joined(pieces, "t")}
        thought, calls = joined(pieces, "r"), [_call(piece) for piece in pieces if piece.kind == "c"]
        if thought:
            message["thinking"] = thought
        if calls:
            message["tool_calls"] = calls
        ended: dict[str, Any] = _ended(finish, tokens) if finish is not None else {"done": False}
        if self._ask.logprobs:
            ended["logprobs"] = [entry(piece.text) for piece in pieces if piece.kind == "t"]
        return encode({**self._head, "message": message, **ended})


def _call(piece: Piece) -> dict[str, Any]:
    return {"function": {"name": TOOL_NAME, "arguments": arguments_of(piece)}}


def _ended(finish: str | None, tokens: Tokens | None) -> dict[str, Any]:
    counts = {} if tokens is None else {"prompt_eval_count": tokens.prompt, "eval_count": tokens.output}
    return {"done": True, "done_reason": finish, **counts}
