"""The events of a chat completion stream as bytes, and the same answer as one document.

Nothing is encoded per token.
"""

import json
from typing import Any, NamedTuple

from harness.simulator.words import TOOL_NAME, Piece

DONE = b"data: [DONE]\n\n"
BROKEN = b'data: {"id":"chatcmpl-0","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"conte\n\n'
"""JSON that breaks off."""


class Tokens(NamedTuple):
    """Token counts of one answer; `reasoning` is part of `output`."""

    prompt: int
    output: int
    reasoning: int


class Chunks:
    """The events of one answer, by its id, model and Unix time of creation in seconds.

    A token's event is `before` + the delta of its piece + `after`.
    """

    __slots__ = ("_head", "after", "before", "created_s", "id", "model")

    def __init__(self, answer_id: str, model: str, created_s: int) -> None:
        self.id = answer_id
        self.model = model
        self.created_s = created_s
        head = {"id": answer_id, "object": "chat.completion.chunk", "created": created_s, "model": model}
        self._head = b"data: " + encode(head)[:-1]
        self.before = self._head + b',"choices":[{"index":0,"delta":'
        self.after = b',"finish_reason":null}]}\n\n'

    def role(self) -> bytes:
        """What opens a stream: no content yet."""
        return self.before + b'{"role":"assistant","content":""}' + self.after

    def finish(self, reason: str) -> bytes:
        """What says that the answer is complete, and why."""
        return self.before + b'{},"finish_reason":"' + reason.encode() + b'"}]}\n\n'

    def usage(self, tokens: Tokens) -> bytes:
        """Token counts, without choices."""
        return self._head + b',"choices":[],"usage":' + encode(usage(tokens)) + b"}\n\n"

    def whole(self, pieces: list[Piece], finish: str | None, tokens: Tokens | None) -> bytes:
        """The answer as one `chat.completion`."""
        answer: dict[str, Any] = {
            "id": self.id,
            "object": "chat.completion",
            "created": self.created_s,
            "model": self.model,
            "choices": [{"index": 0, "message": _message(pieces), "finish_reason": finish}],
        }
        if tokens is not None:
            answer["usage"] = usage(tokens)
        return encode(answer)


def usage(tokens: Tokens) -> dict[str, Any]:
    """Token counts as OpenAI writes them."""
    return {
        "prompt_tokens": tokens.prompt,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.prompt + tokens.output,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning},
    }


def error(message: str, kind: str, code: str | None = None) -> bytes:
    """An error as OpenAI writes it."""
    return encode({"error": {"message": message, "type": kind, "param": None, "code": code}})


def error_event(message: str) -> bytes:
    """An error inside a stream that began as a 200."""
    return b"data: " + error(message, "server_error") + b"\n\n"


def _message(pieces: list[Piece]) -> dict[str, Any]:
    said = "".join(piece.text for piece in pieces if piece.kind == "t")
    thought = "".join(piece.text for piece in pieces if piece.kind == "r")
    called = [piece.text for piece in pieces if piece.kind == "c"]
    message: dict[str, Any] = {"role": "assistant", "content": None if called else said}
    if thought:
        message["reasoning_content"] = thought
    if called:
        function = {"name": TOOL_NAME, "arguments": "".join(called[1:])}
        message["tool_calls"] = [{"id": "call_0", "type": "function", "function": function}]
    return message


def encode(value: object) -> bytes:
    """JSON without spaces, in UTF-8 rather than escapes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
