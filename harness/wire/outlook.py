"""When the event loop last looked at its sockets: what a read cannot have missed, and what it may have.

Segments that wait in a socket together are read together and share the stamp of the last. Whether they could have been
read apart depends on the loop alone: it looks when it polls, and polls when its work is done.
"""

import time
from weakref import WeakKeyDictionary

import gevent
from gevent.hub import Hub

from harness.wire import stamps
from harness.wire.offset import Offset

_WAITED_NS = 50_000
"""A poll that took longer than this was waiting: no socket had anything when it began."""
_FIRST, _LAST = 2, -2  # libev's EV_MAXPRI and EV_MINPRI
_ALL_SHOWN_BELOW = 64
"""libev asks the kernel for 64 sockets at first. A poll that gave as many may have left others waiting unseen."""
_PROMPT_NS = 500_000
"""Data that came no more than this before or after the end of a poll that waited is what ended it."""


class Outlook:
    """Stamps the beginning and the end of each poll of one hub. CLOCK_MONOTONIC nanoseconds."""

    def __init__(self, hub: Hub) -> None:
        self.offset = Offset()
        stamps.keep()
        self.reads = 0
        """Since the last poll; counted by whoever reads."""
        now_ns = time.monotonic_ns()
        self._polled_ns = self._previous_ns = self._began_ns = now_ns
        # Lowest priority, or the greenlets that gevent runs before a poll would count as a part of it. And highest, or
        # the readers of the same poll would be called before its end is known.
        self._before = hub.loop.prepare(ref=False, priority=_LAST)
        self._after = hub.loop.check(ref=False, priority=_FIRST)
        self._before.start(self._begin)
        self._after.start(self._end)

    def _begin(self) -> None:
        self._began_ns = time.monotonic_ns()

    def _end(self) -> None:
        if self.reads < _ALL_SHOWN_BELOW:
            self._previous_ns = self._polled_ns
        self.reads = 0
        self._polled_ns = time.monotonic_ns()
        self.offset.refresh(self._polled_ns)

    def unseen_ns(self, at_ns: int) -> int:
        """How long before `at_ns` data may have lain in a socket that was read just now; 0 if the loop was prompt.

        When it was read does not matter: what waited only for other sockets to be read first came in after the poll.
        """
        began_ns = self._began_ns
        if self._polled_ns - began_ns < _WAITED_NS:
            # Something was there when the poll began: it came in after the poll before, while the loop was at work.
            return max(at_ns - self._previous_ns, 0)
        if abs(at_ns - self._polled_ns) > _PROMPT_NS:
            # The poll waited, but the process was woken late; or it had others to read first, and what came in after
            # the poll cannot be what ended it.
            return max(at_ns - began_ns, 0)
        return 0


_OUTLOOKS: WeakKeyDictionary[Hub, Outlook] = WeakKeyDictionary()


def outlook() -> Outlook:
    """That of this thread's hub."""
    hub = gevent.get_hub()
    found = _OUTLOOKS.get(hub)
    if found is None:
        found = _OUTLOOKS[hub] = Outlook(hub)
    return found
