"""Runs of several load processes, and the three counts that have to be one."""

import socket
import time

import msgspec
from support.command import Run
from support.simulator import Running

from harness.outcome import NOT_JUDGED
from harness.record import LocustStats
from harness.run import Manifest, Phases, Point, RunError, locust_path, read_manifest


def free_port() -> int:
    """A port that nobody listens on; another process may take it before you do, which is rare."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, what: str, timeout_s: float = 30):
    """Until it holds; what it returned."""
    for _ in range(int(timeout_s / 0.05)):
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {timeout_s} s in vain for {what}")


def manifest_of(work_dir) -> Manifest | None:
    """That of the latest run, if there is one by now."""
    try:
        return read_manifest((work_dir / "output" / "latest").resolve())
    except (OSError, RunError):
        return None


def phases_of(work_dir, index: int) -> list[Phases]:
    """Of the point at that place, by the workers that are in it."""
    manifest = manifest_of(work_dir)
    return list(manifest.points[index].phases.values()) if manifest and len(manifest.points) > index else []


def in_window(work_dir, index: int, workers: int) -> bool:
    """Whether so many workers are in the window of a point."""
    return sum(phases.window_ns is not None for phases in phases_of(work_dir, index)) == workers


def assert_counts_agree(run: Run, simulator: Running) -> None:
    """Each request is in the simulator's books and in the records once, and Locust counted those that are judged."""
    ids = [record.id for record in run.records()]
    assert len(ids) == len(set(ids))
    assert set(ids) == {row["id"] for row in simulator.requests()}
    for point, reported in zip(run.manifest.points, run.report["points"], strict=True):
        judged = [record for record in run.records(point) if record.outcome not in NOT_JUDGED]
        assert locust_of(run, point).requests == len(judged)
        assert reported["locust"]["agrees"] is True
        assert reported["requests_all"]["sent"] == len(run.records(point))


def locust_of(run: Run, point: Point) -> LocustStats:
    """Locust's statistics of a point."""
    return msgspec.json.decode(locust_path(run.folder, point).read_bytes(), type=LocustStats)
