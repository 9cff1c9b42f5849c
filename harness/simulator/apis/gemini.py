"""Gemini's generateContent, streamed or not."""

# ruff: noqa: ARG002 - the interface hands over more than this API needs

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from harness.simulator.apis.api import Headers, Ident, Streamed, joined
from harness.simulator.logprobs import logprob_of
from harness.simulator.request import Ask, BadRequest, Turn, limited, read, said
from harness.simulator.words import TOOL_NAME, Piece, Tokens, arguments_of, encode

_PATH = re.compile(r"/v1(?:beta)?/models/(?P<model>[^:]+):(?P<verb>streamGenerateContent|generateContent)")
_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}


class _Content(msgspec.Struct):
    parts: list[dict[str, Any]] = []
    role: str = "user"


class _Config(msgspec.Struct, rename="camel"):
    max_output_tokens: int | None = None
    response_logprobs: bool = False


class _Request(msgspec.Struct, rename="camel"):
    contents: list[_Content]
    system_instruction: _Content | None = None
    generation_config: _Config | None = None


class Gemini(Streamed):
    """POST /v1beta/models/MODEL:streamGenerateContent and :generateContent."""

    name: ClassVar[str] = "gemini"
    listing: ClassVar[str] = "/v1beta/models"
    calls_whole: ClassVar[bool] = True
    reasons: ClassVar[Mapping[str, str]] = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP"}

    def owns(self, path: str) -> bool:
        return _PATH.fullmatch(path) is not None

    def key(self, headers: Headers) -> bytes | None:
        return headers.get(b"x-goog-api-key")

    def parse(self, path: str, body: bytes) -> Ask:
        found = _PATH.fullmatch(path)
        if found is None:
            raise BadRequest("The path names no model.")
        request = read(_Request, body, "generateContent")
        system = [request.system_instruction] if request.system_instruction is not None else []
        config = request.generation_config or _Config()
        turns = [Turn(content.role, content.parts) for content in (*system, *request.contents)]
        return Ask(
            model=found["model"],
            prompt=said(turns, "contents"),
            limit=limited(config.max_output_tokens, "maxOutputTokens"),
            stream=found["verb"] == "streamGenerateContent",
            logprobs=config.response_logprobs,
        )

    def answer(self, ident: Ident, ask: Ask) -> "Contents":
        return Contents(self, ident, ask)

    def models(self, names: tuple[str, ...], started_s: int) -> dict[str, Any]:
        return {"models": [{"name": f"models/{name}", "displayName": name} for name in names]}

    def error(self, status: int, message: str, code: str | None = None) -> bytes:
        told = {"code": status, "message": message, "status": _STATUSES.get(status, "INTERNAL")}
        return encode({"error": told})


class Contents:
    """One answer, chunk by chunk; each is a whole response in small."""

    def __init__(self, api: Gemini, ident: Ident, ask: Ask) -> None:
        self._api = api
        self._ask = ask
        self._tail = {"modelVersion": ident.model, "responseId": ident.id}
        before, after = b'data: {"candidates":[{"content":{"parts":[', b'],"role":"model"},"index":0}],'
        ended = after + encode(self._tail)[1:] + b"\n\n"
        self._around = {
            "t": (before + b'{"text":', b"}" + ended),
            "r": (before + b'{"thought":true,"text":', b"}" + ended),
        }
        self._called = (before, ended)

    def opening(self, tokens: Tokens | None) -> list[bytes]:
        return []

    def token(self, piece: Piece) -> bytes:
        if piece.kind == "c":
            before, after = self._called
            return before + encode(_call(piece)) + after
        before, after = self._around[piece.kind]
        if self._ask.logprobs and piece.kind == "t":
            weighed = b'}],"role":"model"},"logprobsResult":' + encode(_weighed([piece]))
            return before + piece.json + weighed + after.removeprefix(b'}],"role":"model"}')
        return before + piece.json + after

    def end(self, finish: str, tokens: Tokens | None, *, done: bool) -> list[bytes]:
        return [self._api.event(self._whole([{"text": ""}], finish, tokens))]

    def fault(self, message: str) -> list[bytes]:
        return [self._api.event(self._api.error(503, message))]

    def whole(self, pieces: list[Piece], finish: str | None, tokens: Tokens | None) -> bytes:
        thought, told = joined(pieces, "r"), joined(pieces, "t")
        parts: list[dict[str, Any]] = [{"thought": True, "text": thought}] if thought else []
        parts += [{"text": told}] if told else []
        parts += [_call(piece) for piece in pieces if piece.kind == "c"]
        weighed = {"logprobsResult": _weighed(pieces)} if self._ask.logprobs else None
        return self._whole(parts, finish, tokens, weighed)

    def _whole(
        self, parts: list[dict[str, Any]], finish: str | None, tokens: Tokens | None, more: dict[str, Any] | None = None
    ) -> bytes:
        candidate = {"content": {"parts": parts, "role": "model"}, "finishReason": finish, "index": 0, **(more or {})}
        answer: dict[str, Any] = {"candidates": [candidate], **self._tail}
        if tokens is not None:
            answer["usageMetadata"] = _usage(tokens)
        return encode(answer)


def _call(piece: Piece) -> dict[str, Any]:
    return {"functionCall": {"name": TOOL_NAME, "args": arguments_of(piece)}}


def _weighed(pieces: list[Piece]) -> dict[str, Any]:
    said = [piece.text for piece in pieces if piece.kind == "t"]
    return {"chosenCandidates": [{"token": token, "logProbability": logprob_of(token)} for token in said]}


def _usage(tokens: Tokens) -> dict[str, int]:
    return {
        "promptTokenCount": tokens.prompt,
        "cachedContentTokenCount": 0,
        "candidatesTokenCount": tokens.output - tokens.reasoning,
        "thoughtsTokenCount": tokens.reasoning,
        "totalTokenCount": tokens.prompt + tokens.output,
    }
