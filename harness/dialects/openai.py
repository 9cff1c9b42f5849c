"""What OpenAI's APIs have in common: where they are found, and how chat and completions count tokens.

Usage comes on a last chunk without choices (OpenAI), on the finish chunk (transformers), on every chunk (continuous
usage), inside the choice (Moonshot) or under `x_groq` (Groq). Tokens read from a cache are under
`prompt_tokens_details`, as `prompt_cache_hit_tokens` (DeepSeek) or as `cached_tokens` (Moonshot).
"""

from typing import ClassVar

import msgspec

from harness.dialects.api import Api
from harness.dialects.piece import Counted
from harness.record import Usage


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
