"""The load process as its parent sees it: how it is started, what it says, how it is asked to stop.

It gets a process group of its own, so that a Ctrl-C typed at the parent reaches it once, as a request to end cleanly.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from harness.options import Options, UsageMistakes

SEPARATOR = "\x1e"
LOG = "locust.log"
_HERE = "127.0.0.1"
NOWHERE = "http://query-model.invalid"
"""Locust wants a host also where nobody has told one; this name is never any (RFC 2606)."""
_INSTEAD = "give another port or --master-bind-host, or end what is there"
_DEFAULT_LOCUSTFILE = "chat.py"


def find_locustfile(given: str | None) -> Path:
    """The file, or the shipped one of that name. Raises UsageMistakes."""
    shipped = files("locustfiles")
    if given is None:
        return Path(str(shipped / _DEFAULT_LOCUSTFILE))
    if Path(given).is_file():
        return Path(given).resolve()
    name = Path(given).name
    if (shipped / name).is_file() and given in (name, f"locustfiles/{name}"):
        return Path(str(shipped / name))
    raise UsageMistakes([f"--locustfile {given!r}: there is no such file."])


class LoadProcess:
    """Locust, headless, on one run folder. Everything it prints but its messages goes to locust.log there."""

    def __init__(self, folder: Path, options: Options, locustfile: Path) -> None:
        self._log = (folder / LOG).open("ab")
        command = [
            *(sys.executable, "-P", "-m", "locust", "--locustfile", str(locustfile), "--headless", "--only-summary"),
            *("--users", "0", "--spawn-rate", "1", "--host", _host(options), "--llocust-run", str(folder.resolve())),
            *_roles(options),
        ]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=load_environment(),
            start_new_session=True,
        )

    def messages(self) -> Iterator[dict[str, Any]]:
        """What it says, until it ends."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(SEPARATOR.encode()):
                yield msgspec.json.decode(line[1:], type=dict[str, Any])
            else:
                self._log.write(line)

    def wait(self) -> int:
        """Its exit status."""
        status = self._process.wait()
        self._log.close()
        return status

    def drain(self) -> None:
        """Ask it to end the point, follow what is in flight, and end."""
        self._signal(signal.SIGINT)

    def stop(self) -> None:
        """Ask it to abort what is in flight, write it down, and end."""
        # SIGTERM rather than SIGINT: gevent handles it between greenlets, never in the middle of a record.
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self._process.poll() is None:
            self._process.send_signal(number)


def _host(options: Options) -> str:
    """What Locust wants to have for its own requests."""
    return options.host if options.query_model is None else NOWHERE


def _roles(options: Options) -> list[str]:
    """Locust's options of a master, with workers of its own or without."""
    if options.processes:
        port = str(_free_port())
        return [
            *("--processes", str(options.processes), "--master-bind-host", _HERE, "--master-bind-port", port),
            *("--master-host", _HERE, "--master-port", port),
        ]
    if options.master:
        # Locust itself waits for the first worker only; for the others, and how long, is seen to where the crew is mustered.
        return [
            *("--master", "--master-bind-host", options.master_bind_host),
            *("--master-bind-port", str(options.master_bind_port)),
        ]
    return []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HERE, 0))
        port: int = probe.getsockname()[1]
        return port


def check_port(options: Options) -> None:
    """Raises UsageMistakes where a master could not listen."""
    if not options.master:
        return
    host = "" if options.master_bind_host == "*" else options.master_bind_host
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, options.master_bind_port))
            probe.listen()
    except OSError as error:
        raise UsageMistakes(
            [
                f"--master-bind-port {options.master_bind_port}: a master cannot listen there ({error.strerror}): {_INSTEAD}."
            ]
        ) from error


def load_environment() -> dict[str, str]:
    """What a load process inherits."""
    # Without Locust's own variables: a LOCUST_RUN_TIME or a LOCUST_MODE_WORKER would turn the run into another.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
    return {**inherited, "PYTHONUNBUFFERED": "1"}


def last_words(folder: Path, count: int = 8) -> str:
    """The end of the load process's log."""
    lines = [line for line in (folder / LOG).read_text(errors="replace").splitlines() if line.strip()]
    return "\n".join([f"{folder / LOG} ends with:", *lines[-count:]])
