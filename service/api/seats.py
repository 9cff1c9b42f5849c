"""How many may listen at once: each holds a connection and looks at a file four times a second."""

import threading


class Seats:
    """A bound that is known to all who come."""

    def __init__(self, count: int) -> None:
        self._free = threading.BoundedSemaphore(count)

    def take(self) -> bool:
        """Whether there was one; then `leave` gives it back."""
        return self._free.acquire(blocking=False)

    def leave(self) -> None:
        """Give one back."""
        self._free.release()
