"""A sweep over hosts of their own: a master, two workers, a server, and what each of them leaves on its disk."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from support.command import BIN, Run, latest
from support.networks import Network
from support.workers import manifest_of

from harness.record import Record, from_line

WORKERS = ("alpha", "beta")
MASTER_PORT = 5557


class Ended:
    """What a command said and how it ended; waits for it."""

    def __init__(self, process: "Popen[str]", timeout_s: float = 60) -> None:
        self.said, _ = process.communicate(timeout=timeout_s)
        self.code = process.returncode


@dataclass(frozen=True, slots=True)
class Sweep:
    """One that is on."""

    net: Network
    master: "Popen[str]"
    workers: dict[str, "Popen[str]"]
    """By their hosts."""

    @property
    def work_dir(self) -> Path:
        """The master's."""
        return self.net.disk("master")

    @property
    def run(self) -> Run:
        """The run folder on the master's disk."""
        return latest(self.work_dir)

    def label(self, host: str) -> str:
        """What the worker on a host is called in the records."""
        return next(process.worker for process in self.run.manifest.processes if process.host == host)

    def records(self, host: str) -> list[Record]:
        """Whole lines that have come to the master from a host."""
        paths = sorted(self.run.folder.rglob(f"records-{self.label(host)}.jsonl"))
        lines = [line for path in paths for line in path.read_bytes().splitlines(keepends=True)]
        return [from_line(line) for line in lines if line.endswith(b"\n")]

    def spools(self, host: str) -> list[Path]:
        """What a worker has kept on its own disk."""
        folder = self.net.disk(host) / "output" / ".spools"
        return sorted(folder.iterdir()) if folder.exists() else []

    def in_window(self, index: int = 0) -> bool:
        """Whether both workers are in the window of a point."""
        manifest = manifest_of(self.work_dir)
        if manifest is None or len(manifest.points) <= index:
            return False
        phases = manifest.points[index].phases.values()
        return sum(each.window_ns is not None for each in phases) == len(WORKERS)


@contextmanager
def sweeping(net: Network, url: str, *options: str, masters: dict[str, str] | None = None) -> Iterator[Sweep]:
    """A master with its two workers. `masters` says at which address a worker's host sees the master, where that is
    another than its own."""
    llocust = str(BIN / "llocust")
    there = {host: net.address("master", "control") for host in WORKERS} | (masters or {})
    words = ("--host", url, "--master", "--expect-workers", str(len(WORKERS)), "--spawn-rate", "50", "--settle", "2s")
    with ExitStack() as stack:
        workers = {
            host: stack.enter_context(net.started(host, llocust, "worker", "--master-host", there[host]))
            for host in WORKERS
        }
        master = stack.enter_context(net.started("master", llocust, "sweep", *words, *options))
        yield Sweep(net, master, workers)
