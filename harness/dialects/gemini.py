"""Google's Gemini: `streamGenerateContent` as server-sent events, or `generateContent`.

Format: https://ai.google.dev/api/generate-content. Every chunk is a whole response in small, with the usage so far.
Thoughts are parts marked `thought`, and come only where the request asks for them; their tokens are no part of
`candidatesTokenCount` and are added to it here. Tool calls come whole. There is no end marker; an error comes as a chunk
of its own. A prompt that is blocked gets an answer without candidates, which says why.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from harness.call import Call
from harness.dialects.api import Api, below, has_version, names_in
from harness.dialects.ask import Ask
from harness.dialects.logprobs import known, read
from harness.dialects.piece import Counted, Done, Fault, Finish, Piece, Reasoning, Text, ToolCall
from harness.dialects.reading import Reader, compact, words_of
from harness.record import Usage
from harness.sse import Event
from harness.testset import Image, Message

_SYSTEM = frozenset({"system", "developer"})
_PREFIX = "models/"


class _Function(msgspec.Struct, gc=False):
    name: str | None = None
    args: Any = None


class _Code(msgspec.Struct, gc=False):
    code: str | None = None


class _Part(msgspec.Struct, gc=False, rename="camel"):
    text: str | None = None
    thought: bool = False
    function_call: _Function | None = None
    executable_code: _Code | None = None


class _Content(msgspec.Struct, gc=False):
    parts: list[_Part] | None = None


class _Candidate(msgspec.Struct, gc=False, rename="camel"):
    content: _Content | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct, gc=False, rename="camel"):
    prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None


class _Feedback(msgspec.Struct, gc=False, rename="camel"):
    block_reason: str | None = None


class _Chunk(msgspec.Struct, gc=False, rename="camel"):
    candidates: list[_Candidate] | None = None
    usage_metadata: _Usage | None = None
    prompt_feedback: _Feedback | None = None
    error: Any = None


class _Chosen(msgspec.Struct, gc=False, rename="camel"):
    log_probability: float | None = None


class _LogProbs(msgspec.Struct, gc=False, rename="camel"):
    chosen_candidates: list[_Chosen] | None = None


class _WeighedCandidate(msgspec.Struct, gc=False, rename="camel"):
    logprobs_result: _LogProbs | None = None


class _Weighed(msgspec.Struct, gc=False):
    candidates: list[_WeighedCandidate] | None = None


_WEIGHED = Reader(_Weighed, "a response with log-probabilities")
_READER = Reader(_Chunk, "a response of generateContent")


class Gemini(Api):
    """POST …/v1beta/models/MODEL:streamGenerateContent."""

    name = "gemini"
    path: ClassVar[str] = "/models"
    root: ClassVar[str] = "/v1beta"
    listing_query: ClassVar[str] = "pageSize=1000"
    key_env: ClassVar[str] = "GEMINI_API_KEY"
    takes_images: ClassVar[bool] = True
    refused_roles: ClassVar[frozenset[str]] = frozenset({"tool"})
    samples: ClassVar[Mapping[str, str]] = {
        "temperature": "temperature",
        "top_p": "topP",
        "seed": "seed",
        "stop": "stopSequences",
    }

    tells_logprobs: ClassVar[bool] = True

    def names(self, body: bytes) -> tuple[str, ...] | None:
        """Without the `models/` that stands before each."""
        found = names_in(body, "models", "name")
        return None if found is None else tuple(name.removeprefix(_PREFIX) for name in found)

    def offers(self, names: tuple[str, ...], model: str) -> bool:
        """With or without `models/`."""
        return model.removeprefix(_PREFIX) in names

    def credentials(self, key: str | None) -> dict[str, str]:
        """The API would take the key in the URL, too, where logs would keep it."""
        return {} if key is None else {"x-goog-api-key": key}

    def encode(self, ask: Ask) -> Call:
        """The request: the model is part of the URL. System messages are sent as the one instruction there can be."""
        body: dict[str, Any] = {
            "contents": [_said(message) for message in ask.messages if message.role not in _SYSTEM],
            "generationConfig": {"maxOutputTokens": ask.max_tokens, **self.sampled(ask)},
        }
        if ask.logprobs:
            body["generationConfig"]["responseLogprobs"] = True
        system = "\n\n".join(message.text for message in ask.messages if message.role in _SYSTEM)
        if system:
            body["systemInstruction"] = {"parts": [{"text": system}]}
        verb, query = ("streamGenerateContent", "alt=sse") if ask.stream else ("generateContent", "")
        return self.call(ask, body, below(ask.url, f"/{ask.model.removeprefix(_PREFIX)}:{verb}", query))

    def decode(self, event: Event) -> list[Piece]:
        """Pieces in the order: fault, content, finish, usage. Raises Unreadable for what is no response."""
        data = event.data.strip()
        if data in ("", "[DONE]"):
            return [Done()] if data else []  # as some gateways end
        chunk = _READER.read(data)
        if chunk.error or event.name == "error":
            return [Fault(words_of(data))]
        pieces: list[Piece] = []
        for candidate in chunk.candidates or ():
            if candidate.content is not None:
                for part in candidate.content.parts or ():
                    pieces += _content(part)
            if candidate.finish_reason:
                pieces.append(Finish(candidate.finish_reason))
        if chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason:
            pieces.append(Finish(chunk.prompt_feedback.block_reason))
        if chunk.usage_metadata is not None:
            pieces.append(_counted(chunk.usage_metadata))
        return pieces

    def logprobs(self, event: Event) -> list[float]:
        """Of the tokens that were chosen."""
        chunk = read(_WEIGHED, event)
        told = [candidate.logprobs_result for candidate in (chunk.candidates or () if chunk is not None else ())]
        chosen = [token for each in told if each is not None for token in each.chosen_candidates or ()]
        return known(token.log_probability for token in chosen)

    def _base(self, path: str) -> str:
        parts = path.rstrip("/").split("/")
        given = "/".join(parts[: parts.index("models")] if "models" in parts else parts)
        return given if has_version(given) else given + self.root


def _said(message: Message) -> dict[str, Any]:
    return {
        "role": "model" if message.role == "assistant" else "user",
        "parts": [
            {"inlineData": {"mimeType": part.media_type, "data": part.base64}}
            if isinstance(part, Image)
            else {"text": part}
            for part in message.parts
        ],
    }


def _content(part: _Part) -> list[Piece]:
    if part.text:
        return [Reasoning(part.text) if part.thought else Text(part.text)]
    called, code = part.function_call, part.executable_code
    if called is not None:
        arguments = None if called.args is None else compact(called.args)
        return [ToolCall(text) for text in (called.name, arguments) if text]
    return [ToolCall(code.code)] if code is not None and code.code else []


def _counted(usage: _Usage) -> Counted:
    said, thought = usage.candidates_token_count, usage.thoughts_token_count
    output = None if said is None and thought is None else (said or 0) + (thought or 0)
    return Counted(
        Usage(
            prompt=usage.prompt_token_count,
            output=output,
            cached=usage.cached_content_token_count,
            reasoning=thought,
        )
    )
