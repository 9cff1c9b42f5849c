"""What a server said, in no API's terms."""

from typing import NamedTuple

from harness.record import Usage


class Text(NamedTuple):
    """Text that a reader sees."""

    text: str


class Reasoning(NamedTuple):
    """Text of the model's thinking."""

    text: str


class ToolCall(NamedTuple):
    """A piece of a tool call: its name, or arguments as they are written."""

    text: str


class Counted(NamedTuple):
    """Token counts, as far as the server has come; later ones replace earlier ones."""

    usage: Usage


class Finish(NamedTuple):
    """Why the answer ended, in the API's own word."""

    reason: str


class Fault(NamedTuple):
    """An error inside a 200."""

    message: str


class Done(NamedTuple):
    """The API's end marker, where it has one."""


Piece = Text | Reasoning | ToolCall | Counted | Finish | Fault | Done
