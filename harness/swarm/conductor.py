"""The sweep: each point spawns, settles, opens its window, cools down and stops, in one Locust run.

Only the window is measured. In the cooldown users go on asking, so that the requests of the window end under the load
they began under. Locust's own run time is not used: with it the requests in flight at the end would be lost.
"""

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
from harness.swarm.campaign import TICK_S, Campaign
from harness.swarm.crew import Sum

STATUS_EVERY_NS = NS_PER_S
SPAWN_LIMIT_S = 30
"""For Locust to have made the users of a point; a user whose on_start fails is never counted."""


class Conductor:
    """Drives one run's planned points. `muster` returns when the crew is there, or sees to it that the run is halted."""

    def __init__(self, environment: Environment, campaign: Campaign, muster: Callable[[], None]) -> None:
        assert environment.runner is not None
        self._environment = environment
        self._runner: Runner = environment.runner
        self._campaign = campaign
        self._muster = muster
        self._options = campaign.plan.options
        self._next_report_ns = 0
        self._early = False
        self._point: Point | None = None
        self._table_is_whole = True

    def conduct(self) -> None:
        """All points, then the end of the run. Recording that cannot go on ends it early."""
        self._muster()
        planned = [point for point in self._campaign.plan.manifest.points if point.state == "planned"]
        for number, point in enumerate(planned, 1):
            if self._over:
                break
            self._tell(
                "point", number=number, of=len(planned), index=point.index, users=point.users, target=point.target
            )
            self._conduct_point(point)
        self._note_exceptions()
        self._campaign.leave(whole=not self._over)
        self._tell("end", trouble=self._campaign.trouble)

    def miss_table(self) -> None:
        """Locust's table was emptied in mid-point, and so what it counts there is not all."""
        self._table_is_whole = False

    def finish_early(self) -> None:
        """End the point as if its time were over, follow what is in flight, and begin no other."""
        self._early = True

    def break_off(self) -> None:
        """End the run at once; what is in flight is aborted, and written down as that."""
        self._early = True
        if self._point is not None:
            self._end(self._point)
        self._campaign.leave(whole=False)

    @property
    def _over(self) -> bool:
        return self._early or self._campaign.halted

    def _tell(self, event: str, **facts: object) -> None:
        self._campaign.announcer.tell(event, **facts)

    def _note_exceptions(self) -> None:
        for row in self._runner.exceptions.values():
            self._campaign.plan.manifest.notes.append(f"The user class raised {row['count']} times: {row['msg']}")

    def _conduct_point(self, point: Point) -> None:
        self._point, self._table_is_whole = point, True
        self._campaign.begin(point, requests=self._options.requests)
        self._spawn(point)
        if self._options.requests is None:
            self._measure_time(point)
        else:
            self._measure_requests(point)
        self._campaign.save(point)
        self._end(point)

    def _end(self, point: Point) -> None:
        campaign = self._campaign
        self._empty()
        campaign.crew.mark(point, "end")
        closed = campaign.await_closed(point)
        # The last reports came before: each worker sends its statistics, and then that it has closed the point.
        balance = books.balance(self._environment, campaign.plan.manifest.dialects)
        if not self._table_is_whole:
            counts = {name: sum(getattr(each, name) for each in closed) for name in ("requests", "failures")}
            balance = msgspec.structs.replace(balance, **counts)
        point.state = "interrupted" if self._over else "done"
        write_atomically(locust_path(campaign.plan.folder, point), msgspec.json.encode(balance))
        self._runner.stats.reset_all()
        self._point = None
        campaign.logbook.save()

    def _spawn(self, point: Point) -> None:
        # All greenlets at once; each user waits for its own offset before its first request.
        self._start(point.users, max(point.users, 1))
        give_up_ns = time.monotonic_ns() + SPAWN_LIMIT_S * NS_PER_S
        while self._runner.user_count < point.users and not self._over and time.monotonic_ns() < give_up_ns:
            gevent.sleep(TICK_S)

    def _measure_time(self, point: Point) -> None:
        campaign, options = self._campaign, self._options
        # A user that never asks, say because its on_start fails, must not hold the sweep for ever.
        limit_s = last_offset_s(point.users, spawn_rate(point.users, options.spawn_rate)) + options.settle_s
        self._wait("spawn", lambda now, elapsed_s: now.arrived >= point.users or elapsed_s >= limit_s, limit_s)
        campaign.crew.mark(point, "settle")
        self._wait(
            "settle",
            lambda now, elapsed_s: settled(elapsed_s, point.users, now.answered, options.settle_s),
            options.settle_s,
        )
        if self._over:
            return
        campaign.crew.mark(point, "open")
        campaign.await_heard()  # nobody's window is to be shorter than asked for, however late the order came
        opened_ns = time.monotonic_ns()
        campaign.save(point)
        self._wait("window", lambda _, elapsed_s: elapsed_s >= options.run_time_s, options.run_time_s, opened_ns)
        campaign.crew.mark(point, "close")
        campaign.save(point)
        self._cool_down(lambda now: not now.awaited)

    def _measure_requests(self, point: Point) -> None:
        self._wait("window", lambda now, _: now.spent or self._drained(now))
        if self._over:
            self._campaign.crew.mark(point, "halt")
            self._campaign.await_heard()
            self._cool_down(lambda now: now.spent)
        self._campaign.crew.enclose(point)

    def _cool_down(self, over: Callable[[Sum], bool]) -> None:
        drain_s = self._options.drain_s
        self._wait("cooldown", lambda now, elapsed_s: elapsed_s >= drain_s or over(now), drain_s)

    def _drained(self, now: Sum) -> bool:
        if now.tickets_left > 0 or now.quiet_ns is None:
            return False
        return now.quiet_ns / NS_PER_S >= self._options.drain_s

    def _empty(self) -> None:
        self._start(0, max(self._runner.user_count, 1))
        while self._runner.user_count > 0:
            gevent.sleep(TICK_S)
            self._campaign.note_losses()

    def _start(self, users: int, rate: float) -> None:
        # Without a dispatcher from before, Locust deals its users from the first worker on, as indexes are dealt; and while
        # there is none, it moves no users when a worker comes or goes.
        self._runner._users_dispatcher = None  # noqa: SLF001 - what its own stop() does
        self._runner.start(users, rate)
        self._runner._users_dispatcher = None  # noqa: SLF001

    def _wait(
        self,
        phase: str,
        over: Callable[[Sum, float], bool],
        limit_s: float | None = None,
        since_ns: int | None = None,
    ) -> None:
        """Until `over(counts, seconds of the phase)`, telling the parent each second how it goes.

        A run that is ended early has only its cooldown left.
        """
        begun_ns = since_ns if since_ns is not None else time.monotonic_ns()
        while not (self._campaign.halted if phase == "cooldown" else self._over):
            elapsed_s = (time.monotonic_ns() - begun_ns) / NS_PER_S
            now = self._campaign.count()
            if over(now, elapsed_s):
                break
            if self._runner.user_count == 0:
                self._campaign.give_up(
                    "No user is left: the user class ended or failed; locust.log of the run says how."
                )
                break
            self._report(phase, now, elapsed_s, limit_s)
            gevent.sleep(TICK_S if limit_s is None else min(TICK_S, max(limit_s - elapsed_s, 0)))

    def _report(self, phase: str, now: Sum, elapsed_s: float, limit_s: float | None) -> None:
        now_ns = time.monotonic_ns()
        if now_ns < self._next_report_ns:
            return
        self._next_report_ns = now_ns + STATUS_EVERY_NS
        self._tell(
            "tick",
            phase=phase,
            elapsed_s=round(elapsed_s, 1),
            limit_s=limit_s,
            users=now.arrived,
            in_flight=now.in_flight,
            ended=now.ended,
            requests=self._options.requests,
            **self._campaign.crew.glance()._asdict(),
        )
