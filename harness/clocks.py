"""How far two hosts' wall clocks are apart, from messages that went there and back.

Each sample has four stamps, as in NTP (RFC 5905, section 8). The answer lay between two stamps of the asking host, so the
sample with the shortest way is the best, and half of that way bounds its error however lopsided the way was.
"""

from collections.abc import Iterable
from typing import NamedTuple


class Sample(NamedTuple):
    """One message there and back; wall clocks in nanoseconds."""

    asked_ns: int
    """On the asking host, when the question left."""
    heard_ns: int
    """On the other host, when it came."""
    answered_ns: int
    """On the other host, when the answer left."""
    back_ns: int
    """On the asking host, when it came."""

    @property
    def way_ns(self) -> int:
        """What both ways took together."""
        return (self.back_ns - self.asked_ns) - (self.answered_ns - self.heard_ns)


class Offset(NamedTuple):
    """The other host's wall clock minus ours; the truth is at most `within_ns` away."""

    offset_ns: int
    within_ns: int


def estimate(samples: Iterable[Sample]) -> Offset | None:
    """None without a usable sample; one whose way took less than nothing saw a clock being set."""
    usable = [sample for sample in samples if sample.way_ns >= 0]
    if not usable:
        return None
    best = min(usable, key=lambda sample: sample.way_ns)
    offset_ns = (best.heard_ns - best.asked_ns + best.answered_ns - best.back_ns) // 2
    return Offset(offset_ns, -(-best.way_ns // 2))
