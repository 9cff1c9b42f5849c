"""What the prompts of a set say, in plain text, as the run folder keeps it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.conversation import split
from harness.record import mend
from harness.run import PromptText
from harness.testset import Image, Message, Prompt, Testset

_LARGEST_INT = 2**63 - 1


def wording(testset: Testset) -> Iterator[PromptText]:
    """One a prompt, under the name that its records give it."""
    for prompt in testset.prompts:
        yield PromptText(
            f"{testset.name}/{prompt.index}",
            _told(prompt.messages),
            _turns(prompt),
            None if prompt.expected is None else mend(prompt.expected),
            {mend(str(key)): plain(value) for key, value in prompt.metadata.items()},
        )


def plain(value: Any) -> Any:
    """A value of a set in what JSON has: Parquet brings bytes, dates and arrays."""
    if value is None or isinstance(value, bool | float):
        # A double of numpy's is a float, and no encoder of JSON knows it.
        return float(value) if isinstance(value, float) else value
    if isinstance(value, int):
        return value if -_LARGEST_INT <= value <= _LARGEST_INT else str(value)
    if isinstance(value, bytes | bytearray):
        return _read(bytes(value))
    if isinstance(value, Mapping):
        return {mend(str(key)): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    # What numpy has it can tell in Python's own types.
    return plain(value.tolist()) if hasattr(value, "tolist") else mend(str(value))


def _read(value: bytes) -> str:
    """What is no text is an image, or the like: how large it is must do."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return f"{len(value)} bytes"


def _turns(prompt: Prompt) -> list[str]:
    said = [turn.said for turn in split(prompt.messages)]
    return [_told(messages) for messages in said] if len(said) > 1 else []


def _told(messages: Sequence[Message]) -> str:
    """A lone message of the user as it is; of others it is said whose they are."""
    if [message.role for message in messages] == ["user"]:
        return _text(messages[0])
    return "\n\n".join(f"{message.role}: {_text(message)}" for message in messages)


def _text(message: Message) -> str:
    return mend("\n".join(f"[{part.media_type}]" if isinstance(part, Image) else part for part in message.parts))
