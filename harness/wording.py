"""What the prompts of a set say, in plain text, as the run folder keeps it. Pure."""

from collections.abc import Iterator, Sequence

from harness.conversation import split
from harness.record import mend
from harness.run import PromptText
from harness.testset import Image, Message, Prompt, Testset


def wording(testset: Testset) -> Iterator[PromptText]:
    """One a prompt, under the name that its records give it."""
    for prompt in testset.prompts:
        yield PromptText(f"{testset.name}/{prompt.index}", _told(prompt.messages), _turns(prompt))


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
