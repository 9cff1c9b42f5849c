"""OpenAI chat completions, as OpenAI and the servers that follow it speak it.

Format: https://platform.openai.com/docs/api-reference/chat. Reasoning comes as `reasoning_content` (DeepSeek, vLLM,
SGLang), as `reasoning` (OpenRouter, Groq, newer vLLM), as `reasoning_details` where that stands alone (MiniMax), or as
`thinking` parts of a content that is a list (Mistral, https://docs.mistral.ai/capabilities/reasoning).
"""

from typing import Any, ClassVar

import msgspec

from harness.call import Call
from harness.dialects.ask import Ask
from harness.dialects.openai import Choice, Chunk, OpenAiChunks
from harness.dialects.piece import Piece, Reasoning, Text, ToolCall
from harness.dialects.reading import Reader
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


class _Choice(Choice, gc=False):
    delta: _Delta | None = None
    message: _Delta | None = None


class _Chunk(Chunk, gc=False):
    choices: list[_Choice] | None = None


class Chat(OpenAiChunks):
    """POST …/chat/completions."""

    name = "chat"
    path: ClassVar[str] = "/chat/completions"
    takes_images: ClassVar[bool] = True
    reader: ClassVar[Reader[Any]] = Reader(_Chunk, "a chat completion chunk")

    def encode(self, ask: Ask) -> Call:
        """The request, its turns as messages."""
        asked: dict[str, Any] = {"messages": chat_messages(ask.messages)}
        if ask.logprobs:
            asked["logprobs"] = True
        return self.ask_for(ask, asked)

    def said(self, choice: _Choice) -> list[Piece]:
        """Text, reasoning and tool calls."""
        return _content(choice.delta or choice.message)


def chat_messages(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """A conversation in the form that most of the world knows."""
    return [{"role": message.role, "content": _said(message)} for message in messages]


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
