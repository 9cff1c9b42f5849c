"""Lets greenlets work one at a time, with a look at the sockets between any two of them.

When a hundred answers end together, a hundred greenlets want to write their records and send their next requests. The
event loop would run them all before it polls again, and whatever came in meanwhile would be read late.
"""

from collections import deque
from typing import Any
from weakref import WeakKeyDictionary

import gevent
from gevent.hub import Hub, Waiter


class Gate:
    """One greenlet for each turn of the event loop, in the order in which they came."""

    def __init__(self, hub: Hub) -> None:
        self._queue: deque[Waiter[None]] = deque()
        self._timer = hub.loop.timer(0)

    def wake(self, waiter: "Waiter[None]") -> None:
        """Have a waiting greenlet go on when its turn comes; may be called from the event loop."""
        self._queue.append(waiter)
        if len(self._queue) == 1:
            self._timer.start(self._open)

    def wait(self) -> None:
        """Go on when the turn of the calling greenlet comes."""
        waiter: Waiter[None] = Waiter()
        self.wake(waiter)
        waiter.get()

    def _open(self) -> None:
        waiter = self._queue.popleft()
        if self._queue:
            # Before the greenlet runs: a timer of zero rings in the next turn, after the sockets have been polled.
            self._timer.start(self._open)
        waiter.switch(None)


_GATES: WeakKeyDictionary[Hub, Any] = WeakKeyDictionary()


def gate() -> Gate:
    """That of this thread's hub."""
    hub = gevent.get_hub()
    found: Gate | None = _GATES.get(hub)
    if found is None:
        found = _GATES[hub] = Gate(hub)
    return found
