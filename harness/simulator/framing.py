"""How events are laid into writes: one each, or as a proxy, a batching server or an unlucky network would."""

from itertools import pairwise
from typing import NamedTuple, Protocol

from harness.simulator.faults import Fault

BUNDLE_EVENTS = 4


class Write(NamedTuple):
    """Bytes for one send, and how many tokens are complete with it."""

    body: bytes
    tokens: int


class Framing(Protocol):
    """Takes events in order and gives writes in order; all writes joined are all events, oddities added."""

    def frame(self, event: bytes, tokens: int) -> list[Write]: ...

    def flush(self) -> list[Write]:
        """What is still held back when the last event has been given."""


class Plain:
    """One event, one write."""

    def frame(self, event: bytes, tokens: int) -> list[Write]:
        return [Write(event, tokens)]

    def flush(self) -> list[Write]:
        return []


class Crlf(Plain):
    """Lines that end as Windows ends them, which SSE allows."""

    def frame(self, event: bytes, tokens: int) -> list[Write]:
        return [Write(event.replace(b"\n", b"\r\n"), tokens)]


class Comments(Plain):
    """A comment before each event, as servers send to keep a connection open."""

    def __init__(self, comment: bytes) -> None:
        self._comment = comment

    def frame(self, event: bytes, tokens: int) -> list[Write]:
        return [Write(self._comment + event, tokens)]


class Bundle:
    """Several events a write, as a server that batches its output does."""

    def __init__(self) -> None:
        self._held: list[Write] = []

    def frame(self, event: bytes, tokens: int) -> list[Write]:
        self._held.append(Write(event, tokens))
        return self.flush() if len(self._held) == BUNDLE_EVENTS else []

    def flush(self) -> list[Write]:
        held, self._held = self._held, []
        if not held:
            return []
        return [Write(b"".join(write.body for write in held), sum(write.tokens for write in held))]


class Split(Plain):
    """Each event in pieces that end inside the field name, inside a character and inside the blank line."""

    def frame(self, event: bytes, tokens: int) -> list[Write]:
        cuts = [0, 3, *_inside_character(event), len(event) - 1, len(event)]
        parts = [event[begin:end] for begin, end in pairwise(cuts)]
        # An event exists for its reader once its blank line is there: its tokens belong to the last piece.
        return [*(Write(part, 0) for part in parts[:-1]), Write(parts[-1], tokens)]


def _inside_character(event: bytes) -> list[int]:
    return next(([index + 1] for index, byte in enumerate(event) if byte >= 0xC0), [])


_FRAMINGS: dict[Fault, type[Plain | Bundle]] = {
    Fault.CRLF: Crlf,
    Fault.BUNDLE: Bundle,
    Fault.SPLIT: Split,
}


def framing_for(fault: Fault | None, comment: bytes) -> Framing:
    """A new framing for one answer, in an API whose comments look like this one."""
    if fault is Fault.COMMENTS:
        return Comments(comment)
    return _FRAMINGS.get(fault, Plain)() if fault else Plain()
