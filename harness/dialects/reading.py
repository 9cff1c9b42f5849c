"""JSON as servers really send it: typed, mended where it can be, and the words of their errors."""

import json
from typing import Generic, TypeVar

import msgspec

from harness.outcome import Unreadable

T = TypeVar("T")

_WORDLESS = "an error without a message"


class Reader(Generic[T]):
    """Reads one type of event. `what` names it in complaints."""

    def __init__(self, kind: type[T], what: str) -> None:
        self._kind = kind
        self._what = what
        self._decode = msgspec.json.Decoder(kind).decode

    def read(self, data: str) -> T:
        """Raises Unreadable for what is no such event."""
        try:
            return self._decode(data)
        except (ValueError, RecursionError) as error:
            return self._mended(data, error)

    def _mended(self, data: str, error: ValueError | RecursionError) -> T:
        try:
            if isinstance(error, msgspec.ValidationError):
                raise error
            # A server that streams half an emoji escapes a lone surrogate, which msgspec refuses and JSON allows.
            return msgspec.convert(json.loads(data), self._kind)
        except (ValueError, RecursionError) as last:
            raise Unreadable(f"an event is not {self._what}: {last}") from last


def words_of(answer: str) -> str:
    """The words of an error, whatever shape a server gives it: its JSON message where it has one, else all of it."""
    try:
        told = msgspec.json.decode(answer)
    except (msgspec.DecodeError, RecursionError):
        told = None
    if not isinstance(told, dict):
        return " ".join(answer.split()) or _WORDLESS
    error = told.get("error") or told.get("detail") or told
    if isinstance(error, dict):
        error = error.get("message") or error.get("type") or error.get("code") or _WORDLESS
    return " ".join(str(error).split())


def compact(value: object) -> str:
    """A value that an API gives as JSON, not as text, the way a model would have written it."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"))
