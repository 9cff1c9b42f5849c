"""The simulator as a process of its own, for tests that need a server which knows the truth."""

import http.client
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_READY = re.compile(r"listening on (https?)://([^:/]+):(\d+)")
_AUTHORITY = re.compile(r"authority is in (.+)")


@dataclass(frozen=True, slots=True)
class Running:
    """A simulator that answers. `ca_file` is set with --tls."""

    url: str
    port: int
    pid: int
    ready_line: str
    ca_file: str | None = None

    def truth(self) -> dict:
        """GET /truth."""
        return json.loads(self.get("/truth"))

    def requests(self) -> list[dict]:
        """GET /truth/requests, in the order of arrival."""
        return [json.loads(line) for line in self.get("/truth/requests").splitlines()]

    def request(self, request_id: str) -> dict:
        """The truth about one request."""
        return next(row for row in self.requests() if row["id"] == request_id)

    def reset(self) -> None:
        """DELETE /truth."""
        self._exchange("DELETE", "/truth")

    def get(self, path: str) -> bytes:
        """The body at a path."""
        return self._exchange("GET", path)

    def _exchange(self, method: str, path: str) -> bytes:
        connection = self.connect(timeout_s=30)
        try:
            connection.request(method, path)
            return connection.getresponse().read()
        finally:
            connection.close()

    def connect(self, timeout_s: float = 10) -> http.client.HTTPConnection:
        """A connection of one's own, to be closed by the caller."""
        if self.ca_file is None:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        import ssl

        context = ssl.create_default_context(cafile=self.ca_file)
        return http.client.HTTPSConnection("localhost", self.port, timeout=timeout_s, context=context)


@contextmanager
def running_simulator(*args: str, prefix: tuple[str, ...] = (), env: dict[str, str] | None = None) -> Iterator[Running]:
    """Start `python -m harness.simulator --port 0 args...`, wait until it answers, end it by its pid.

    `prefix` goes before the command, e.g. to pin it to a core.
    """
    command = [*prefix, sys.executable, "-m", "harness.simulator", "--port", "0", *args]
    process = subprocess.Popen(command, cwd=_ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        try:
            yield _wait_until_ready(process)
        finally:
            process.terminate()
            process.wait(10)


def _wait_until_ready(process: subprocess.Popen) -> Running:
    ca_file = None
    for line in process.stdout:
        if authority := _AUTHORITY.search(line):
            ca_file = authority[1]
        if ready := _READY.search(line):
            port = int(ready[3])
            return Running(f"{ready[1]}://{ready[2]}:{port}", port, process.pid, line.rstrip("\n"), ca_file)
    raise RuntimeError(f"The simulator did not start: {process.stderr.read()}")
