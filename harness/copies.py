"""A file that is filled from another one of which it is a copy, byte for byte and position for position.

Every piece says where it belongs and is written there. To write a piece twice, from two places or in two processes,
changes nothing; the copy never has a hole, and after a crash goes on where it ends.
"""

import os
from pathlib import Path


class Copy:
    """One file. Raises OSError where the disk does, e.g. when it is full; what was written by then counts, and the file is
    opened anew when there is more.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        try:
            self.held = path.stat().st_size
            """Bytes that are there."""
        except FileNotFoundError:
            self.held = 0

    def add(self, begin: int, data: bytes) -> bool:
        """Write what is new in `data`, which begins at byte `begin`. False where that would leave a hole."""
        if begin > self.held:
            return False
        new = memoryview(data)[self.held - begin :]
        try:
            while new:
                written = os.pwrite(self._open(), new, self.held)
                self.held += written
                new = new[written:]
        except OSError:
            self.close()
            raise
        return True

    def close(self) -> None:
        """Let the file go. It is opened again when something is added."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self) -> int:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        return self._file
