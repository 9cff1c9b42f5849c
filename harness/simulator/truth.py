"""The truth: what the simulator was asked and what it sent, request by request."""

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.simulator.faults import HARMLESS, Fault
from harness.simulator.logprobs import Told
from harness.simulator.planting import Quality
from harness.simulator.words import Piece, Tokens


@dataclass(slots=True, kw_only=True)
class Entry:
    """One request. Stamps are CLOCK_MONOTONIC nanoseconds; tokens are kept packed, one item each."""

    id: str
    connection: str
    """The client's address and port: one per connection."""
    received_ns: int
    """When the application was called, the head of the request having been read."""
    probe: bool = False
    """Asked to see whether anybody answers: in no log, without a fault, with nothing planted."""
    dialect: str | None = None
    """The API that was asked."""
    stream: bool | None = None
    model: str | None = None
    prompt_tokens: int | None = None
    images: list[str] = field(default_factory=list)
    """Digests of the images that the request held, in its order."""
    body: str | None = None
    """Digest of the request's body as it came: the word sha256, a colon, and hexadecimal."""
    fault: Fault | None = None
    status: int | None = None
    """None where no head was sent."""
    finish: str | None = None
    usage: Tokens | None = None
    """What the client was told."""
    in_hand: int | None = None
    """Requests that were being answered when this one's answer was decided on, itself included."""
    planted: Quality | None = None
    """What the answer was meant to be; None where nothing was planted."""
    logprobs: Told | None = None
    """What the client was told of the answer's tokens."""
    prompt_logprobs: Told | None = None
    """What the client was told of the prompt's tokens, all but the first."""
    headers_ns: int | None = None
    due_ns: "array[int]" = field(default_factory=lambda: array("q"))
    sent_ns: "array[int]" = field(default_factory=lambda: array("q"))
    chars: "array[int]" = field(default_factory=lambda: array("H"))
    kinds: str = ""
    last_send_ns: int | None = None
    ended_ns: int | None = None
    """When the request was done with; None while it is being answered."""
    disconnected: bool = False
    """The client went before its answer was complete."""

    def expect(self, pieces: list[Piece]) -> None:
        """These tokens will be sent, each noted in `due_ns` and `sent_ns` when it is."""
        self.chars = array("H", [piece.chars for piece in pieces])
        self.kinds = "".join(piece.kind for piece in pieces)

    @property
    def ok(self) -> bool:
        """Answered whole, to a client that stayed."""
        harmless = self.fault is None or self.fault in HARMLESS
        return self.status == 200 and harmless and self.ended_ns is not None and not self.disconnected

    def row(self) -> dict[str, Any]:
        """As a line of /truth/requests."""
        sent = self.sent_ns.tolist()
        return {
            "id": self.id,
            "connection": self.connection,
            "received_ns": self.received_ns,
            "dialect": self.dialect,
            "stream": self.stream,
            "model": self.model,
            "prompt_tokens": self.prompt_tokens,
            "images": self.images,
            "body": self.body,
            "fault": self.fault,
            "status": self.status,
            "finish": self.finish,
            "usage": None if self.usage is None else self.usage._asdict(),
            "in_hand": self.in_hand,
            "planted": self.planted,
            "logprobs": None if self.logprobs is None else self.logprobs._asdict(),
            "prompt_logprobs": None if self.prompt_logprobs is None else self.prompt_logprobs._asdict(),
            "headers_ns": self.headers_ns,
            "sent_ns": sent,
            "late_us": [(at_ns - due_ns) // 1000 for at_ns, due_ns in zip(sent, self.due_ns, strict=False)],
            "chars": self.chars[: len(sent)].tolist(),
            "kinds": self.kinds[: len(sent)],
            "last_send_ns": self.last_send_ns,
            "ended_ns": self.ended_ns,
            "disconnected": self.disconnected,
            "ok": self.ok,
        }


class Log:
    """All requests since the last reset."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """Keep a request from now on."""
        self._entries.append(entry)

    def clear(self) -> None:
        """Forget everything; what is under way is forgotten too."""
        self._entries = []

    def between(self, since_ns: int | None = None, until_ns: int | None = None) -> list[Entry]:
        """Requests received in [since_ns, until_ns)."""
        return list(self._select(since_ns, until_ns))

    def _select(self, since_ns: int | None, until_ns: int | None) -> Iterator[Entry]:
        for entry in self._entries:
            after = since_ns is None or entry.received_ns >= since_ns
            if after and (until_ns is None or entry.received_ns < until_ns):
                yield entry


def count_planted(entries: list[Entry]) -> dict[str, int]:
    """How many answers were meant to be what."""
    return dict(sorted(Counter(str(entry.planted) for entry in entries if entry.planted is not None).items()))


def count_faults(entries: list[Entry]) -> dict[str, int]:
    """How many requests got which fault."""
    return dict(sorted(Counter(str(entry.fault) for entry in entries if entry.fault is not None).items()))
