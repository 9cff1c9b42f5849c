"""The lines of a file that grows."""

from pathlib import Path
from typing import NamedTuple

_MOST_BYTES = 1_000_000


class Line(NamedTuple):
    """A whole line without its end, and its number from 1."""

    number: int
    text: str


class Lines:
    """Reads on where it stopped. A line that is not whole yet waits."""

    def __init__(self, path: Path, after: int = 0) -> None:
        """`after`: so many lines are passed over."""
        self._path = path
        self._after = after
        self._number = 0
        self._offset = 0

    def more(self) -> list[Line]:
        """What has come since; nothing while there is no file."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                whole, end, _ = file.read(_MOST_BYTES).rpartition(b"\n")
        except FileNotFoundError:
            return []
        self._offset += len(whole) + len(end)
        lines = []
        for line in whole.split(b"\n") if end else ():
            self._number += 1
            if self._number > self._after:
                lines.append(Line(self._number, line.decode(errors="replace")))
        return lines
