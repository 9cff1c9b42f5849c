"""OpenAI chat completions, as OpenAI and the servers that follow it speak it.

Format: https://platform.openai.com/docs/api-reference/chat. Reasoning comes as `reasoning_content` (DeepSeek, vLLM,
SGLang) or `reasoning` (OpenRouter, newer vLLM). Usage comes on a last chunk without choices (OpenAI), on the finish
chunk (transformers) or on every chunk (continuous usage); each replaces the one before.
"""

import json
from typing import Any
from urllib.parse import urlsplit

import msgspec

from harness.call import Call
from harness.dialects.ask import Ask
from harness.dialects.piece import Counted, Done, Fault, Finish, Piece, Reasoning, Text, ToolCall
from harness.outcome import Unreadable
from harness.record import Usage
from harness.sse import Event

_PATH = "/chat/completions"
_WORDLESS = "an error without a message"


class _Function(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: str | None = None


class _ToolCall(msgspec.Struct, gc=False):
    function: _Function | None = None


class _Delta(msgspec.Struct, gc=False):
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Delta | None = None
    message: _Delta | None = None
    finish_reason: str | None = None


class _PromptDetails(msgspec.Struct, gc=False):
    cached_tokens: int | None = None


class _OutputDetails(msgspec.Struct, gc=False):
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct, gc=False):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _OutputDetails | None = None


class _Chunk(msgspec.Struct, gc=False):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Any = None
    object: str | None = None


_DECODER = msgspec.json.Decoder(_Chunk)


class Chat:
    """POST …/chat/completions."""

    name = "chat"

    def endpoint(self, host: str) -> str:
        """`http://h`, `http://h/v1` and `http://h/v1/chat/completions` all mean the last."""
        return _beside(host, _PATH)

    def models(self, host: str) -> str:
        """The model list beside the endpoint."""
        return _beside(host, "/models")

    def encode(self, ask: Ask) -> Call:
        """The request; usage is asked for, as streams leave it out otherwise."""
        body: dict[str, Any] = {
            "model": ask.model,
            "messages": [{"role": message.role, "content": message.content} for message in ask.messages],
            "max_tokens": ask.max_tokens,
            "stream": ask.stream,
        }
        if ask.stream:
            body["stream_options"] = {"include_usage": True}
        headers = {
            "Content-Type": "application/json",
            "Accept": "text/event-stream" if ask.stream else "application/json",
            "X-Request-ID": ask.id,
        }
        if ask.key is not None:
            headers["Authorization"] = f"Bearer {ask.key}"
        return Call("POST", ask.url, headers | dict(ask.headers), msgspec.json.encode(body), ask.timeouts)

    def decode(self, event: Event) -> list[Piece]:
        """Pieces in the order: fault, content, finish, usage. Raises Unreadable for what is no chunk."""
        data = event.data.strip()
        if event.name == "error":
            return [Fault(words_of(data))]
        if data in ("", "[DONE]"):
            return [Done()] if data else []
        chunk = _chunk(data)
        if chunk.error or chunk.object == "error":
            return [Fault(words_of(data))]
        pieces: list[Piece] = []
        for choice in chunk.choices or ():
            pieces += _content(choice.delta or choice.message)
            if choice.finish_reason:
                pieces.append(Finish(choice.finish_reason))
        if chunk.usage is not None:
            pieces.append(Counted(_usage(chunk.usage)))
        return pieces


def _beside(host: str, path: str) -> str:
    """`path` under the base that `host` names; a query, as gateways want it for a version, stays at the end."""
    parts = urlsplit(host)
    given = parts.path.rstrip("/")
    base = given.removesuffix(_PATH)
    # A full endpoint says where it is, also where that is not under /v1.
    return parts._replace(path=(base if given else "/v1") + path, fragment="").geturl()


def _chunk(data: str) -> _Chunk:
    try:
        return _DECODER.decode(data)
    except (ValueError, RecursionError) as error:
        return _mended(data, error)


def _mended(data: str, error: ValueError | RecursionError) -> _Chunk:
    try:
        if isinstance(error, msgspec.ValidationError):
            raise error
        # A server that streams half an emoji escapes a lone surrogate, which msgspec refuses and JSON allows.
        return msgspec.convert(json.loads(data), _Chunk)
    except (ValueError, RecursionError) as last:
        raise Unreadable(f"an event is not a chat completion chunk: {last}") from last


def words_of(answer: str) -> str:
    """The words of an error, whatever shape a server gives it: its JSON message where it has one, else all of it."""
    try:
        told = msgspec.json.decode(answer)
    except (msgspec.DecodeError, RecursionError):
        told = None
    if not isinstance(told, dict):
        return " ".join(answer.split()) or _WORDLESS
    error = told.get("error") or told.get("detail") or told
    if isinstance(error, dict):
        error = error.get("message") or error.get("type") or error.get("code") or _WORDLESS
    return " ".join(str(error).split())


def _content(delta: _Delta | None) -> list[Piece]:
    if delta is None:
        return []
    if delta.content and not (delta.reasoning_content or delta.reasoning or delta.tool_calls or delta.refusal):
        return [Text(delta.content)]  # nearly every event there is
    pieces: list[Piece] = [Reasoning(text) for text in (delta.reasoning_content or delta.reasoning,) if text]
    pieces += [Text(text) for text in (delta.content, delta.refusal) if text]
    for call in delta.tool_calls or ():
        if call.function is not None:
            pieces += [ToolCall(text) for text in (call.function.name, call.function.arguments) if text]
    return pieces


def _usage(usage: _Usage) -> Usage:
    prompt, output = usage.prompt_tokens_details, usage.completion_tokens_details
    return Usage(
        prompt=usage.prompt_tokens,
        output=usage.completion_tokens,
        cached=prompt.cached_tokens if prompt is not None else None,
        reasoning=output.reasoning_tokens if output is not None else None,
    )
