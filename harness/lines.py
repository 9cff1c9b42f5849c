"""Newline-delimited JSON from bytes in any pieces: one event a line, as Ollama and some gateways stream it.

https://github.com/ndjson/ndjson-spec. A line ends at LF, a CR before it is dropped, and blank lines, which keep a
connection open, are no events.
"""

from harness.sse import Event

_BOM = b"\xef\xbb\xbf"


class LineDecoder:
    """Bytes in, events out; an event is complete at its line feed, wherever the reads are cut."""

    def __init__(self) -> None:
        self.flaw: str | None = None
        """Why what followed the last event cannot be read. Kept instead of raised, so that what came before it counts."""
        self._rest = b""

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes, up to a flaw."""
        # Of bytes, not of str: there splitlines would also cut at U+2028, which may stand in JSON as it is.
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        events: list[Event] = []
        try:
            for line in lines:
                text = line.removeprefix(_BOM).decode().strip(" \t\r")
                if text:
                    events.append(Event("message", text))
        except UnicodeDecodeError as error:
            self.flaw = f"a line is not UTF-8 ({error.reason})"
        return events

    @property
    def pending(self) -> bool:
        """Whether part of a line has been fed that is not complete."""
        return bool(self._rest)

    def flush(self) -> list[Event]:
        """The line that stood unterminated when the body properly ended."""
        return self.feed(b"\n")
