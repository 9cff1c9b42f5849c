"""Text Generation Inference: generate_stream, and generate."""

# ruff: noqa: ARG002 - the interface hands over more than this API needs

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from harness.simulator.apis.api import Ident, Streamed, joined
from harness.simulator.logprobs import logprob_of
from harness.simulator.request import Ask, BadRequest, limited, read
from harness.simulator.words import Piece, Tokens, encode, split_text

_KINDS = {400: "validation", 401: "authentication", 404: "not_found", 429: "overloaded"}
_END_OF_SEQUENCE = {"id": 2, "text": "</s>", "logprob": 0.0, "special": True}


class _Parameters(msgspec.Struct):
    max_new_tokens: int | None = None
    details: bool = False
    decoder_input_details: bool = False


class _Request(msgspec.Struct):
    inputs: str
    parameters: _Parameters = msgspec.field(default_factory=_Parameters)


class Tgi(Streamed):
    """POST /generate_stream and /generate."""

    name: ClassVar[str] = "tgi"
    path: ClassVar[str] = "/generate_stream"
    listing: ClassVar[str] = "/info"
    kinds: ClassVar[str] = "t"
    reasons: ClassVar[Mapping[str, str]] = {"stop": "eos_token", "length": "length", "tool_calls": "eos_token"}

    def owns(self, path: str) -> bool:
        return path in (self.path, "/generate")

    def parse(self, path: str, body: bytes) -> Ask:
        request = read(_Request, body, "generate")
        parameters = request.parameters
        if path == self.path and parameters.decoder_input_details:
            raise BadRequest("decoder_input_details is answered at /generate only.")
        return Ask(
            model=None,
            prompt=request.inputs,
            limit=limited(parameters.max_new_tokens, "max_new_tokens"),
            stream=path == self.path,
            include_usage=parameters.details,
            logprobs=True,
            prompt_logprobs=0 if parameters.decoder_input_details else None,
        )

    def answer(self, ident: Ident, ask: Ask) -> "TokenEvents":
        return TokenEvents(self, ask)

    def models(self, names: tuple[str, ...], started_s: int) -> dict[str, Any]:
        return {"model_id": names[0], "version": "3.0.0"}

    def error(self, status: int, message: str, code: str | None = None) -> bytes:
        return encode({"error": message, "error_type": _KINDS.get(status, "generation")})


class TokenEvents:
    """One answer, token by token; the last event is a special token and the whole text once more."""

    def __init__(self, api: Tgi, ask: Ask) -> None:
        self._api = api
        self._ask = ask
        self._said: list[str] = []

    def opening(self, tokens: Tokens | None) -> list[bytes]:
        return []

    def token(self, piece: Piece) -> bytes:
        self._said.append(piece.text)
        before = b'data:{"index":%d,"token":{"id":1,"logprob":%r,"special":false,"text":'
        return (
            before % (len(self._said), logprob_of(piece.text))
            + piece.json
            + b'},"generated_text":null,"details":null}\n\n'
        )

    def end(self, finish: str, tokens: Tokens | None, *, done: bool) -> list[bytes]:
        last = {
            "index": len(self._said) + 1,
            "token": _END_OF_SEQUENCE,
            "generated_text": "".join(self._said),
            "details": _details(finish, tokens),
        }
        return [self._api.event(encode(last))]

    def fault(self, message: str) -> list[bytes]:
        return [self._api.event(self._api.error(500, message))]

    def whole(self, pieces: list[Piece], finish: str | None, tokens: Tokens | None) -> bytes:
        details = _details(finish, tokens)
        details["tokens"] = [_token(piece.text, logprob_of(piece.text)) for piece in pieces]
        if self._ask.prompt_logprobs is not None:
            asked = split_text(self._ask.prompt)
            details["prefill"] = [_token(token, logprob_of(token) if n else None) for n, token in enumerate(asked)]
        return encode({"generated_text": joined(pieces, "t"), "details": details})


def _token(text: str, logprob: float | None) -> dict[str, Any]:
    return {"id": 1, "text": text, "logprob": logprob}


def _details(finish: str | None, tokens: Tokens | None) -> dict[str, Any]:
    details: dict[str, Any] = {"finish_reason": finish, "seed": None}
    if tokens is not None:
        details |= {"generated_tokens": tokens.output, "input_length": tokens.prompt}
    return details
