"""OpenAI's older text completions, which most engines still serve.

Format: https://platform.openai.com/docs/api-reference/completions. The API takes one text: the turns of a conversation
are sent with a blank line between two of them, and no chat template is applied by us. It has neither reasoning, nor tool
calls, nor images.
"""

from typing import Any, ClassVar

import msgspec

from harness.call import Call
from harness.dialects.ask import Ask
from harness.dialects.openai import Groq, OpenAi, OpenAiUsage
from harness.dialects.piece import Done, Fault, Finish, Piece, Text
from harness.dialects.reading import Reader, words_of
from harness.sse import Event


class _Choice(msgspec.Struct, gc=False):
    text: str | None = None
    finish_reason: str | None = None
    usage: OpenAiUsage | None = None


class _Chunk(msgspec.Struct, gc=False):
    choices: list[_Choice] | None = None
    usage: OpenAiUsage | None = None
    x_groq: Groq | None = None
    error: Any = None
    object: str | None = None


_READER = Reader(_Chunk, "a completion chunk")


class Completions(OpenAi):
    """POST …/completions."""

    name = "completions"
    path: ClassVar[str] = "/completions"

    def encode(self, ask: Ask) -> Call:
        """The request; usage is asked for, as streams leave it out otherwise."""
        body: dict[str, Any] = {
            "model": ask.model,
            "prompt": ask.prompt,
            "max_tokens": ask.max_tokens,
            "stream": ask.stream,
        }
        if ask.stream:
            body["stream_options"] = {"include_usage": True}
        return self.call(ask, body)

    def decode(self, event: Event) -> list[Piece]:
        """Pieces in the order: fault, content, finish, usage. Raises Unreadable for what is no chunk."""
        data = event.data.strip()
        if event.name == "error":
            return [Fault(words_of(data))]
        if data in ("", "[DONE]"):
            return [Done()] if data else []
        chunk = _READER.read(data)
        if chunk.error or chunk.object == "error":
            return [Fault(words_of(data))]
        pieces: list[Piece] = []
        usage = chunk.usage
        for choice in chunk.choices or ():
            if choice.text:
                pieces.append(Text(choice.text))
            if choice.finish_reason:
                pieces.append(Finish(choice.finish_reason))
            if choice.usage is not None:
                usage = choice.usage
        if chunk.x_groq is not None and usage is None:
            usage = chunk.x_groq.usage
        if usage is not None:
            pieces.append(usage.counted())
        return pieces
