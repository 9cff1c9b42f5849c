"""Responses as OpenAI answers them: an item for what was thought, said or called, and its deltas."""

# ruff: noqa: ARG002 - the interface hands over more than this API needs

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from harness.simulator.apis.api import Ident, joined, named_event, split_call
from harness.simulator.apis.openai import OpenAi
from harness.simulator.logprobs import entry, entry_json
from harness.simulator.request import Ask, Turn, limited, read, said
from harness.simulator.words import Piece, Tokens, encode

_DELTAS = {
    "t": "response.output_text.delta",
    "r": "response.reasoning_text.delta",
    "c": "response.function_call_arguments.delta",
}
_ITEMS: dict[str, dict[str, Any]] = {
    "t": {"type": "message", "role": "assistant", "content": []},
    "r": {"type": "reasoning", "summary": [], "content": []},
    "c": {"type": "function_call", "call_id": "call_0", "arguments": ""},
}


_LOGPROBS = "message.output_text.logprobs"


class _Request(msgspec.Struct):
    model: str
    input: str | list[Turn]
    stream: bool = False
    max_output_tokens: int | None = None
    include: list[str] | None = None


class Responses(OpenAi):
    """POST /v1/responses."""

    name: ClassVar[str] = "responses"
    path: ClassVar[str] = "/v1/responses"
    reasons: ClassVar[Mapping[str, str]] = {
        "stop": "completed",
        "length": "max_output_tokens",
        "tool_calls": "completed",
    }

    def parse(self, path: str, body: bytes) -> Ask:
        request = read(_Request, body, "response")
        given = request.input
        return Ask(
            model=request.model,
            prompt=given if isinstance(given, str) else said(given, "input"),
            limit=limited(request.max_output_tokens, "max_output_tokens"),
            stream=request.stream,
            logprobs=_LOGPROBS in (request.include or ()),
        )

    def answer(self, ident: Ident, ask: Ask) -> "Items":
        return Items(ident, ask)


class Items:
    """One answer, event by event; a new kind of token begins a new item."""

    def __init__(self, ident: Ident, ask: Ask) -> None:
        self._ident = ident
        self._ask = ask
        self._kind = ""
        self._index = -1
        self._before = b""

    def opening(self, tokens: Tokens | None) -> list[bytes]:
        response = self._response("in_progress")
        return [named_event(f"response.{name}", {"response": response}) for name in ("created", "in_progress")]

    def token(self, piece: Piece) -> bytes:
        begun = self._begin(piece) if piece.kind != self._kind else b""
        # The name of a tool is told where its item begins.
        return begun if piece.names else begun + self._before + piece.json + self._weighed(piece) + b"}\n\n"

    def _weighed(self, piece: Piece) -> bytes:
        return b',"logprobs":[' + entry_json(piece.text) + b"]" if self._ask.logprobs and piece.kind == "t" else b""

    def end(self, finish: str, tokens: Tokens | None, *, done: bool) -> list[bytes]:
        whole = self._ended(finish, tokens)
        return [named_event(f"response.{whole['status']}", {"response": whole})]

    def fault(self, message: str) -> list[bytes]:
        failed = {**self._response("failed"), "error": {"code": "server_error", "message": message}}
        told = {"code": "server_error", "message": message, "param": None}
        return [named_event("error", told), named_event("response.failed", {"response": failed})]

    def whole(self, pieces: list[Piece], finish: str | None, tokens: Tokens | None) -> bytes:
        return encode({**self._ended(finish or "completed", tokens), "output": _output(pieces, self._ask)})

    def _begin(self, piece: Piece) -> bytes:
        self._kind = piece.kind
        self._index += 1
        item = {"id": f"item_{self._index}", **_ITEMS[piece.kind]}
        name = _DELTAS[piece.kind]
        delta = {"type": name, "item_id": item["id"], "output_index": self._index, "content_index": 0}
        self._before = b"event: " + name.encode() + b"\ndata: " + encode(delta)[:-1] + b',"delta":'
        if piece.names:
            item["name"] = piece.text
        return named_event("response.output_item.added", {"output_index": self._index, "item": item})

    def _ended(self, finish: str, tokens: Tokens | None) -> dict[str, Any]:
        complete = finish == "completed"
        response = self._response("completed" if complete else "incomplete")
        if not complete:
            response["incomplete_details"] = {"reason": finish}
        if tokens is not None:
            response["usage"] = _usage(tokens)
        return response

    def _response(self, status: str) -> dict[str, Any]:
        ident = self._ident
        return {
            "id": ident.id,
            "object": "response",
            "created_at": ident.created_s,
            "status": status,
            "model": ident.model,
            "error": None,
            "incomplete_details": None,
            "output": [],
        }


def _output(pieces: list[Piece], ask: Ask) -> list[dict[str, Any]]:
    thought, told, called = joined(pieces, "r"), joined(pieces, "t"), split_call(pieces)
    output: list[dict[str, Any]] = []
    if thought:
        output.append({**_ITEMS["r"], "content": [{"type": "reasoning_text", "text": thought}]})
    if told:
        part: dict[str, Any] = {"type": "output_text", "text": told, "annotations": []}
        if ask.logprobs:
            part["logprobs"] = [entry(piece.text) for piece in pieces if piece.kind == "t"]
        output.append({**_ITEMS["t"], "content": [part]})
    if called:
        name, arguments = called
        output.append({**_ITEMS["c"], "name": name, "arguments": arguments})
    return output


def _usage(tokens: Tokens) -> dict[str, Any]:
    return {
        "input_tokens": tokens.prompt,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": tokens.output,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
        "total_tokens": tokens.prompt + tokens.output,
    }
