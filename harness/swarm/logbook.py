"""The manifest of a run in the making: who works, what state it is in, and its rewriting."""

import os
import platform
import time
from pathlib import Path

import gevent

from harness.run import Anchor, Manifest, Process, write_manifest


class Logbook:
    """One run folder's manifest, in the hands of the one process that writes it."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest
        self.left = False
        self.trouble: str | None = None
        """Why it cannot be written, in a sentence."""

    def save(self) -> None:
        """Rewrite the manifest, in a thread: the disk may be slow, and the loop must not be."""
        trouble: str | None = gevent.get_hub().threadpool.apply(self._write)
        self.trouble = self.trouble or trouble

    def _write(self) -> str | None:
        # What is raised in the pool gevent prints, with a traceback.
        try:
            write_manifest(self.folder, self.manifest)
        except OSError as error:
            return f"The manifest cannot be written: {error.strerror}."
        return None

    def leave(self, *, whole: bool = True) -> None:
        """The run is over."""
        self.left = True
        self.manifest.state = "done" if whole and self.trouble is None else "interrupted"
        self.manifest.ended = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.save()


def label(rank: int, earlier: int) -> str:
    """The name of a load process in a run. One that resumes a run has clocks of its own, and so a name of its own."""
    return f"w{rank}" if earlier == 0 else f"w{rank}r{earlier}"


def anchor() -> Anchor:
    """Now, on both clocks."""
    return Anchor(time.time_ns(), time.monotonic_ns())


def this_process(worker: str, spool: Path | None = None) -> Process:
    """The process that asks."""
    return Process(
        worker=worker,
        host=platform.node(),
        pid=os.getpid(),
        start=anchor(),
        spool=str(spool) if spool is not None else None,
    )
