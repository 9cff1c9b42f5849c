"""OpenAI's older text completions, which most engines still serve.

Format: https://platform.openai.com/docs/api-reference/completions. The API takes one text: the turns of a conversation
are sent with a blank line between two of them, and no chat template is applied by us. It has neither reasoning, nor tool
calls, nor images.
"""

from typing import Any, ClassVar

from harness.call import Call
from harness.dialects.ask import Ask
from harness.dialects.openai import Choice, Chunk, OpenAiChunks
from harness.dialects.piece import Piece, Text
from harness.dialects.reading import Reader


class _Choice(Choice, gc=False):
    text: str | None = None


class _Chunk(Chunk, gc=False):
    choices: list[_Choice] | None = None


class Completions(OpenAiChunks):
    """POST …/completions."""

    name = "completions"
    path: ClassVar[str] = "/completions"
    reader: ClassVar[Reader[Any]] = Reader(_Chunk, "a completion chunk")

    def encode(self, ask: Ask) -> Call:
        """The request, its turns as one text."""
        asked: dict[str, Any] = {"prompt": ask.prompt}
        if ask.logprobs:
            asked["logprobs"] = 1  # of the likeliest token, too: to some servers 0 means none at all
        return self.ask_for(ask, asked)

    def said(self, choice: _Choice) -> list[Piece]:
        """Its text."""
        return [Text(choice.text)] if choice.text else []
