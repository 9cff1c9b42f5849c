"""What the load process tells its parent: one JSON object a line on standard output, behind a record separator.

Format: RFC 7464 (JSON text sequences), so that the lines stand apart from whatever else a process prints.
"""

import sys
from typing import Any

import msgspec

SEPARATOR = "\x1e"


class Announcer:
    """Tells a parent, if there is one. `lost` turns true when nobody listens any more."""

    def __init__(self, listening: bool) -> None:
        self._listening = listening
        self.lost = False

    def tell(self, event: str, **facts: Any) -> None:
        """One line. A parent that is gone is noted, not raised: the records matter more."""
        if not self._listening or self.lost:
            return
        try:
            sys.stdout.write(SEPARATOR + msgspec.json.encode({"event": event, **facts}).decode() + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            self.lost = True
