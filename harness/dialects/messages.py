"""Anthropic messages, as Anthropic and the servers that follow it speak it.

Format: https://docs.anthropic.com/en/api/messages-streaming. Each event says its type. Tool calls begin with a block that
has the name; their arguments come as `input_json_delta`. What is known of the prompt comes with `message_start`, what
was generated with `message_delta`; the output count of `message_start` stands in for one that is not known yet, and is
not taken. Tokens read from a cache and written to it are no part of `input_tokens`, and are added to it here.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from harness.call import Call
from harness.dialects.api import Api, has_version
from harness.dialects.ask import Ask
from harness.dialects.piece import Counted, Done, Fault, Finish, Piece, Reasoning, Text, ToolCall
from harness.dialects.reading import Reader, compact, words_of
from harness.record import Usage
from harness.sse import Event
from harness.testset import Image, Message

VERSION = "2023-06-01"
_SYSTEM = frozenset({"system", "developer"})


class _Delta(msgspec.Struct, gc=False):
    text: str | None = None
    thinking: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None


class _Block(msgspec.Struct, gc=False):
    type: str | None = None
    text: str | None = None
    thinking: str | None = None
    name: str | None = None
    input: Any = None


class _Usage(msgspec.Struct, gc=False):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None


class _Message(msgspec.Struct, gc=False):
    usage: _Usage | None = None


class _Event(msgspec.Struct, gc=False):
    type: str | None = None
    delta: _Delta | None = None
    content_block: _Block | None = None
    message: _Message | str | None = None
    usage: _Usage | None = None
    error: Any = None
    content: list[_Block] | None = None
    stop_reason: str | None = None


_READER = Reader(_Event, "an event of a message")


class Messages(Api):
    """POST …/v1/messages."""

    name = "messages"
    path: ClassVar[str] = "/messages"
    listing_query: ClassVar[str] = "limit=1000"
    key_env: ClassVar[str] = "ANTHROPIC_API_KEY"
    takes_images: ClassVar[bool] = True
    refused_roles: ClassVar[frozenset[str]] = frozenset({"tool"})
    samples: ClassVar[Mapping[str, str]] = {"temperature": "temperature", "top_p": "top_p", "stop": "stop_sequences"}

    def credentials(self, key: str | None) -> dict[str, str]:
        """The version of the API is asked for with the key, and without one."""
        version = {"anthropic-version": VERSION}
        return version if key is None else {"x-api-key": key, **version}

    def encode(self, ask: Ask) -> Call:
        """The request. System messages, wherever they stand, are sent as the one system prompt that there can be."""
        body: dict[str, Any] = {
            "model": ask.model,
            "max_tokens": ask.max_tokens,
            **self.sampled(ask),
            "messages": [
                {"role": message.role, "content": _said(message)}
                for message in ask.messages
                if message.role not in _SYSTEM
            ],
            "stream": ask.stream,
        }
        system = "\n\n".join(message.text for message in ask.messages if message.role in _SYSTEM)
        if system:
            body["system"] = system
        return self.call(ask, body)

    def decode(self, event: Event) -> list[Piece]:
        """Pieces in the order: content, finish, usage. Raises Unreadable for what is no event."""
        data = event.data.strip()
        if data in ("", "[DONE]"):
            return [Done()] if data else []  # vLLM ends like OpenAI
        if event.name == "error":
            return [Fault(words_of(data))]
        said = _READER.read(data)
        if said.type == "content_block_delta":
            return _written(said.delta)
        if said.type == "error" or said.error:
            return [Fault(words_of(data))]
        return _begun(said.content_block) if said.type == "content_block_start" else _told(said)

    def _rooted(self, given: str) -> str:
        # https://api.anthropic.com and https://host/anthropic are bases as Anthropic's own clients take them.
        return given if has_version(given) else given + self.root


def _said(message: Message) -> str | list[dict[str, Any]]:
    if isinstance(message.content, str):
        return message.content
    return [
        {"type": "image", "source": {"type": "base64", "media_type": part.media_type, "data": part.base64}}
        if isinstance(part, Image)
        else {"type": "text", "text": part}
        for part in message.content
    ]


def _written(delta: _Delta | None) -> list[Piece]:
    if delta is None:
        return []
    if delta.text:
        return [Text(delta.text)]
    if delta.thinking:
        return [Reasoning(delta.thinking)]
    return [ToolCall(delta.partial_json)] if delta.partial_json else []


def _begun(block: _Block | None) -> list[Piece]:
    if block is None:
        return []
    pieces: list[Piece] = [Reasoning(block.thinking)] if block.thinking else []
    pieces += [Text(block.text)] if block.text else []
    return [*pieces, ToolCall(block.name)] if block.name else pieces


def _told(said: _Event) -> list[Piece]:
    """What stands around the content: the start, the end, or all of an answer that is not streamed."""
    if said.type == "message_start":
        usage = said.message.usage if isinstance(said.message, _Message) else None
        return [_counted(usage, so_far=True)] if usage is not None else []
    pieces: list[Piece] = [Done()] if said.type == "message_stop" else []
    for block in said.content or ():
        pieces += _begun(block)
        if block.name and block.input is not None:
            pieces.append(ToolCall(compact(block.input)))
    reason = said.delta.stop_reason if said.delta is not None else said.stop_reason
    if reason:
        pieces.append(Finish(reason))
    if said.usage is not None:
        pieces.append(_counted(said.usage, so_far=False))
    return pieces


def _counted(usage: _Usage, *, so_far: bool) -> Counted:
    prompt = usage.input_tokens
    if prompt is not None:
        prompt += (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
    output = None if so_far else usage.output_tokens
    return Counted(Usage(prompt=prompt, output=output, cached=usage.cache_read_input_tokens))
