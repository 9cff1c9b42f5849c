"""Answers that are taken whole, by whoever reads more of them than their text. Pure."""

import msgspec

from harness.dialects.piece import Fault, Piece, Text
from harness.dialects.reading import words_of
from harness.sse import Event


def whole(event: Event) -> list[Piece]:
    """The body as text; an error inside a 200 as what it is."""
    try:
        told = msgspec.json.decode(event.data)
    except (msgspec.DecodeError, RecursionError):
        told = None
    is_error = isinstance(told, dict) and bool(told.get("error"))
    return [Fault(words_of(event.data)) if is_error else Text(event.data)]
