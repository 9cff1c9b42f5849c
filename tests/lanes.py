"""The whole suite in lanes side by side, as most of its time is spent waiting for load to run: what `make test` runs.

    python tests/lanes.py [pytest's options]

Each lane is a pytest of its own. What a lane says is printed whole when it has ended; the exit status is 1 if any failed.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, NamedTuple

TESTS = Path(__file__).parent
E2E = {
    "workers": ("workers",),
    "dialects, failures, the course of a sweep": ("dialects", "failures", "lifecycle", "matrix", "mistakes"),
    "prompts and targets, truth and verdicts": (
        *("own_endpoints", "conversations", "synthetic_load", "targets", "vision"),
        *("truth", "verdicts", "calibrate", "salvaged_report"),
    ),
    "answers and costs": (
        *("quality_truth", "quality_gaps", "scorer_of_ones_own", "scoring_goes_on"),
        *("canaries_and_logprobs", "costs"),
    ),
}
APART = {
    **{lane: [str(TESTS / "e2e" / f"test_{name}.py") for name in names] for lane, names in E2E.items()},
    "the service": [str(TESTS / "service")],
}
LANES = {
    **APART,
    "everything else": [str(TESTS), *(f"--ignore={path}" for paths in APART.values() for path in paths)],
}
OUTSIDE = "not netns and not browser and not service"
"""Tiers with targets of their own: they need more than Python."""


class Lane(NamedTuple):
    """One pytest that runs."""

    name: str
    process: subprocess.Popen
    said: IO[bytes]

    def end(self) -> int:
        """Its exit status, when it has ended and been heard."""
        status = self.process.wait()
        self.said.seek(0)
        print(f"\n{self.name}\n{self.said.read().decode(errors='replace')}", flush=True)
        return status


def start(name: str, words: list[str]) -> Lane:
    said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
    command = [sys.executable, "-m", "pytest", "-q", "-m", OUTSIDE, *sys.argv[1:], *words]
    return Lane(name, subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT), said)


def main() -> int:
    lanes = [start(name, words) for name, words in LANES.items()]
    try:
        # A lane that was killed has a negative status, which is no less a failure.
        statuses = [lane.end() for lane in lanes]
        return int(any(statuses))
    except KeyboardInterrupt:
        for lane in lanes:
            lane.process.wait()  # the terminal has interrupted them, too
        return 130


if __name__ == "__main__":
    sys.exit(main())
