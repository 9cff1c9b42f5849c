"""Text that comes with no framing at all: each read that holds a character is an event.

For APIs that stream bare text. Where their events begin and end nobody can know, so what they are depends on how the
network cut them.
"""

import codecs

from harness.sse import Event


class ChunkDecoder:
    """Bytes in, events out; half a character waits for its other half."""

    def __init__(self) -> None:
        self.flaw: str | None = None
        """Why what followed the last event cannot be read."""
        # Half a surrogate pair is no character, and yet what a model with byte tokens may say.
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogatepass")

    def feed(self, data: bytes) -> list[Event]:
        """The text that `data` completes, as one event."""
        return self._events(data, last=False)

    @property
    def pending(self) -> bool:
        """Whether part of a character has been fed."""
        return bool(self._decoder.getstate()[0])

    def flush(self) -> list[Event]:
        """Nothing; half a character that is left over is a flaw."""
        return self._events(b"", last=True)

    def _events(self, data: bytes, *, last: bool) -> list[Event]:
        try:
            text = self._decoder.decode(data, last)
        except UnicodeDecodeError as error:
            self.flaw = f"the text is not UTF-8 ({error.reason})"
            return []
        return [Event("message", text)] if text else []
