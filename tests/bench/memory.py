"""What open streams cost in memory: one load process with 4,000 slow streams, as its own health lines tell it.

    python tests/bench/memory.py [--streams 4000] [--seconds 20] [--processes 0]

A token a second and stream, so that it is memory that is measured and not speed; no stream ends before the measurement does.
With --processes 1 the streams are those of a worker under a master.
"""

import argparse
import resource
import sys
import tempfile
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import msgspec
import psutil
from support.command import Run, latest, llocust
from support.simulator import running_simulator

from harness.record import Health
from harness.run import RunError

TARGET_BYTES, TARGET_STREAMS = 450_000_000, 4000
SPAWN_S, ITL_S = 10, 1.0


class Descriptors(threading.Thread):
    """The most files and sockets that the run's load process had open, looked at twice a second."""

    def __init__(self, work_dir: Path) -> None:
        super().__init__(daemon=True)
        self._work_dir = work_dir
        self.most = 0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.5):
            try:
                self.most = max(self.most, psutil.Process(latest(self._work_dir).manifest.processes[-1].pid).num_fds())
            except (RunError, IndexError, psutil.NoSuchProcess):
                continue  # it has not begun, or has ended


def closing(port: int) -> int:
    """Connections to a port that wait for their last segments to die out (TIME_WAIT), on this host."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[3] == "06" and int(row[2].split(":")[1], 16) == port for row in rows)


def lines_of(run: Run) -> list[Health]:
    """One load process's health, in order."""
    (path,) = run.folder.glob("points/*/health-*.jsonl")
    return [msgspec.json.decode(line, type=Health) for line in path.read_bytes().splitlines()]


def sweep(url: str, options: argparse.Namespace, work_dir: Path) -> Run:
    words = [
        "--host",
        url,
        "--users",
        str(options.streams),
        "--run-time",
        f"{options.seconds}s",
        "--max-tokens",
        "100000",
    ]
    words += ["--spawn-rate", str(options.streams / SPAWN_S), "--settle", "2s", "--drain", "1s", "--quiet"]
    words += ["--processes", str(options.processes)] if options.processes else []
    done = llocust("sweep", *words, "--work-dir", str(work_dir), cwd=work_dir, timeout_s=options.seconds + 180)
    if done.stderr:
        print(done.stderr, file=sys.stderr)
    return latest(work_dir)


def tell(lines: list[Health], streams: int) -> None:
    full = [line for line in lines if line.in_flight >= 0.99 * streams]
    if not full:
        most = max(line.in_flight for line in lines)
        print(f"never were {streams:,} streams open at once, {most:,} at most")
        return
    few = lines[0]
    most = max(full, key=lambda line: line.rss_bytes)
    each = (full[0].rss_bytes - few.rss_bytes) / max(full[0].in_flight - few.in_flight, 1)
    cpu = sum(line.cpu_ns for line in full) / sum(line.elapsed_ns for line in full)
    target = f"   target: under {TARGET_BYTES / 1e6:.0f} MB" if streams == TARGET_STREAMS else ""
    print(f"{most.in_flight:,} streams open  {most.rss_bytes / 1e6:.0f} MB{target}")
    print(
        f"{few.in_flight:,} streams open  {few.rss_bytes / 1e6:.0f} MB; {each / 1000:.1f} KB a stream when all were open"
    )
    print(
        f"after {len(full)} s of a token a second: {(full[-1].rss_bytes - full[0].rss_bytes) / 1e6:+.1f} MB; CPU {cpu:.0%}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=TARGET_STREAMS)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--processes", type=int, default=0)
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    pace = str(ITL_S)
    with (
        running_simulator("--ttft", pace, "--itl", pace, "--tokens", "100000") as server,
        tempfile.TemporaryDirectory() as name,
    ):
        descriptors = Descriptors(Path(name))
        descriptors.start()
        run = sweep(server.url, options, Path(name))
        descriptors.ended.set()
        tell(lines_of(run), options.streams)
        print(f"{descriptors.most:,} descriptors at most; {closing(server.port):,} ports in TIME_WAIT afterwards")


if __name__ == "__main__":
    main()
