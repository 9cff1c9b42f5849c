"""What the web page shows: the board of the run that is on, what that run is, and where its report will be."""

import time
from pathlib import Path
from typing import Any

from locust.env import Environment

from harness.live import Board, Slice
from harness.metrics import NS_PER_S
from harness.run import Manifest, Point
from harness.swarm.plan import Plan, current_plan

QUIET_NS = 6 * NS_PER_S
"""After the end of a run the last slices of its workers come in with their next report: after three seconds, and some more
where a worker or the network is slow."""
REPORT_LIMIT_NS = 300 * NS_PER_S
"""A report that is not there by then will not come."""
REPORT = "report.html"


class Show:
    """One environment's, in the process that serves its page."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._board: Board | None = None
        self._folders: dict[str, Path] = {}
        environment.events.reset_stats.add_listener(self.reset)

    def take(self, worker: str, pieces: list[Slice]) -> None:
        """Slices of a process."""
        board = self._current()
        if board is not None:
            board.take(worker, pieces, time.monotonic_ns())

    def reset(self, **_: object) -> None:
        """Locust's statistics were reset; the run's points and records are what they were."""
        if self._board is not None:
            self._board.reset(time.monotonic_ns())

    def report(self, run: str) -> Path | None:
        """The report of a run that this process has shown, if it is there."""
        folder = self._folders.get(run)
        path = folder / REPORT if folder is not None else None
        return path if path is not None and path.is_file() else None

    def snapshot(self, recent_after: int = -1, whole_after: int = -1) -> dict[str, Any]:
        """Plain values; never a secret, as neither options nor manifest hold one."""
        board, plan, runner = self._current(), current_plan(self._environment), self._environment.runner
        state = runner.state if runner is not None else "missing"
        if board is None or plan is None:
            return {"state": state, "run": None}
        now_ns = time.monotonic_ns()
        ended = plan.manifest.state != "running"
        board.over = ended and board.quiet_ns(now_ns) > QUIET_NS
        return {
            "state": state,
            "run": _run(plan.manifest),
            "phase": {"point": board.point, "name": None if ended else board.phase},
            "final": board.over,
            "report": self._report_state(plan, board.quiet_ns(now_ns)) if ended else "none",
            **board.snapshot(now_ns, recent_after=recent_after, whole_after=whole_after),
        }

    def _current(self) -> Board | None:
        plan = current_plan(self._environment)
        if plan is not None and (self._board is None or self._board.run != plan.manifest.id):
            self._board = Board(plan.manifest.id, time.monotonic_ns())
            self._folders[plan.manifest.id] = plan.folder
        return self._board

    def _report_state(self, plan: Plan, quiet_ns: int) -> str:
        if self.report(plan.manifest.id) is not None:
            return "ready"
        return "making" if quiet_ns < REPORT_LIMIT_NS else "missing"


def _run(manifest: Manifest) -> dict[str, Any]:
    return {
        "id": manifest.id,
        "kind": manifest.kind,
        "state": manifest.state,
        "url": manifest.url,
        "model": manifest.model,
        "testset": manifest.testset.name,
        "points": [_point(point) for point in manifest.points],
    }


def _point(point: Point) -> dict[str, Any]:
    return {"index": point.index, "users": point.users, "state": point.state}
