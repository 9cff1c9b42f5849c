"""What OpenAI's APIs have in common: where they are found, and how chat and completions count tokens.

Usage comes on a last chunk without choices (OpenAI), on the finish chunk (transformers), on every chunk (continuous
usage), inside the choice (Moonshot) or under `x_groq` (Groq). Tokens read from a cache are under
`prompt_tokens_details`, as `prompt_cache_hit_tokens` (DeepSeek) or as `cached_tokens` (Moonshot).
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from harness.call import Call
from harness.dialects.api import Api
from harness.dialects.ask import Ask
from harness.dialects.logprobs import of_chunk
from harness.dialects.piece import Counted, Done, Fault, Finish, Piece
from harness.dialects.reading import Reader, words_of
from harness.record import Usage
from harness.sse import Event


class OpenAi(Api):
    """`http://h`, `http://h/v1` and a full endpoint of any of these APIs all mean the same server."""

    endings: ClassVar[tuple[str, ...]] = ("/chat/completions", "/completions", "/responses")


class _PromptDetails(msgspec.Struct, gc=False):
    cached_tokens: int | None = None


class _OutputDetails(msgspec.Struct, gc=False):
    reasoning_tokens: int | None = None


class OpenAiUsage(msgspec.Struct, gc=False):
    """Token counts of chat and of completions."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _OutputDetails | None = None
    prompt_cache_hit_tokens: int | None = None
    cached_tokens: int | None = None

    def counted(self) -> Counted:
        """In no API's terms."""
        prompt, output = self.prompt_tokens_details, self.completion_tokens_details
        cached = prompt.cached_tokens if prompt is not None else None
        if cached is None:
            cached = self.cached_tokens if self.cached_tokens is not None else self.prompt_cache_hit_tokens
        return Counted(
            Usage(
                prompt=self.prompt_tokens,
                output=self.completion_tokens,
                cached=cached,
                reasoning=output.reasoning_tokens if output is not None else None,
            )
        )


class Groq(msgspec.Struct, gc=False):
    """What Groq puts beside the choices of a chunk."""

    usage: OpenAiUsage | None = None


class Choice(msgspec.Struct, gc=False):
    """What choices of chat and of completions have in common."""

    finish_reason: str | None = None
    usage: OpenAiUsage | None = None


class Chunk(msgspec.Struct, gc=False):
    """What their chunks have in common; `choices` have a type of their own in each."""

    choices: list[Any] | None = None
    usage: OpenAiUsage | None = None
    x_groq: Groq | None = None
    error: Any = None
    object: str | None = None


class OpenAiChunks(OpenAi):
    """The APIs that answer in chunks of choices: chat and completions. `reader` reads a chunk, `said` a choice."""

    reader: ClassVar[Reader[Any]]
    # The last two are no part of OpenAI's API: vLLM, SGLang and others take them.
    samples: ClassVar[Mapping[str, str]] = {
        name: name for name in ("temperature", "top_p", "seed", "stop", "ignore_eos", "min_tokens")
    }

    tells_logprobs: ClassVar[bool] = True

    def said(self, choice: Any) -> list[Piece]:
        """The content of one choice."""
        raise NotImplementedError

    def logprobs(self, event: Event) -> list[float]:
        """Of the tokens of all choices."""
        return of_chunk(event)

    def ask_for(self, ask: Ask, asked: dict[str, Any]) -> Call:
        """The request for what is asked; usage goes with it, as streams leave it out otherwise."""
        body = {
            "model": ask.model,
            **asked,
            "max_tokens": ask.max_tokens,
            **self.sampled(ask),
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
        chunk = self.reader.read(data)
        if chunk.error or chunk.object == "error":
            return [Fault(words_of(data))]
        pieces: list[Piece] = []
        usage = chunk.usage
        for choice in chunk.choices or ():
            pieces += self.said(choice)
            if choice.finish_reason:
                pieces.append(Finish(choice.finish_reason))
            if choice.usage is not None:
                usage = choice.usage
        if chunk.x_groq is not None and usage is None:
            usage = chunk.x_groq.usage
        if usage is not None:
            pieces.append(usage.counted())
        return pieces
