"""Records to disk: append-only, one writer a file, at the latest a second after they were made."""

from pathlib import Path

import msgspec

from harness.record import Health, Record, to_line
from harness.run import Point, health_path, records_path

_BUFFER_BYTES = 1 << 20


class Recorder:
    """The files of one point and one worker. Raises OSError where the disk does, e.g. when it is full."""

    def __init__(self, folder: Path, point: Point, worker: str) -> None:
        (folder / point.folder).mkdir(parents=True, exist_ok=True)
        self._records = records_path(folder, point, worker).open("ab", buffering=_BUFFER_BYTES)
        self._health = health_path(folder, point, worker).open("ab", buffering=_BUFFER_BYTES)
        self.written = 0

    def write(self, record: Record) -> None:
        """Append; on disk after the next flush."""
        self._records.write(to_line(record))
        self.written += 1

    def write_health(self, health: Health) -> None:
        """Append one second's health, and flush both files."""
        self._health.write(msgspec.json.encode(health) + b"\n")
        self.flush()

    def flush(self) -> None:
        """Hand everything to the operating system."""
        self._records.flush()
        self._health.flush()

    def close(self) -> None:
        """Flush and close."""
        try:
            self._records.close()
        finally:
            self._health.close()
