"""A worker's spool: a run folder of one worker's part, on the worker's own disk, written before anything is shipped.

It has a manifest and points like any run folder, so that a worker writes as a run of one process does, and what is left of
a dead worker can be brought into the master's folder file by file.
"""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from harness.block import BLOCK_BYTES, LARGEST_BYTES, Kind, whole_lines
from harness.run import Point, RunError, health_path, records_path

SPOOLS = ".spools"
"""Beside the run folders, in `output`."""
KINDS: tuple[Kind, ...] = ("records", "health")


def file_of(folder: Path, point: Point, worker: str, kind: Kind) -> Path:
    """A worker's file of a point, in a run folder or a spool."""
    return records_path(folder, point, worker) if kind == "records" else health_path(folder, point, worker)


def spools_beside(run_folder: Path) -> Path:
    """Where the workers that share the master's directory spool."""
    return run_folder.resolve().parent / SPOOLS


class Spool:
    """A folder that is this process's alone, made anew in `work_dir`. Raises RunError where that cannot be."""

    def __init__(self, work_dir: Path, run_id: str, worker: str) -> None:
        self.worker = worker
        parent = work_dir / "output" / SPOOLS
        try:
            parent.mkdir(parents=True, exist_ok=True)
            self.folder = Path(tempfile.mkdtemp(dir=parent, prefix=f"{run_id}-{worker}-")).resolve()
            (self.folder / "points").mkdir()
        except OSError as error:
            raise RunError(
                f"Records cannot be spooled in {parent}: {error.strerror}. Choose another directory with --work-dir."
            ) from error

    def path(self, point: Point, kind: Kind) -> Path:
        """One of its files."""
        return file_of(self.folder, point, self.worker, kind)

    def remove(self) -> None:
        """All of it is where it belongs, and is needed here no more. Raises OSError."""
        shutil.rmtree(self.folder)
        with suppress(OSError):
            self.folder.parent.rmdir()  # the last one puts out the light; the others' spools keep it from it


def read_lines(path: Path, begin: int, end: int, *, torn: bool = False) -> bytes:
    """Whole lines from byte `begin` up to `end`, about BLOCK_BYTES of them; empty where there is not one yet.

    `torn` takes a last line without its end as well: nobody writes any more. A line that no receiver would take in one
    block comes in parts.
    """
    with path.open("rb") as file:
        length = BLOCK_BYTES
        while True:
            data = os.pread(file.fileno(), min(length, end - begin), begin)
            is_last = len(data) < length
            size = len(data) if torn and is_last else whole_lines(data)
            if size or is_last:
                return data[:size]
            if length >= LARGEST_BYTES:
                return data
            length = min(2 * length, LARGEST_BYTES)  # a line longer than a block
