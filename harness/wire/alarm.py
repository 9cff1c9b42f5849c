"""The clocks of an exchange that runs through code of somebody else's: they ring in the midst of it, wherever it waits."""

import time
from types import TracebackType
from typing import Any, Self

import gevent

from harness.call import Broken, Timeouts
from harness.metrics import NS_PER_S
from harness.outcome import Break

_AGAIN_S = 1.0
"""Code that catches everything may have swallowed the alarm: then it is rung once more."""
_NEARLY_S = 0.0005


class Rang(BaseException):
    """Thrown into the greenlet. No Exception, as code that wraps those would make something else of it."""


class Alarm:
    """Watches the greenlet that enters it. `rung` says which clock ran out first, if any did."""

    def __init__(self, timeouts: Timeouts) -> None:
        self.rung: Broken | None = None
        self._timeouts = timeouts
        self._began_ns = self._heard_ns = time.monotonic_ns()
        self._answered = False
        self._greenlet = gevent.getcurrent()
        self._timer: Any = None

    def __enter__(self) -> Self:
        self._start(self._left_s())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def heard(self, at_ns: int) -> None:
        """Something of the answer came. Costs nothing after the first time: the timer looks at it when it rings."""
        self._heard_ns = at_ns
        if not self._answered:
            # The other clock runs from now on, and may be the shorter one.
            self._answered = True
            self._stop()
            self._start(self._left_s())

    def _ring(self) -> None:
        """Runs in the event loop, and so never while the greenlet does anything but wait."""
        self._stop()
        left_s = self._left_s()
        if self.rung is None and left_s > _NEARLY_S:
            self._start(left_s)
            return
        self.rung = self.rung or self._late()
        self._start(_AGAIN_S)
        self._greenlet.throw(Rang())

    def _left_s(self) -> float:
        return min(self._silence_left_s(), self._left_in_all_s())

    def _silence_left_s(self) -> float:
        limit_s = self._timeouts.idle_s if self._answered else self._timeouts.first_byte_s
        return limit_s - (time.monotonic_ns() - self._heard_ns) / NS_PER_S

    def _left_in_all_s(self) -> float:
        return self._timeouts.total_s - (time.monotonic_ns() - self._began_ns) / NS_PER_S

    def _late(self) -> Broken:
        timeouts = self._timeouts
        if self._left_in_all_s() <= _NEARLY_S:
            return Broken(
                Break.TIMEOUT_TOTAL, f"query_model() was not through within {timeouts.total_s:g} s (--timeout)."
            )
        if self._answered:
            why = f"query_model() yielded nothing more for {timeouts.idle_s:g} s (--idle-timeout)."
            return Broken(Break.TIMEOUT_IDLE, why)
        why = f"query_model() yielded nothing within {timeouts.first_byte_s:g} s (--first-byte-timeout)."
        return Broken(Break.TIMEOUT_FIRST_BYTE, why)

    def _start(self, after_s: float) -> None:
        self._timer = gevent.get_hub().loop.timer(max(after_s, 0))
        self._timer.start(self._ring)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer.close()
            self._timer = None
