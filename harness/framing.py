"""How a streamed body is cut into events, told by its content type."""

from typing import Protocol

from harness.chunks import ChunkDecoder
from harness.lines import LineDecoder
from harness.sse import Event, SseDecoder


class EventDecoder(Protocol):
    """Bytes in, events out, the same wherever the reads are cut."""

    flaw: str | None

    def feed(self, data: bytes) -> list[Event]: ...

    @property
    def pending(self) -> bool: ...

    def flush(self) -> list[Event]: ...


_LINES = (LineDecoder, "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
_EVENTS = (SseDecoder, "text/event-stream", "")
_DECODERS: dict[str, type[EventDecoder]] = {name: kind for kind, *names in (_LINES, _EVENTS) for name in names}


def decoder_for(content_type: str) -> EventDecoder | None:
    """A new decoder for a body of this media type; None where it is no stream. Without a type it is taken for SSE."""
    kind = _DECODERS.get(content_type)
    return kind() if kind is not None else None


FRAMINGS: dict[str, type[EventDecoder]] = {"sse": SseDecoder, "lines": LineDecoder, "chunks": ChunkDecoder}
"""By the name that a dialect may give, whatever the content type says."""
