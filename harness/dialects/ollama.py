"""Ollama's own chat API: one JSON object a line.

Format: https://github.com/ollama/ollama/blob/main/docs/api.md. Thinking comes as `thinking` beside the content, tool
calls come whole. The last line is `done`, with the reason and the token counts; a prompt that was cached may have no
count. An error after the head is a line with `error` alone.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from harness.call import Call
from harness.dialects.api import Api, names_in
from harness.dialects.ask import Ask
from harness.dialects.logprobs import Token, known, read
from harness.dialects.piece import Counted, Done, Fault, Finish, Piece, Reasoning, Text, ToolCall
from harness.dialects.reading import Reader, compact, words_of
from harness.record import Usage
from harness.sse import Event
from harness.testset import Message

_LATEST = ":latest"


class _Function(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: Any = None


class _ToolCall(msgspec.Struct, gc=False):
    function: _Function | None = None


class _Message(msgspec.Struct, gc=False):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _Line(msgspec.Struct, gc=False):
    message: _Message | None = None
    done: bool = False
    done_reason: str | None = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None
    error: Any = None


class _Weighed(msgspec.Struct, gc=False):
    logprobs: list[Token] | None = None


_WEIGHED = Reader(_Weighed, "a line with log-probabilities")
_READER = Reader(_Line, "a line of an Ollama chat")


class Ollama(Api):
    """POST …/api/chat."""

    name = "ollama"
    path: ClassVar[str] = "/api/chat"
    endings: ClassVar[tuple[str, ...]] = ("/api", "/v1")
    root: ClassVar[str] = ""
    listing: ClassVar[str] = "/api/tags"
    key_env: ClassVar[str] = "OLLAMA_API_KEY"
    takes_images: ClassVar[bool] = True
    accepts: ClassVar[str] = "application/x-ndjson"
    samples: ClassVar[Mapping[str, str]] = {name: name for name in ("temperature", "top_p", "seed", "stop")}

    tells_logprobs: ClassVar[bool] = True

    def names(self, body: bytes) -> tuple[str, ...] | None:
        """With their tags."""
        return names_in(body, "models", "name")

    def offers(self, names: tuple[str, ...], model: str) -> bool:
        """A model without a tag is its latest."""
        return model in names or model + _LATEST in names

    def encode(self, ask: Ask) -> Call:
        """The request."""
        body = {
            "model": ask.model,
            "messages": [_said(message) for message in ask.messages],
            "options": {"num_predict": ask.max_tokens, **self.sampled(ask)},
            "stream": ask.stream,
        }
        if ask.logprobs:
            body["logprobs"] = True
        return self.call(ask, body)

    def decode(self, event: Event) -> list[Piece]:
        """Pieces in the order: fault, content, finish, usage. Raises Unreadable for what is no line of a chat."""
        data = event.data.strip()
        if not data:
            return []
        line = _READER.read(data)
        if line.error:
            return [Fault(words_of(data))]
        pieces = _content(line.message) if line.message is not None else []
        if line.done:
            pieces.append(Finish(line.done_reason) if line.done_reason else Done())
            if not (line.prompt_eval_count is None and line.eval_count is None):
                pieces.append(Counted(Usage(prompt=line.prompt_eval_count, output=line.eval_count)))
        return pieces

    def logprobs(self, event: Event) -> list[float]:
        """Of a line's tokens; servers before 0.12.11 tell none."""
        line = read(_WEIGHED, event)
        return [] if line is None else known(token.logprob for token in line.logprobs or ())


def _said(message: Message) -> dict[str, Any]:
    said: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.images:
        said["images"] = [image.base64 for image in message.images]
    return said


def _content(message: _Message) -> list[Piece]:
    pieces: list[Piece] = [Reasoning(message.thinking)] if message.thinking else []
    if message.content:
        pieces.append(Text(message.content))
    for call in message.tool_calls or ():
        if call.function is not None:
            arguments = None if call.function.arguments is None else compact(call.function.arguments)
            pieces += [ToolCall(text) for text in (call.function.name, arguments) if text]
    return pieces
