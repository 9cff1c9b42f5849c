"""Where a run is made: the machine, the versions, the repository. Read once, for the manifest."""

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from harness.run import Git, Host

_LIBRARIES = ("locust", "gevent", "requests", "urllib3", "msgspec")


def machine() -> Host:
    """This machine."""
    return Host(
        name=platform.node(),
        system=platform.system(),
        kernel=platform.release(),
        machine=platform.machine(),
        cpu=_cpu_model(),
        cores=os.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
    )


def versions() -> dict[str, str]:
    """Python, llocust and the libraries that a measurement passes through."""
    found = {"python": platform.python_version()}
    for name in ("llocust", *_LIBRARIES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def git(directory: Path) -> Git | None:
    """The commit of the repository that `directory` lies in; None where there is none, or no git."""
    try:
        commit = _git(directory, "rev-parse", "HEAD")
        dirty = bool(_git(directory, "status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return None
    return Git(commit, dirty)


def _git(directory: Path, *words: str) -> str:
    command = ["git", "-C", str(directory), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=2).stdout.strip()  # noqa: S603 - fixed words


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or sys.platform
