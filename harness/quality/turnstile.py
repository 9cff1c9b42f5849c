"""Lets threads through one at a time, at most so many a second."""

import threading
import time
from collections.abc import Callable


class Turnstile:
    """No bursts: two are at least 1 / rate seconds apart, however long nobody came before."""

    def __init__(
        self,
        rate: float | None,
        now_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`rate` is per second; None lets everybody through at once."""
        self._gap_s = 0.0 if rate is None else 1 / rate
        self._now_s = now_s
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next_s = float("-inf")

    def wait(self) -> None:
        """Go on when the turn of the caller comes."""
        if not self._gap_s:
            return
        with self._lock:
            now_s = self._now_s()
            turn_s = max(now_s, self._next_s)
            self._next_s = turn_s + self._gap_s
        if turn_s > now_s:
            self._sleep(turn_s - now_s)
