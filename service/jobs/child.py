"""A sweep as a process: it has a session of its own and writes into files, so that it goes on when the service ends.

A service that comes after finds it by the run's directory, which stands in its command line.
"""

import contextlib
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from service.jobs.directory import Directory


def sweep_words(directory: Directory) -> list[str]:
    """The command of a run, behind the program. No secret is in it."""
    return ["sweep", f"--config={directory.request}", _mark(directory), "--json-progress"]


def _mark(directory: Directory) -> str:
    return f"--work-dir={directory.path}"


class Child:
    """One that was started here, or found. `begun_s`: when it was started, in seconds of the wall clock."""

    def __init__(self, process: psutil.Process, begun_s: float) -> None:
        self._process = process
        self.begun_s = begun_s

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_alive(self) -> bool:
        """Whether it still runs. One that was started here and has ended is taken leave of."""
        if isinstance(self._process, psutil.Popen):
            return self._process.poll() is None
        try:
            # psutil compares the start time, too: the number may be another process's by now.
            return self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def ask_to_end(self) -> None:
        """Like a Ctrl-C: the first ends the point and follows what is in flight, the second aborts that, the third is final."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """At once, and the load processes that it started, which have sessions of their own."""
        try:
            started = self._process.children(recursive=True)
        except psutil.NoSuchProcess:
            return
        self._signal(signal.SIGKILL)
        for process in started:
            _send(process, signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self.is_alive():
            _send(self._process, number)


def _send(process: psutil.Process, number: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):  # it has ended meanwhile, which is what was wanted
        process.send_signal(number)


def start(program: Sequence[str], directory: Directory, environment: Mapping[str, str]) -> Child:
    """Begin the run of `directory`. Raises OSError."""
    with directory.progress.open("ab") as progress, directory.errors.open("ab") as errors:
        # psutil's is a Popen and a Process, also where the process has ended before anybody looks.
        started = psutil.Popen(
            [*program, *sweep_words(directory)],
            stdin=subprocess.DEVNULL,
            stdout=progress,
            stderr=errors,
            cwd=directory.path,
            env=dict(environment),
            start_new_session=True,
        )
    return Child(started, time.time())


def find(directory: Directory) -> Child | None:
    """The run's process, if it is still there."""
    mark = _mark(directory)
    for process in psutil.process_iter(["cmdline", "create_time"]):
        child = Child(process, process.info["create_time"])
        if mark in (process.info["cmdline"] or ()) and child.is_alive():
            return child
    return None


def finish(program: Sequence[str], folder: Path, environment: Mapping[str, str], limit_s: float) -> str | None:
    """Report a run folder that nobody reported; why not, where it fails."""
    try:
        done = subprocess.run(  # noqa: S603 - our own program, on a path of our own
            [*program, "report", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=folder.parent,
            env=dict(environment),
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"The report was not made within {limit_s:.0f} s."
    return None if done.returncode == 0 else done.stderr.decode(errors="replace").strip()
