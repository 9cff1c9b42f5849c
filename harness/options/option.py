"""One option, as it is typed, read and documented."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Option(NamedTuple):
    """One option: its key in `Options`, its flags, how its text is read, and what it says about itself."""

    key: str
    flags: tuple[str, ...]
    read: Callable[[str], Any]
    default: str
    """As documentation shows it."""
    help: str
    metavar: str | None = None
    many: bool = False
    whole: bool = False
    """Of many: each value is what was given at once, blanks and commas included, and the flag is repeated."""
    switch: bool = False
    locusts: bool = False
    """Locust has an option of this name and meaning, so plain `locust` does not get ours."""
