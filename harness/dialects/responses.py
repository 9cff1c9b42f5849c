"""OpenAI responses.

Format: https://platform.openai.com/docs/api-reference/responses-streaming, and the types of the `openai` package. Each
event says its type. Text, refusals, reasoning (whole or as a summary) and the arguments of tool calls come as `…delta`;
the `…done` events say all of it once more and are skipped. A tool call is named when its item is added, by some servers
(transformers) with all of its arguments. The stream ends with the whole response: completed, incomplete or failed.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from harness.call import Call
from harness.dialects.ask import Ask
from harness.dialects.logprobs import Token, known, read
from harness.dialects.openai import OpenAi
from harness.dialects.piece import Counted, Done, Fault, Finish, Piece, Reasoning, Text, ToolCall
from harness.dialects.reading import Reader, words_of
from harness.record import Usage
from harness.sse import Event
from harness.testset import Image, Message

_TEXT_DELTA = "response.output_text.delta"
_DELTAS: dict[str, type[Text | Reasoning | ToolCall]] = {
    _TEXT_DELTA: Text,
    "response.refusal.delta": Text,
    "response.reasoning_text.delta": Reasoning,
    "response.reasoning_summary_text.delta": Reasoning,
    "response.function_call_arguments.delta": ToolCall,
    "response.custom_tool_call_input.delta": ToolCall,
    "response.mcp_call_arguments.delta": ToolCall,
    "response.code_interpreter_call_code.delta": ToolCall,
}
_ENDS = frozenset({"response.completed", "response.incomplete", "response.failed"})


class _Text(msgspec.Struct, gc=False):
    text: str | None = None
    refusal: str | None = None


class _Item(msgspec.Struct, gc=False):
    type: str | None = None
    name: str | None = None
    arguments: str | None = None
    input: str | None = None
    content: list[_Text] | None = None
    summary: list[_Text] | None = None


class _InputDetails(msgspec.Struct, gc=False):
    cached_tokens: int | None = None


class _OutputDetails(msgspec.Struct, gc=False):
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct, gc=False):
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None


class _Why(msgspec.Struct, gc=False):
    reason: str | None = None


class _Response(msgspec.Struct, gc=False):
    status: str | None = None
    output: list[_Item] | None = None
    usage: _Usage | None = None
    error: Any = None
    incomplete_details: _Why | None = None


class _Event(msgspec.Struct, gc=False):
    type: str | None = None
    delta: Any = None
    item: _Item | None = None
    response: _Response | None = None
    error: Any = None
    object: str | None = None


class _WeighedText(msgspec.Struct, gc=False):
    logprobs: list[Token] | None = None


class _WeighedItem(msgspec.Struct, gc=False):
    content: list[_WeighedText] | None = None


class _Weighed(msgspec.Struct, gc=False):
    type: str | None = None
    logprobs: list[Token] | None = None
    output: list[_WeighedItem] | None = None


_READER = Reader(_Event, "an event of a response")
_WEIGHED = Reader(_Weighed, "an event with log-probabilities")
_WHOLE = Reader(_Response, "a response")


class Responses(OpenAi):
    """POST …/responses."""

    name = "responses"
    path: ClassVar[str] = "/responses"
    takes_images: ClassVar[bool] = True
    refused_roles: ClassVar[frozenset[str]] = frozenset({"tool"})
    samples: ClassVar[Mapping[str, str]] = {"temperature": "temperature", "top_p": "top_p"}

    tells_logprobs: ClassVar[bool] = True

    def encode(self, ask: Ask) -> Call:
        """The request; usage comes without being asked for."""
        body = {
            "model": ask.model,
            "input": [{"role": message.role, "content": _said(message)} for message in ask.messages],
            "max_output_tokens": ask.max_tokens,
            **self.sampled(ask),
            "stream": ask.stream,
            "store": False,  # else every answer would be kept for later at the server
        }
        if ask.logprobs:
            body["include"] = ["message.output_text.logprobs"]
        return self.call(ask, body)

    def decode(self, event: Event) -> list[Piece]:
        """Pieces in the order: fault, content, finish, usage. Raises Unreadable for what is no event."""
        data = event.data.strip()
        if data in ("", "[DONE]"):
            return [Done()] if data else []
        said = _READER.read(data)
        kind = _DELTAS.get(said.type or "")
        if kind is not None:
            return [kind(said.delta)] if said.delta and isinstance(said.delta, str) else []
        if said.type == "error" or event.name == "error" or said.error:
            return [Fault(words_of(data))]
        return _whole(_WHOLE.read(data)) if said.object == "response" else _told(said)

    def logprobs(self, event: Event) -> list[float]:
        """Those of a delta, or of an answer that was not streamed; the events that say all of it once more are skipped."""
        said = read(_WEIGHED, event)
        if said is None:
            return []
        told = said.logprobs if said.type == _TEXT_DELTA else None
        parts = (part for item in said.output or () for part in item.content or ())
        return known(
            token.logprob for token in (*(told or ()), *(token for part in parts for token in part.logprobs or ()))
        )


def _said(message: Message) -> str | list[dict[str, str]]:
    if isinstance(message.content, str):
        return message.content
    # What the model once said is output, also where it is sent to it again.
    kind = "output_text" if message.role == "assistant" else "input_text"
    return [
        {"type": "input_image", "image_url": part.data_url} if isinstance(part, Image) else {"type": kind, "text": part}
        for part in message.content
    ]


def _told(said: _Event) -> list[Piece]:
    if said.type == "response.output_item.added" and said.item is not None:
        return _called(said.item)
    return _ended(said.response) if said.type in _ENDS and said.response is not None else []


def _called(item: _Item) -> list[Piece]:
    return [ToolCall(text) for text in (item.name, item.arguments, item.input) if text]


def _ended(response: _Response) -> list[Piece]:
    pieces: list[Piece] = []
    if response.error or response.status == "failed":
        pieces.append(Fault(words_of(msgspec.json.encode({"error": response.error}).decode())))
    elif response.status:
        why = response.incomplete_details
        pieces.append(Finish(why.reason if why is not None and why.reason else response.status))
    if response.usage is not None:
        pieces.append(_counted(response.usage))
    return pieces


def _whole(response: _Response) -> list[Piece]:
    pieces: list[Piece] = []
    for item in response.output or ():
        parts = [*(item.summary or ()), *(item.content or ())]
        if item.type == "reasoning":
            pieces += [Reasoning(part.text) for part in parts if part.text]
        else:
            pieces += [Text(text) for part in parts for text in (part.text, part.refusal) if text]
            pieces += _called(item)
    return pieces + _ended(response)


def _counted(usage: _Usage) -> Counted:
    taken, given = usage.input_tokens_details, usage.output_tokens_details
    return Counted(
        Usage(
            prompt=usage.input_tokens,
            output=usage.output_tokens,
            cached=taken.cached_tokens if taken is not None else None,
            reasoning=given.reasoning_tokens if given is not None else None,
        )
    )
