"""The demo: an embedded server and a sweep against it, small enough for a coffee's first sip."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from harness.options import UsageMistakes

SERVER = ("--port", "0", "--tokens", "8", "--step-ms", "15", "--step-ms-per-seq", "0.6", "--max-batch", "8")
"""An engine that serves eight at once: the knee of the sweep lies there."""
SWEEP = ("--users", "1", "2", "4", "8", "16", "--run-time", "6s", "--settle", "3s", "--spawn-rate", "40")
OWN = ("--name", "demo", "--desc", "A sweep against the embedded server", "--slo", "ttft=100ms", "tpot=20ms")


@contextmanager
def embedded_server(*arguments: str) -> Iterator[str]:
    """The URL of a simulator that lives as long as the block. Raises UsageMistakes where it does not start."""
    command = [sys.executable, "-P", "-m", "harness.simulator", *arguments]
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        url = next((word for word in ready.split() if word.startswith("http")), None)
        if url is None:
            raise UsageMistakes(["The embedded server did not start; `llocust simulate` shows why."])
        yield url
    finally:
        process.terminate()
        process.wait()


def demo_arguments(url: str, argv: list[str]) -> list[str]:
    """The sweep's arguments; what was typed comes last and so prevails."""
    return ["--host", url, *SWEEP, *OWN, *argv]
