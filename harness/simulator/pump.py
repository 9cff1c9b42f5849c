"""One callback of the event loop that sends what is due, for all answers together."""

import asyncio
import time

from harness.simulator.pacing import Arrived, Pacing, Taker

_AT_ONCE = 32
"""Tokens sent before the loop may read from sockets again."""


class Pump:
    """Follows a pacing in real time, without a task or a timer per answer."""

    def __init__(self, pacing: Pacing) -> None:
        self._pacing = pacing
        self._handle: asyncio.Handle | None = None
        self._due_ns: int | None = None

    def join(self, taker: Taker, arrived: Arrived) -> None:
        """Have an answer sent from now on."""
        self._pacing.join(taker, arrived)
        self._arm()

    def _run(self) -> None:
        self._handle = self._due_ns = None
        try:
            for _ in range(_AT_ONCE):
                turn = self._pacing.pop(time.monotonic_ns())
                if turn is None:
                    break
                turn.taker.emit(turn.due_ns)
        finally:
            # An error in one answer must not stop the others.
            self._arm()

    def _arm(self) -> None:
        due_ns = self._pacing.next_due_ns()
        if due_ns is None or (self._due_ns is not None and self._due_ns <= due_ns):
            return
        if self._handle is not None:
            self._handle.cancel()
        loop = asyncio.get_running_loop()
        wait_ns = due_ns - time.monotonic_ns()
        # libuv's timers count milliseconds; rounding down would have the loop spin through the last one.
        self._handle = (
            loop.call_later(-(-wait_ns // 1_000_000) / 1000, self._run) if wait_ns > 0 else loop.call_soon(self._run)
        )
        self._due_ns = due_ns
