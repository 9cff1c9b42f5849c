"""What goes over the wire and what comes back, in no API's terms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import msgspec

from harness.outcome import Break


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `idle_s` lies between two reads; `total_s` bounds the whole exchange, connecting included."""

    connect_s: float = 10.0
    first_byte_s: float = 120.0
    idle_s: float = 60.0
    total_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request, ready to be sent."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    """Among them the API key, so they are kept out of every repr."""
    body: bytes
    timeouts: Timeouts = field(default_factory=Timeouts)
    flaw: str | None = None
    """Why it cannot be sent, in a sentence: what should have made it is the user's own, and failed."""


class Head(NamedTuple):
    """The head of a response; `at_ns` is when it was read. Both are None where somebody else's client read it."""

    at_ns: int | None
    status: int | None
    content_type: str
    """The media type, lower case, without parameters; empty if there was none."""
    location: str | None


class Arrival(msgspec.Struct, gc=False):
    """Bytes of a response body, framing and content encoding removed, and when the last of them came in."""

    at_ns: int
    data: bytes
    age_ns: int | None = None
    """How long they had lain in the socket when they were read; None where the reader's own clock made the stamp."""
    unseen_ns: int = 0
    """How much earlier than `at_ns` all but the last of them may have come, while the reader was not looking."""


class Listener(Protocol):
    """Who is told, as it happens, what the wire sees. All stamps are CLOCK_MONOTONIC nanoseconds.

    The order is: (connected, sent) once or, after a stale connection, again and the two once more; opened; arrived any number of times;
    then `Wire.send` returns (the end of the body was proven by its framing) or raises `Broken`.
    """

    def connected(self, connect_us: int | None) -> None:
        """A connection is there: a new one with what it took, or None for a reused one."""

    def again(self) -> None:
        """The idle connection had been given up by the server; the call is tried once more, on a new one."""

    def sent(self, at_ns: int, request_bytes: int | None) -> None:
        """Called just before the first byte leaves; `request_bytes` counts head and body, None where they are not seen."""

    def opened(self, head: Head) -> None: ...

    def arrived(self, arrival: Arrival) -> None: ...

    def ended(self, at_ns: int) -> None:
        """The body's end was proven, at this stamp."""


class Broken(Exception):
    """A transfer that did not end properly, however the client library says so."""

    def __init__(self, how: Break, why: str) -> None:
        super().__init__(why)
        self.how = how
        self.why = why
