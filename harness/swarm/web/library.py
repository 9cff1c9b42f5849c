"""The drawing library of the page: Vega, Vega-Lite and Vega-Embed in one script, as vl-convert-python carries it.

Taking it out of there keeps a core busy for a second, so it is done by a process of its own.
"""

import subprocess
import sys

from gevent.lock import BoundedSemaphore

VEGALITE = "6.4"

_TAKE_OUT = "import sys, vl_convert; sys.stdout.write(vl_convert.javascript_bundle(vl_version=sys.argv[1]))"


class Library:
    """The script, taken out when it is first wanted."""

    def __init__(self) -> None:
        self._script: bytes | None = None
        self._taking_out = BoundedSemaphore()

    def script(self) -> bytes:
        """Raises CalledProcessError where the library is not installed as it should be."""
        with self._taking_out:
            if self._script is None:
                command = [sys.executable, "-P", "-c", _TAKE_OUT, VEGALITE]
                self._script = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout  # noqa: S603 - our own
            return self._script
