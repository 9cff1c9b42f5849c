"""What passes between the one who conducts and those who make the load: orders one way, counts the other.

All of it is plain enough to travel over Locust's connection, and small: orders come a few times a point, counts a few times
a second, and nothing waits on a message per request.
"""

from typing import Any, Literal

import msgspec

from harness.run import Anchor, Phases
from harness.swarm.tally import Totals


class Begin(msgspec.Struct, frozen=True, kw_only=True, tag="begin"):
    """A point begins: its users with an index i of which i % of == place are yours."""

    number: int
    """Of the order, in the run."""
    point: int
    users: int
    target: str = "default"
    place: int
    of: int
    requests: int | None = None
    """Your share of the requests; None in a point that is bounded by time."""
    users_stay: bool = False
    """The users of the point before go on into this one, under their indexes."""


class Mark(msgspec.Struct, frozen=True, kw_only=True, tag="mark"):
    """A phase of the point begins now; with `halt` a bounded point sends no more, with `end` its files are closed.

    `enclose` says afterwards that the window was from `begin_ns` to `end_ns`, both after the point began.
    """

    number: int
    point: int
    what: Literal["settle", "open", "close", "halt", "enclose", "end"]
    begin_ns: int = 0
    end_ns: int = 0


Order = Begin | Mark


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How it goes with one member of the crew, at its point."""

    heard: int
    """The number of the last order that was followed."""
    arrived: int
    answered: int
    """Users that have had an answer."""
    ended: int
    tickets: int | None
    """Requests it may send in all, in a bounded point."""
    tickets_left: int
    in_flight: int
    awaited: int
    """Of the requests in flight, those that belong to the window that was closed."""
    quiet_ns: int | None
    """Since it sent its last request; None before the first one."""
    first_send_ns: int | None
    """After the point began, as `last_end_ns` is."""
    last_end_ns: int | None
    trouble: str | None
    phases: Phases
    totals: Totals


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """What one member made of a point, in the end."""

    point: int
    phases: Phases
    requests: int
    """Locust's request events, and how many of them were failures."""
    failures: int
    sizes: dict[str, int] = {}
    """Bytes of the files that the master must come to hold; empty where they are written to the run folder itself."""
    end: Anchor
    trouble: str | None = None


def to_message(noun: Order | Count | Closed) -> dict[str, Any]:
    """As plain values."""
    plain: dict[str, Any] = msgspec.to_builtins(noun)
    return plain


def order_of(message: Any) -> Order:
    """Raises msgspec.ValidationError."""
    return msgspec.convert(message, Order)  # type: ignore[no-any-return]


def count_of(message: Any) -> Count:
    """Raises msgspec.ValidationError."""
    return msgspec.convert(message, Count)


def closed_of(message: Any) -> Closed:
    """Raises msgspec.ValidationError."""
    return msgspec.convert(message, Closed)
