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
from harness.swarm.campaign import Campaign

TICK_S = 0.05


class Follower:
    """Watches a runner and cuts its run into points."""

    def __init__(self, environment: Environment, campaign: Campaign) -> None:
        assert environment.runner is not None
        self._environment = environment
        self._runner: Runner = environment.runner
        self._campaign = campaign
        self._closed = False
        self._point: Point | None = None
        self._settled_since_ns: int | None = None
        self._window_is_open = False

    def follow(self) -> None:
        """Until the test stops, or cannot go on; `finish` then ends the last point."""
        while not self._closed and not self._campaign.halted:
            self.look()
            gevent.sleep(TICK_S)

    def look(self) -> None:
        """Bring point and phase up to date with the runner."""
        users = self._runner.target_user_count
        if users > 0 and (self._point is None or self._point.users != users):
            self._change(users)
        elif self._point is not None:
            self._advance(self._point)

    def end_after(self, limit_s: float) -> None:
        """Measure for so long, and follow what is in flight to its end."""
        gevent.sleep(limit_s)
        self.close()
        self._campaign.await_heard()
        drain_until_ns = time.monotonic_ns() + int(self._campaign.plan.options.drain_s * NS_PER_S)
        while self._campaign.count().awaited and time.monotonic_ns() < drain_until_ns:
            gevent.sleep(TICK_S)

    def close(self) -> None:
        """Nothing is measured any more."""
        self._closed = True
        self._close_window()

    def finish(self) -> None:
        """The run has stopped and its users are gone."""
        self.close()
        for point in self._campaign.plan.manifest.points:
            if point.state == "running":
                self._settle_accounts(point)
        self._campaign.leave()

    def _change(self, users: int) -> None:
        self._close_window()
        points = self._campaign.plan.manifest.points
        self._point = Point(index=len(points) + 1, users=users)
        points.append(self._point)
        self._settled_since_ns = None
        self._campaign.begin(self._point, users_stay=True)

    def _advance(self, point: Point) -> None:
        campaign = self._campaign
        now_ns = time.monotonic_ns()
        now = campaign.count()
        if self._settled_since_ns is None:
            if self._runner.state == STATE_RUNNING and self._runner.user_count == point.users:
                campaign.crew.mark(point, "settle")
                self._settled_since_ns = now_ns
        elif not self._window_is_open:
            elapsed_s = (now_ns - self._settled_since_ns) / NS_PER_S
            if settled(elapsed_s, point.users, now.answered, campaign.plan.options.settle_s):
                self._window_is_open = True
                campaign.crew.mark(point, "open")
                campaign.save(point)

    def _close_window(self) -> None:
        if self._window_is_open and self._point is not None:
            self._window_is_open = False
            self._campaign.crew.mark(self._point, "close")

    def _settle_accounts(self, point: Point) -> None:
        campaign = self._campaign
        campaign.crew.mark(point, "end")
        closed = campaign.await_closed(point)
        balance = msgspec.structs.replace(
            books.balance(self._environment, campaign.plan.manifest.dialects),
            requests=sum(each.requests for each in closed),
            failures=sum(each.failures for each in closed),
        )
        point.state = "done" if campaign.trouble is None else "interrupted"
        write_atomically(locust_path(campaign.plan.folder, point), msgspec.json.encode(balance))
