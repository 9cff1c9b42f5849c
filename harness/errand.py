"""`llocust worker`: waits for the master's door, then becomes a Locust worker that knocks there."""

import argparse
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from harness.launch import find_locustfile, load_environment
from harness.options import UsageMistakes
from harness.values import duration_s, port

_CONNECT_S = 3.0
_AGAIN_S = 0.5


class NoMaster(Exception):
    """Nobody listens there; the message is a sentence."""


class Errand(NamedTuple):
    """Where to go, and with what."""

    host: str
    port: int
    max_wait_s: float
    processes: int
    locustfile: Path
    work_dir: Path
    verbose: bool


def read_command(argv: list[str]) -> Errand:
    """Raises UsageMistakes."""
    typed = parser().parse_args(argv)
    mistakes: list[str] = []
    read = {}
    for name, reader in (("master_port", port), ("max_wait", duration_s), ("processes", _count)):
        try:
            read[name] = reader(getattr(typed, name))
        except ValueError as error:
            mistakes.append(f"--{name.replace('_', '-')} {getattr(typed, name)!r}: give {error}.")
    try:
        locustfile = find_locustfile(typed.locustfile)
    except UsageMistakes as error:
        mistakes += error.mistakes
    if mistakes:
        raise UsageMistakes(mistakes)
    return Errand(
        host=typed.master_host,
        port=int(read["master_port"]),
        max_wait_s=read["max_wait"],
        processes=int(read["processes"]),
        locustfile=locustfile,
        work_dir=Path(typed.work_dir),
        verbose=typed.verbose,
    )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> "None":  # type: ignore[override]
        raise UsageMistakes([f"{message[:1].upper()}{message[1:]}. `llocust worker --help` lists the options."])


def parser() -> argparse.ArgumentParser:
    """Everything as text."""
    made = _Parser(
        "llocust worker",
        description="Make load for `llocust sweep --master` that runs elsewhere. Everything about the load comes from "
        "there; API keys come from this machine's environment.",
        allow_abbrev=False,
    )
    made.add_argument("--master-host", default="127.0.0.1", metavar="HOST", help="where the master is (127.0.0.1)")
    made.add_argument("--master-port", default="5557", metavar="PORT", help="its --master-bind-port (5557)")
    made.add_argument("--max-wait", default="60s", metavar="T", help="how long to wait for it to be there (60s)")
    made.add_argument("--processes", default="1", metavar="N", help="how many workers to start here (1)")
    made.add_argument("-f", "--locustfile", metavar="FILE", help="the master's locustfile (locustfiles/chat.py)")
    made.add_argument("--work-dir", default=".", metavar="DIR", help="records are spooled in DIR/output/.spools (.)")
    made.add_argument("--verbose", action="store_true", help="print what Locust logs")
    return made


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ValueError("a whole number of one or more")
    return int(text)


def await_master(errand: Errand) -> None:
    """Until somebody listens there. Raises NoMaster."""
    until_s = time.monotonic() + errand.max_wait_s
    while True:
        try:
            socket.create_connection((errand.host, errand.port), timeout=_CONNECT_S).close()
        except OSError as error:
            if time.monotonic() >= until_s:
                raise NoMaster(
                    f"No master answers at {errand.host}:{errand.port} ({error.strerror or error}): start "
                    "`llocust sweep --master` there, or name its place with --master-host and --master-port."
                ) from error
            time.sleep(_AGAIN_S)
        else:
            return


def run_worker(errand: Errand) -> int:
    """Work until the master has no more to do; Locust's exit status. Ctrl-C goes to Locust, which ends in good order."""
    command = [
        *(sys.executable, "-P", "-m", "locust", "--worker", "--locustfile", str(errand.locustfile)),
        *("--master-host", errand.host, "--master-port", str(errand.port), "--work-dir", str(errand.work_dir)),
        *("--loglevel", "INFO" if errand.verbose else "ERROR"),
        *(("--processes", str(errand.processes)) if errand.processes > 1 else ()),
    ]
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            command,
            env=load_environment(),
            preexec_fn=_hear_interrupts,  # noqa: PLW1509 - no threads here
        )
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def _hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
