"""What a server said, in no API's terms."""

import msgspec

from harness.record import LogProbs, Usage


class Text(msgspec.Struct, frozen=True, gc=False):
    """Text that a reader sees."""

    text: str


class Reasoning(msgspec.Struct, frozen=True, gc=False):
    """Text of the model's thinking."""

    text: str


class ToolCall(msgspec.Struct, frozen=True, gc=False):
    """A piece of a tool call: its name, or arguments as they are written."""

    text: str


class Counted(msgspec.Struct, frozen=True, gc=False):
    """Token counts, as far as the server has come; later ones replace earlier ones, but None replaces nothing."""

    usage: Usage


class Likely(msgspec.Struct, frozen=True, gc=False):
    """Log-probabilities of tokens that have not been told before."""

    logprobs: LogProbs


class Finish(msgspec.Struct, frozen=True, gc=False):
    """Why the answer ended, in the API's own word."""

    reason: str


class Fault(msgspec.Struct, frozen=True, gc=False):
    """An error inside a 200."""

    message: str


class Done(msgspec.Struct, frozen=True, gc=False):
    """The API's end marker, where it has one."""


Piece = Text | Reasoning | ToolCall | Counted | Likely | Finish | Fault | Done
