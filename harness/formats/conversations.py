"""Conversations: one JSON array of messages a line, as few-shot sets of multiple choice come.

Where the assistant has the last word, that word is the expected answer and is not sent.
"""

from typing import Any

from harness.formats.entries import entries, value_of
from harness.formats.row import Format, Mistake, Reading
from harness.formats.speech import messages_of
from harness.testset import Message, Prompt


def asked(messages: tuple[Message, ...]) -> tuple[tuple[Message, ...], str | None]:
    """What of a conversation is sent, and the answer that it gives itself."""
    if messages and messages[-1].role == "assistant":
        return messages[:-1], messages[-1].text
    return messages, None


def _prompt(entry: Any, reading: Reading) -> Prompt:
    messages, expected = asked(messages_of("a conversation", value_of(entry), reading))
    if not any(message.role == "user" for message in messages):
        raise Mistake("has no question: no message of the user before the last answer.")
    return Prompt(index=0, messages=messages, expected=expected)


CONVERSATIONS = Format("conversations", entries, _prompt)
