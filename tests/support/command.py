"""The command as a user types it, in a process of its own, and what it left."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.record import Record, from_line
from harness.run import Manifest, Point, read_manifest

BIN = Path(sys.executable).parent
NO_PLOTS = {"LLOCUST_PLOTS": "false"}


@dataclass(frozen=True, slots=True)
class Run:
    """A run folder, read by nothing but its format."""

    folder: Path

    @property
    def manifest(self) -> Manifest:
        return read_manifest(self.folder)

    @property
    def report(self) -> dict:
        return msgspec.json.decode((self.folder / "report.json").read_bytes())

    def records(self, point: Point | None = None) -> list[Record]:
        """Those of a point, or all."""
        folder = self.folder / (point.folder if point is not None else "points")
        files = sorted(folder.rglob("records-*.jsonl"))
        return [from_line(line) for file in files for line in file.read_bytes().splitlines()]


def environment(**changes: str) -> dict[str, str]:
    """The environment without what would configure a run, and with these changes.

    Pictures are half the work of a report and have tests of their own: a test that wants them says `LLOCUST_PLOTS="true"`.
    """
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("LLOCUST_", "LOCUST_", "OPENAI_"))
    }
    return kept | NO_PLOTS | changes


def llocust(*words: str, cwd: Path, timeout_s: float = 90, **variables: str) -> subprocess.CompletedProcess[str]:
    """Type `llocust words...` in `cwd` and wait."""
    command = [str(BIN / "llocust"), *words]
    env = environment(**variables)
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=timeout_s, check=False)


@contextmanager
def started(*command: str, cwd: Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """A command that is still running; ended by its pid if the block leaves it so."""
    words = [str(BIN / command[0]), *command[1:]]
    env = environment(**variables)
    process = subprocess.Popen(words, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def latest(work_dir: Path) -> Run:
    """The run that output/latest points at."""
    return Run((work_dir / "output" / "latest").resolve())
