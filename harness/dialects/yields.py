"""A function of the user's own in the place of an API: what it is asked, and what its yields say.

The function is `query_model(prompt, max_resp_tokens)`, a generator of text, as llm-perf-benchmark knows it.
"""

from typing import Any, ClassVar

import msgspec

from harness.call import Call
from harness.dialects.api import Api
from harness.dialects.ask import Ask
from harness.dialects.chat import chat_messages
from harness.dialects.piece import Piece, Text
from harness.sampling import Sampling
from harness.sse import Event
from harness.testset import Message


class Question(msgspec.Struct, frozen=True):
    """The arguments of one call."""

    prompt: str
    max_resp_tokens: int


class Yields(Api):
    """Carries a question to the function and takes its yields for text. Nothing of it goes over a wire of ours."""

    name: ClassVar[str] = "query_model"
    path: ClassVar[str] = ""
    framing: ClassVar[str | None] = "chunks"
    tells_end: ClassVar[bool] = False
    """A generator that has ended is through."""

    def endpoint(self, host: str) -> str:
        """The function knows it, and nobody else; `host` is its file."""
        return f"query_model() in {host}"

    def models(self, host: str) -> str | None:  # noqa: ARG002 - as for any API
        """None."""
        return None

    def refusals(self, sampling: Sampling) -> list[str]:  # noqa: ARG002 - as for any API
        """None: what the function samples is its own affair, and options about it were refused as such."""
        return []

    def encode(self, ask: Ask) -> Call:
        """The question as JSON."""
        question = Question(prompt_text(ask.messages), ask.max_tokens)
        return Call("CALL", ask.url, {"X-Request-ID": ask.id}, msgspec.json.encode(question), ask.timeouts)

    def decode(self, event: Event) -> list[Piece]:
        """Text, all of it."""
        return [Text(event.data)]


def prompt_text(messages: tuple[Message, ...]) -> str:
    """A question of one user is its words; any other conversation is the JSON of a list of chat messages."""
    if len(messages) == 1 and messages[0].role == "user":
        return messages[0].text
    listed: list[dict[str, Any]] = chat_messages(messages)
    return msgspec.json.encode(listed).decode()
