"""OpenAI chat completions, as OpenAI and the servers that follow it speak it.

Format: https://platform.openai.com/docs/api-reference/chat. Reasoning comes as `reasoning_content` (DeepSeek, vLLM,
SGLang), as `reasoning` (OpenRouter, Groq, newer vLLM), as `reasoning_details` where that stands alone (MiniMax), or as
`thinking` parts of a content that is a list (Mistral, https://docs.mistral.ai/capabilities/reasoning).
"""

from typing import Any, ClassVar

import msgspec

from harness.call import Call
from harness.dialects.ask import Ask
from harness.dialects.openai import Groq, OpenAi, OpenAiUsage
from harness.dialects.piece import Done, Fault, Finish, Piece, Reasoning, Text, ToolCall
from harness.dialects.reading import Reader, words_of
from harness.sse import Event
from harness.testset import Image, Message


class _Function(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: str | None = None


class _ToolCall(msgspec.Struct, gc=False):
    function: _Function | None = None


class _Words(msgspec.Struct, gc=False):
    text: str | None = None


class _Part(msgspec.Struct, gc=False):
    text: str | None = None
    thinking: str | list[_Words] | None = None

    def pieces(self) -> list[Piece]:
        thought = [self.thinking] if isinstance(self.thinking, str) else [each.text for each in self.thinking or ()]
        pieces: list[Piece] = [Reasoning(text) for text in thought if text]
        return [*pieces, Text(self.text)] if self.text else pieces


class _Delta(msgspec.Struct, gc=False):
    content: str | list[_Part] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: list[_Words] | None = None
    tool_calls: list[_ToolCall] | None = None
    function_call: _Function | None = None
    """What tool calls were called before there could be several."""


class _Choice(msgspec.Struct, gc=False):
    delta: _Delta | None = None
    message: _Delta | None = None
    finish_reason: str | None = None
    usage: OpenAiUsage | None = None


class _Chunk(msgspec.Struct, gc=False):
    choices: list[_Choice] | None = None
    usage: OpenAiUsage | None = None
    x_groq: Groq | None = None
    error: Any = None
    object: str | None = None


_READER = Reader(_Chunk, "a chat completion chunk")


class Chat(OpenAi):
    """POST …/chat/completions."""

    name = "chat"
    path: ClassVar[str] = "/chat/completions"
    takes_images: ClassVar[bool] = True

    def encode(self, ask: Ask) -> Call:
        """The request; usage is asked for, as streams leave it out otherwise."""
        body: dict[str, Any] = {
            "model": ask.model,
            "messages": [{"role": message.role, "content": _said(message)} for message in ask.messages],
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
            pieces += _content(choice.delta or choice.message)
            if choice.finish_reason:
                pieces.append(Finish(choice.finish_reason))
            if choice.usage is not None:
                usage = choice.usage
        if chunk.x_groq is not None and usage is None:
            usage = chunk.x_groq.usage
        if usage is not None:
            pieces.append(usage.counted())
        return pieces


def _said(message: Message) -> str | list[dict[str, Any]]:
    if isinstance(message.content, str):
        return message.content
    return [
        {"type": "image_url", "image_url": {"url": part.data_url}}
        if isinstance(part, Image)
        else {"type": "text", "text": part}
        for part in message.content
    ]


def _content(delta: _Delta | None) -> list[Piece]:
    if delta is None:
        return []
    content = delta.content
    if (
        content.__class__ is str
        and content
        and not (delta.reasoning_content or delta.reasoning or delta.tool_calls or delta.refusal)
    ):
        return [Text(content)]  # nearly every event there is
    pieces = _thought(delta)
    if isinstance(content, list):
        for part in content:
            pieces += part.pieces()
        content = None
    pieces += [Text(text) for text in (content, delta.refusal) if text]
    for function in (*(call.function for call in delta.tool_calls or ()), delta.function_call):
        if function is not None:
            pieces += [ToolCall(text) for text in (function.name, function.arguments) if text]
    return pieces


def _thought(delta: _Delta) -> list[Piece]:
    whole = delta.reasoning_content or delta.reasoning
    if whole:
        return [Reasoning(whole)]
    return [Reasoning(each.text) for each in delta.reasoning_details or () if each.text]
