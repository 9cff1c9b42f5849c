"""Server-sent events from bytes in any pieces, parsed by sseclient-py.

The parser is fed whole events only. What is done here is what it leaves to its caller, after the WHATWG event stream
grammar: a byte order mark, line ends of every kind also where they are mixed, and events split over reads.
"""

from collections.abc import Iterator
from typing import NamedTuple

from sseclient import SSEClient

from harness.outcome import Unreadable

_BOM = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """One event: its name (`message` where it had none) and its data."""

    name: str
    data: str


class _Source:
    """What the parser reads from, time and again: whole events only. A parser of its own for each would cost more."""

    def __init__(self) -> None:
        self.whole: bytes | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        whole, self.whole = self.whole, None
        if whole is None:
            raise StopIteration
        return whole


class SseDecoder:
    """Bytes in, events out; an event is complete at its blank line, wherever the reads are cut."""

    def __init__(self) -> None:
        self._source = _Source()
        self._parser = SSEClient(self._source)
        self._rest = b""
        self._mark = b""
        self._begun = False
        self._after_cr = False

    def feed(self, data: bytes) -> Iterator[Event]:
        """The events that `data` completes. Raises Unreadable after the last readable one."""
        if not self._begun or self._after_cr or b"\r" in data:
            data = self._line_feeds(self._without_mark(data))
        rest = self._rest + data
        end = rest.rfind(b"\n\n") + 2
        if end < 2:
            self._rest = rest
            return
        self._rest = rest[end:]
        self._source.whole = rest[:end]
        try:
            for event in self._parser.events():
                yield Event(event.event, event.data)
        except UnicodeDecodeError as error:
            raise Unreadable(f"an event is not UTF-8 ({error.reason})") from error

    @property
    def pending(self) -> bool:
        """Whether part of an event has been fed that is not complete."""
        return bool(self._rest)

    def flush(self) -> Iterator[Event]:
        """The event that stood unterminated when the body properly ended.

        The grammar would drop it, yet servers forget the last blank line, most often after `[DONE]`.
        """
        yield from self.feed(b"\n\n")

    def _without_mark(self, data: bytes) -> bytes:
        if self._begun:
            return data
        start = self._mark + data
        if len(start) < len(_BOM) and _BOM.startswith(start):
            self._mark = start
            return b""
        self._begun = True
        return start.removeprefix(_BOM)

    def _line_feeds(self, data: bytes) -> bytes:
        # A CR at the end of a read ends its line now, or an event would wait for the next read; should a LF follow
        # as the other half of the pair, it is dropped.
        if self._after_cr and data:
            data = data.removeprefix(b"\n")
            self._after_cr = False
        if b"\r" not in data:
            return data
        self._after_cr = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
