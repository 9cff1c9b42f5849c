"""Server-sent events from bytes in any pieces, after the grammar of the WHATWG event stream.

https://html.spec.whatwg.org/multipage/server-sent-events.html. It is read for every token while others wait, so an event
of one data line, which nearly all are, takes a shorter way through. docs/decisions/0006 says why this is our own.
"""

from collections.abc import Iterable

import msgspec

_BOM = b"\xef\xbb\xbf"


class Event(msgspec.Struct, frozen=True, gc=False):
    """One event: its name (`message` where it had none) and its data."""

    name: str
    data: str


class SseDecoder:
    """Bytes in, events out; an event is complete at its blank line, wherever the reads are cut."""

    def __init__(self) -> None:
        self.flaw: str | None = None
        """Why what followed the last event cannot be read. Kept instead of raised, so that what came before it counts."""
        self._rest = b""
        self._mark = b""
        self._begun = False
        self._after_cr = False
        self._even = False
        """Nothing is left of what was fed before: what comes next begins an event."""

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes, up to a flaw."""
        if self._even and data.find(b"\n") == len(data) - 2 and data.endswith(b"\n\n") and b"\r" not in data:
            return self._read((data[:-2],))  # one line and its end: nearly every read there is
        if not self._begun or self._after_cr or b"\r" in data:
            data = self._line_feeds(self._without_mark(data))
        blocks = (self._rest + data).split(b"\n\n")
        self._rest = blocks.pop()
        self._even = self._begun and not (self._rest or self._after_cr)
        return self._read(blocks)

    @property
    def pending(self) -> bool:
        """Whether part of an event has been fed that is not complete."""
        return bool(self._rest)

    def flush(self) -> list[Event]:
        """The event that stood unterminated when the body properly ended.

        The grammar would drop it, yet servers forget the last blank line, most often after `[DONE]`.
        """
        return self.feed(b"\n\n")

    def _read(self, blocks: Iterable[bytes]) -> list[Event]:
        events: list[Event] = []
        try:
            for block in blocks:
                if block.startswith(b"data: ") and b"\n" not in block:
                    events.append(Event("message", block[6:].decode()))
                elif (event := _event(block)) is not None:
                    events.append(event)
        except UnicodeDecodeError as error:
            self.flaw = f"an event is not UTF-8 ({error.reason})"
        return events

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


def _event(block: bytes) -> Event | None:
    """What the lines of one block say; None without a line of data, as a comment or a retry time is no event."""
    name, data = "message", []
    # Not splitlines: U+2028 and its like are no line ends here.
    for line in block.decode().split("\n"):
        field, _, value = line.partition(":")
        if field == "data":
            data.append(value.removeprefix(" "))
        elif field == "event":
            name = value.removeprefix(" ") or "message"
    return Event(name, "\n".join(data)) if data else None
