"""Plain text: one prompt a line, without the white space around it."""

from typing import Any

from harness.formats.row import Format, Reading, decoded, lines
from harness.formats.speech import filled
from harness.testset import Message, Prompt


def _prompt(line: Any, _: Reading) -> Prompt:
    return Prompt(index=0, messages=(Message("user", filled("the prompt", decoded(line).strip())),))


PLAIN = Format("text", lines, _prompt)
