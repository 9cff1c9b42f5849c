"""How far the wall clock, on which the kernel stamps, is from the monotonic clock, on which we measure."""

import time

_AGAIN_AFTER_NS = 10_000_000
"""A wall clock that is being slewed, by 500 parts in a million at most, moves 5 µs in this."""
_TIGHT_NS = 10_000
"""Two readings further apart than this had something between them."""
_TRIES = 20


class Offset:
    """CLOCK_REALTIME minus CLOCK_MONOTONIC, nanoseconds, kept fresh by whoever calls `refresh`.

    The two clocks cannot be read at once. If the process is interrupted between them, the difference is wrong by as
    much, and every stamp placed by it: so the monotonic clock is read before and after, and a wide pair is not used.
    """

    def __init__(self) -> None:
        self.ns = 0
        self._next_ns = 0
        for _ in range(_TRIES):
            if self._measure() <= _TIGHT_NS:
                break

    def refresh(self, now_ns: int) -> None:
        """Measure again if the last good measurement is old; keep the old one if this one is not good."""
        if now_ns >= self._next_ns:
            self._measure()

    def _measure(self) -> int:
        before_ns = time.monotonic_ns()
        wall_ns = time.time_ns()
        width_ns = time.monotonic_ns() - before_ns
        if width_ns <= _TIGHT_NS or self.ns == 0:
            self.ns = wall_ns - before_ns - width_ns // 2
            self._next_ns = before_ns + _AGAIN_AFTER_NS
        return width_ns
