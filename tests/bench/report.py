"""How long a large run takes to report, and how much memory: 100,000 records of 64 events over four points.

    python tests/bench/report.py [RECORDS] [EVENTS]

Prints the figures beside the targets; asserts nothing.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import msgspec
import numpy as np
from support.folders import health, locust_stats, manifest, phases, point, record

from harness.record import to_line
from harness.run import health_path, locust_path, records_path, write_manifest

TARGET_S, TARGET_BYTES = 15.0, 1_000_000_000
USERS = (10, 20, 40, 80)


def make_run(folder: Path, n_records: int, n_events: int) -> int:
    """Returns the bytes written."""
    rows = [point(index, users, phases={"w0": phases(60.0)}) for index, users in enumerate(USERS, 1)]
    write_manifest(folder, manifest(rows, options={"slo": {"ttft": 0.2, "itl_p95": 0.05}}))
    size = 0
    for row in rows:
        (folder / row.folder).mkdir(parents=True)
        size += _write_records(records_path(folder, row, "w0"), n_records // len(rows), n_events, row.index)
        lines = b"".join(msgspec.json.encode(line) + b"\n" for line in health(60))
        health_path(folder, row, "w0").write_bytes(lines)
        locust_path(folder, row).write_bytes(msgspec.json.encode(locust_stats(n_records // len(rows), 0)))
    return size


def _write_records(path: Path, count: int, n_events: int, seed: int) -> int:
    draw = np.random.default_rng(seed)
    size = 0
    with path.open("wb") as file:
        for seq in range(count):
            events_ms = 100 + np.cumsum(draw.exponential(20, n_events))
            line = to_line(
                record(
                    seq * 60_000 / count,
                    events_ms.tolist(),
                    draw.integers(1, 9, n_events).tolist(),
                    seq=seq,
                    point=seed,
                    id=f"bench-{seed}-{seq:06d}",
                    text="word " * n_events,
                )
            )
            size += file.write(line)
    return size


def main() -> None:
    n_records, n_events = (int(word) for word in (*sys.argv[1:], *("100000", "64")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = make_run(folder, n_records, n_events)
        before = time.perf_counter()
        subprocess.run([sys.executable, "-m", "reports", str(folder)], check=True, stdout=subprocess.DEVNULL)
        wall_s = time.perf_counter() - before
        peak_bytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        print(f"{n_records:,} records of {n_events} events, {size / 1e6:.0f} MB")
        print(f"wall  {wall_s:6.2f} s    target {TARGET_S:g} s")
        print(f"peak  {peak_bytes / 1e6:6.0f} MB   target {TARGET_BYTES / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
