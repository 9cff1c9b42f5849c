"""What a client asked for, as far as the simulator cares."""

from typing import Any

import msgspec


class BadRequest(Exception):
    """A body that is no chat completion request; the message says why."""


class StreamOptions(msgspec.Struct):
    """The part of a request about the stream itself."""

    include_usage: bool = False


class Message(msgspec.Struct):
    """One turn; `content` is text, a list of parts, or nothing."""

    role: str
    content: str | list[dict[str, Any]] | None = None

    def text(self) -> str:
        """What was said, text parts joined."""
        if isinstance(self.content, list):
            return "".join(str(part.get("text", "")) for part in self.content)
        return self.content or ""


class Ask(msgspec.Struct):
    """A chat completion request; keys not named here are ignored, as servers do."""

    model: str
    messages: list[Message]
    stream: bool = False
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    stream_options: StreamOptions | None = None

    @property
    def prompt(self) -> str:
        """All that was said."""
        return "\n".join(message.text() for message in self.messages)

    @property
    def limit(self) -> int | None:
        """The most tokens wanted."""
        return self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens

    @property
    def include_usage(self) -> bool:
        """Whether a stream is to end with token counts."""
        return self.stream_options is not None and self.stream_options.include_usage


_DECODER = msgspec.json.Decoder(Ask)


def parse(body: bytes) -> Ask:
    """Raises BadRequest with a sentence."""
    try:
        ask = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"The body is not a chat completion request: {error}") from error
    if not ask.messages:
        raise BadRequest("messages is empty; it takes at least one message.")
    if ask.limit is not None and ask.limit < 1:
        raise BadRequest(f"max_tokens is {ask.limit}; it must be at least 1.")
    return ask


def count_prompt_tokens(prompt: str) -> int:
    """A quarter of the characters, plus one: no tokenizer, but the same count every time."""
    return len(prompt) // 4 + 1
