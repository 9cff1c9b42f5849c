"""The sweep: each point spawns, settles, opens its window, cools down and stops, in one Locust run.

Only the window is measured. In the cooldown users go on asking, so that the requests of the window end under the load
they began under. Locust's own run time is not used: with it the requests in flight at the end would be lost.
"""

import gc
import time
from collections.abc import Callable

import gevent
import msgspec
from locust.env import Environment
from locust.runners import Runner

from harness.metrics import NS_PER_S
from harness.pace import last_offset_s, settled, spawn_rate
from harness.run import Point, locust_path, write_atomically
from harness.swarm import books
from harness.swarm.stage import Stage

TICK_S = 0.02
STATUS_EVERY_NS = NS_PER_S
SPAWN_LIMIT_S = 30
"""For Locust to have made the users of a point; a user whose on_start fails is never counted."""


class Conductor:
    """Drives one run's planned points through a local runner."""

    def __init__(self, environment: Environment, stage: Stage) -> None:
        assert environment.runner is not None
        self._environment = environment
        self._runner: Runner = environment.runner
        self._stage = stage
        self._options = stage.plan.options
        self._next_report_ns = 0

    def conduct(self) -> None:
        """All points, then the end of the run. Recording that cannot go on ends it early."""
        planned = [point for point in self._stage.plan.manifest.points if point.state == "planned"]
        for number, point in enumerate(planned, 1):
            self._stage.announcer.tell("point", number=number, of=len(planned), index=point.index, users=point.users)
            self._conduct_point(point)
            if self._halted:
                break
        self._note_exceptions()
        self._stage.leave(whole=not self._halted)
        self._stage.announcer.tell("end", trouble=self._stage.trouble)
        self._runner.quit()

    def _note_exceptions(self) -> None:
        for row in self._runner.exceptions.values():
            self._stage.plan.manifest.notes.append(f"The user class raised {row['count']} times: {row['msg']}")

    @property
    def _halted(self) -> bool:
        return self._stage.trouble is not None or self._stage.announcer.lost

    def _conduct_point(self, point: Point) -> None:
        stage = self._stage
        gc.collect()  # now, when nobody is in flight, rather than in the window
        stage.begin(point)
        if self._options.requests is not None:
            stage.bound(self._options.requests)
        stage.save()
        self._spawn(point)
        if self._options.requests is None:
            self._measure_time(point)
        else:
            self._measure_requests(self._options.requests)
        stage.save()
        self._empty()
        balance = books.balance(self._environment, stage.dialect.name)
        stage.end(point, whole=not self._halted)
        write_atomically(locust_path(stage.plan.folder, point), msgspec.json.encode(balance))
        self._runner.stats.reset_all()
        stage.save()

    def _spawn(self, point: Point) -> None:
        # All greenlets at once; each user waits for its own offset before its first request.
        self._runner.start(point.users, max(point.users, 1))
        give_up_ns = time.monotonic_ns() + SPAWN_LIMIT_S * NS_PER_S
        while self._runner.user_count < point.users and not self._halted and time.monotonic_ns() < give_up_ns:
            gevent.sleep(TICK_S)

    def _measure_time(self, point: Point) -> None:
        stage, options = self._stage, self._options
        # A user that never asks, say because its on_start fails, must not hold the sweep for ever.
        limit_s = last_offset_s(point.users, spawn_rate(point.users, options.spawn_rate)) + options.settle_s
        self._wait("spawn", lambda elapsed_s: stage.arrived >= point.users or elapsed_s >= limit_s, limit_s)
        stage.phases.settle_ns = time.monotonic_ns()
        self._wait(
            "settle",
            lambda elapsed_s: settled(elapsed_s, point.users, len(stage.answered), options.settle_s),
            options.settle_s,
        )
        stage.open_window()
        stage.save()
        self._wait(
            "window", lambda elapsed_s: elapsed_s >= options.run_time_s, options.run_time_s, stage.phases.window_ns
        )
        stage.close_window()
        self._wait("cooldown", lambda elapsed_s: elapsed_s >= options.drain_s or not stage.awaited(), options.drain_s)

    def _measure_requests(self, requests: int) -> None:
        stage = self._stage
        stage.phases.settle_ns = stage.phases.spawn_ns
        self._wait("window", lambda _: stage.ended >= requests or self._drained())
        stage.phases.window_ns = stage.first_sent_ns or stage.phases.spawn_ns
        stage.phases.cooldown_ns = stage.last_end_ns or time.monotonic_ns()

    def _drained(self) -> bool:
        stage = self._stage
        if stage.tickets_left > 0 or stage.last_sent_ns is None:
            return False
        return (time.monotonic_ns() - stage.last_sent_ns) / NS_PER_S >= self._options.drain_s

    def _empty(self) -> None:
        self._runner.start(0, max(self._runner.user_count, 1))
        while self._runner.user_count > 0:
            gevent.sleep(TICK_S)

    def _wait(
        self, phase: str, over: Callable[[float], bool], limit_s: float | None = None, since_ns: int | None = None
    ) -> None:
        """Until `over(seconds of the phase)`, telling the parent each second how it goes."""
        begun_ns = since_ns if since_ns is not None else time.monotonic_ns()
        while not self._halted:
            elapsed_s = (time.monotonic_ns() - begun_ns) / NS_PER_S
            if over(elapsed_s):
                break
            if self._runner.user_count == 0:
                self._stage.trouble = "No user is left: the user class ended or failed; locust.log of the run says how."
                break
            self._report(phase, elapsed_s, limit_s)
            gevent.sleep(TICK_S if limit_s is None else min(TICK_S, max(limit_s - elapsed_s, 0)))

    def _report(self, phase: str, elapsed_s: float, limit_s: float | None) -> None:
        now_ns = time.monotonic_ns()
        if now_ns < self._next_report_ns:
            return
        self._next_report_ns = now_ns + STATUS_EVERY_NS
        stage = self._stage
        stage.announcer.tell(
            "tick",
            phase=phase,
            elapsed_s=round(elapsed_s, 1),
            limit_s=limit_s,
            users=stage.arrived,
            in_flight=len(stage.in_flight),
            ended=stage.ended,
            requests=self._options.requests,
            **stage.tally.glance(now_ns)._asdict(),
        )
