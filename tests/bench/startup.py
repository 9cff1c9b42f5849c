"""From typing `llocust sweep` to the first request on the wire: five times, against the embedded server's own clock."""

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.command import started
from support.simulator import running_simulator

TARGET_S = 2.0
TIMES = 5


def measure() -> list[float]:
    """Seconds from starting the command to the arrival of its first request, one a try."""
    waits_s = []
    for _ in range(TIMES):
        with running_simulator("--ttft", "0.01", "--itl", "0.001", "--tokens", "4") as simulator:
            with tempfile.TemporaryDirectory() as folder:
                words = ("llocust", "sweep", "--host", simulator.url, "--users", "1", "--requests", "1")
                begun_ns = time.monotonic_ns()
                with started(*words, "--work-dir", folder, cwd=Path(folder)) as process:
                    process.communicate(timeout=60)
            waits_s.append((simulator.requests()[0]["received_ns"] - begun_ns) / 1e9)
    return waits_s


def main() -> None:
    waits_s = measure()
    spread = f"min {min(waits_s):.2f} s, max {max(waits_s):.2f} s of {TIMES}"
    print(f"from the command to the first request: median {median(waits_s):.2f} s ({spread}); target {TARGET_S:g} s")


if __name__ == "__main__":
    main()
