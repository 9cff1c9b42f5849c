"""What a client asked for, as far as the simulator cares, in no API's terms."""

from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class BadRequest(Exception):
    """A body that is no request of the API; the message says why."""


class Turn(msgspec.Struct):
    """One turn; `content` is text, a list of parts, or nothing."""

    role: str = "user"
    content: str | list[dict[str, Any]] | None = None

    def text(self) -> str:
        """What was said, text parts joined."""
        if isinstance(self.content, list):
            return "".join(str(part.get("text", "")) for part in self.content)
        return self.content or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request for an answer."""

    model: str | None
    """None where the API has no place for it."""
    prompt: str
    """All that was said."""
    limit: int | None
    """The most tokens wanted."""
    stream: bool
    least: int = 0
    """The answer shall not end before it has so many tokens."""
    ignore_end: bool = False
    """The answer shall go on to its limit."""
    include_usage: bool = True
    """Whether a stream is to tell token counts."""
    logprobs: bool = False
    """Whether the log-probability of every token of the answer is to be told."""
    echo: bool = False
    """Whether the answer is to begin with the prompt."""
    prompt_logprobs: int | None = None
    """Whether those of the prompt are to be told beside the answer, and of how many likelier tokens at every place."""
    texts: tuple[str, ...] = ()
    """What a moderation is about."""

    @property
    def weighs_prompt(self) -> bool:
        """Whether it asks for log-probabilities of what it says itself."""
        return self.prompt_logprobs is not None or (self.echo and self.logprobs)


def read(kind: type[T], body: bytes, what: str) -> T:
    """The body of a request. Raises BadRequest with a sentence."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"The body is not a {what} request: {error}") from error


def said(turns: list[Turn], named: str = "messages") -> str:
    """All that was said, a line each. Raises BadRequest where that is nothing."""
    if not turns:
        raise BadRequest(f"{named} is empty; it takes at least one message.")
    return "\n".join(turn.text() for turn in turns)


def limited(limit: int | None, named: str = "max_tokens", least: int = 1) -> int | None:
    """A bound of an answer. Raises BadRequest for one that leaves less than the least there may be."""
    if limit is not None and limit < least:
        raise BadRequest(f"{named} is {limit}; it must be at least {least}.")
    return limit


def count_prompt_tokens(prompt: str) -> int:
    """A quarter of the characters, plus one: no tokenizer, but the same count every time."""
    return len(prompt) // 4 + 1
