"""The regular expressions of a set are looked for, and no longer than a bound: on some a short text keeps `re` busy for years.

`re` looks for signals while it searches, so an alarm ends it. Alarms are for the main thread, and so is this.
"""

import re
import signal
from types import FrameType

BOUND_S = 1.0


class Endless(Exception):
    """The search had come to no end within the bound."""


class NoPattern(ValueError):
    """It is no regular expression; the message says why."""


def search(pattern: str, text: str) -> re.Match[str] | None:
    """As `re` has it. Raises Endless, NoPattern."""
    try:
        wanted = re.compile(pattern)
    except (re.error, OverflowError) as error:
        raise NoPattern(str(error)) from error
    except RecursionError as error:
        raise NoPattern("it is nested too deeply") from error
    before = signal.signal(signal.SIGALRM, _ring)
    signal.setitimer(signal.ITIMER_REAL, BOUND_S)
    try:
        return wanted.search(text)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _ring(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as for any signal
    raise Endless
