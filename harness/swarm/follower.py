"""A run that Locust's own user drives, by web page or command line: it is followed, and recorded like any other.

Every user count that holds is a point. Its window opens when it has settled and stays open until the count changes or
the run stops.
"""

import time

import gevent
import msgspec
from locust.env import Environment
from locust.runners import STATE_RUNNING, Runner

from harness.metrics import NS_PER_S
from harness.pace import settled
from harness.run import Point, locust_path, write_atomically
from harness.swarm import books
from harness.swarm.stage import Stage

TICK_S = 0.05


class Follower:
    """Watches a local runner and cuts its run into points."""

    def __init__(self, environment: Environment, stage: Stage) -> None:
        assert environment.runner is not None
        self._environment = environment
        self._runner: Runner = environment.runner
        self._stage = stage
        self._closed = False
        self._counts = books.EventCounts(environment)

    def follow(self) -> None:
        """Until the test stops; `finish` then ends the last point."""
        while not self._closed:
            self.look()
            gevent.sleep(TICK_S)

    def look(self) -> None:
        """Bring point and phase up to date with the runner."""
        users, point = self._runner.target_user_count, self._stage.point
        if users > 0 and (point is None or point.users != users):
            self._change(users)
        elif point is not None:
            self._advance(point)

    def end_after(self, limit_s: float) -> None:
        """End the run as a point of a sweep ends: close the window, follow what is in flight, then stop."""
        gevent.sleep(limit_s)
        self.close()
        drain_until_ns = time.monotonic_ns() + int(self._stage.plan.options.drain_s * NS_PER_S)
        while self._stage.awaited() and time.monotonic_ns() < drain_until_ns:
            gevent.sleep(TICK_S)
        self._runner.quit()

    def close(self) -> None:
        """Nothing is measured any more."""
        self._closed = True
        if self._stage.point is not None:
            self._close_window()

    def finish(self) -> None:
        """The run has stopped and its users are gone."""
        self.close()
        for point in self._stage.plan.manifest.points:
            if point.state == "running":
                self._settle_accounts(point)
        self._stage.leave()

    def _change(self, users: int) -> None:
        if self._stage.point is not None:
            self._close_window()
            self._stage.phases.end_ns = time.monotonic_ns()
        points = self._stage.plan.manifest.points
        points.append(Point(index=len(points) + 1, users=users))
        self._stage.begin(points[-1], users_stay=True)
        self._stage.save()

    def _advance(self, point: Point) -> None:
        phases, options = self._stage.phases, self._stage.plan.options
        now_ns = time.monotonic_ns()
        if phases.settle_ns is None:
            if self._runner.state == STATE_RUNNING and self._runner.user_count == point.users:
                phases.settle_ns = now_ns
        elif phases.window_ns is None:
            elapsed_s = (now_ns - phases.settle_ns) / NS_PER_S
            if settled(elapsed_s, point.users, len(self._stage.answered), options.settle_s):
                self._stage.open_window()
                self._stage.save()

    def _close_window(self) -> None:
        phases = self._stage.phases
        if phases.window_ns is not None and phases.cooldown_ns is None:
            self._stage.close_window()

    def _settle_accounts(self, point: Point) -> None:
        counts = self._counts
        balance = msgspec.structs.replace(
            books.balance(self._environment, self._stage.dialect.name),
            requests=counts.requests[point.index],
            failures=counts.failures[point.index],
        )
        self._stage.end(point)
        write_atomically(locust_path(self._stage.plan.folder, point), msgspec.json.encode(balance))
