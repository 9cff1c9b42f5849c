"""What a process tree costs while it runs: CPU, memory, and the time for which others kept it from its core."""

import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil

EVERY_S = 0.25


class Sample(NamedTuple):
    """Sums over the tree."""

    at_ns: int
    cpu_s: float
    rss_bytes: int
    queued_s: float
    """Ready to run, and waiting for a core (second field of schedstat; main threads only)."""


class Watch:
    """Samples of a tree, four a second. Sums of figures that only grow can be read at any moment between them."""

    def __init__(self, process: subprocess.Popen) -> None:
        self._process = process
        self._root = psutil.Process(process.pid)
        self.samples: list[Sample] = []

    def follow(self, limit_s: float) -> int:
        """Until the process ends; its exit status. Kills it after `limit_s`."""
        give_up_s = time.monotonic() + limit_s
        while self._process.poll() is None:
            if time.monotonic() > give_up_s:
                self._process.kill()
                raise TimeoutError(f"{self._process.args} did not end within {limit_s:.0f} s.")
            self._sample()
            time.sleep(EVERY_S)
        return self._process.returncode

    def _sample(self) -> None:
        cpu_s, rss_bytes, queued_s = 0.0, 0, 0.0
        try:
            for each in (self._root, *self._root.children(recursive=True)):
                with each.oneshot():
                    times = each.cpu_times()
                    cpu_s += times.user + times.system
                    rss_bytes += each.memory_info().rss
                queued_s += int(Path(f"/proc/{each.pid}/schedstat").read_text().split()[1]) / 1e9
        except (psutil.NoSuchProcess, psutil.ZombieProcess, FileNotFoundError, ProcessLookupError):
            return  # one of them ended meanwhile; the next sample has those that are left
        self.samples.append(Sample(time.monotonic_ns(), cpu_s, rss_bytes, queued_s))

    def spent_s(self, begin_ns: int, end_ns: int) -> float:
        """CPU between two moments."""
        return self._grown("cpu_s", begin_ns, end_ns)

    def queued_s(self, begin_ns: int, end_ns: int) -> float:
        """Waited for a core between two moments."""
        return self._grown("queued_s", begin_ns, end_ns)

    def _grown(self, name: str, begin_ns: int, end_ns: int) -> float:
        at_ns = [sample.at_ns for sample in self.samples]
        begin, end = np.interp([begin_ns, end_ns], at_ns, [getattr(sample, name) for sample in self.samples])
        return float(end - begin)

    def peak_rss_bytes(self, until_ns: int) -> int:
        """The most at once, up to a moment."""
        return max(sample.rss_bytes for sample in self.samples if sample.at_ns <= until_ns)
