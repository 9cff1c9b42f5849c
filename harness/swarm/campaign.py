"""One run as the process that conducts it sees it: its plan, its crew, its manifest, and what its workers ship.

The conductor and the follower decide what happens when; here it is seen to that everybody did it, that what they wrote is
there, and that a worker that is lost is missed.
"""

import time
from collections.abc import Callable

import gevent

from harness.clocks import Offset
from harness.metrics import NS_PER_S
from harness.run import Point, Process
from harness.swarm.crew import Crew, Remote, Sum
from harness.swarm.depot import Depot
from harness.swarm.logbook import Logbook
from harness.swarm.orders import Closed
from harness.swarm.plan import Plan
from harness.swarm.status import Announcer

TICK_S = 0.02
HEAR_LIMIT_S = 30
"""For a worker to follow an order. One that is dead is given up long before, as Locust hears nothing of it."""
STALL_LIMIT_S = 20
"""Without a byte of the records that are still to come."""


class Campaign:
    """The run. `offset` gives a worker's clock minus ours, by its name in Locust, once it is known."""

    def __init__(
        self,
        plan: Plan,
        crew: Crew,
        announcer: Announcer,
        depot: Depot | None = None,
        offset: Callable[[str], Offset | None] | None = None,
    ) -> None:
        self.plan = plan
        self.crew = crew
        self.announcer = announcer
        self.logbook = Logbook(plan.folder, plan.manifest)
        self._depot = depot
        self._offset = offset
        self._trouble: str | None = None

    @property
    def trouble(self) -> str | None:
        """Why the run cannot go on, in a sentence."""
        shipped = self._depot.trouble if self._depot is not None else None
        return self._trouble or shipped or self.logbook.trouble

    def give_up(self, why: str) -> None:
        """The run cannot go on."""
        self._trouble = self._trouble or why

    @property
    def halted(self) -> bool:
        """Whether no further point makes sense."""
        return self.trouble is not None or self.announcer.lost

    def count(self) -> Sum:
        """How it goes at the point; who has been lost is noted first."""
        self.note_losses()
        now = self.crew.sum()
        self._trouble = self._trouble or now.trouble
        return now

    def begin(self, point: Point, *, requests: int | None = None, users_stay: bool = False) -> None:
        """Open a point."""
        point.state = "running"
        self.crew.begin(point, requests=requests, users_stay=users_stay)
        self.save(point)

    def await_heard(self) -> None:
        """Until all have followed the last order: what is counted from then on counts from then on."""
        self._await(lambda: self.crew.heard, HEAR_LIMIT_S)

    def save(self, point: Point) -> None:
        """Write down where everybody is."""
        self.await_heard()
        point.phases.update(self.crew.phases())
        self.logbook.save()

    def await_closed(self, point: Point) -> list[Closed]:
        """All files of a point are closed, and what workers wrote is here; what each made of it."""
        self._await(lambda: self.crew.has_closed(point), HEAR_LIMIT_S)
        closed = self.crew.closed(point)
        for worker, each in closed.items():
            self._process(worker).end = each.end
            point.phases[worker] = each.phases
            if each.trouble is not None:
                point.disk_full = True
                self.give_up(each.trouble)
        self._await_shipped(point, closed)
        for member in self.crew.members:
            if member.lost and member.worker in point.phases:
                point.phases[member.worker].end_ns = None  # it did not see the end, whatever it said before
        return list(closed.values())

    def note_losses(self) -> None:
        """Look who is gone."""
        for member in self.crew.present:
            if isinstance(member, Remote) and not member.alive:
                self._lose(member)

    def leave(self, *, whole: bool = True) -> None:
        """The run is over."""
        for member in self.crew.members:
            if isinstance(member, Remote):
                self._compare_clocks(member)
        self.logbook.leave(whole=whole and self.trouble is None)

    def _compare_clocks(self, member: Remote) -> None:
        offset = self._offset(member.node) if self._offset is not None else None
        if offset is not None:
            process = self._process(member.worker)
            process.offset_ns, process.offset_within_ns = offset

    def _lose(self, member: Remote) -> None:
        member.lost = True
        member.dismiss()
        process = self._process(member.worker)
        process.lost = True
        why = f"Worker {member.worker} (process {process.pid} on {process.host}) was lost"
        self.announcer.tell("worker", text=f"{why}.")
        if self.plan.options.on_worker_loss == "stop":
            self.give_up(f"{why}, and so the run was ended; --on-worker-loss continue would have gone on.")
        elif not self.crew.present:
            self.give_up(f"{why}, and it was the last one.")

    def _await_shipped(self, point: Point, closed: dict[str, Closed]) -> None:
        depot = self._depot
        if depot is None:
            return
        missing = list(closed)
        held, since_ns = -1, time.monotonic_ns()
        while True:
            missing = [worker for worker in missing if not depot.complete(worker, point, closed[worker].sizes)]
            waited_for = [member.worker for member in self.crew.present if member.worker in missing]
            now_held = sum(sum(depot.held(worker, point).values()) for worker in missing)
            if now_held != held:
                held, since_ns = now_held, time.monotonic_ns()
            if not waited_for or self._passed_s(since_ns) > STALL_LIMIT_S or depot.trouble is not None:
                break
            gevent.sleep(TICK_S)
            self.note_losses()
        depot.close(point)
        # What is missing of a worker that is lost has been said with its loss.
        present = {member.worker for member in self.crew.present}
        for process in [self._process(worker) for worker in missing if worker in present]:
            self.give_up(
                depot.trouble
                or f"Not all records of worker {process.worker} came; they are in {process.spool} on {process.host}."
            )

    def _await(self, done: Callable[[], bool], limit_s: float) -> None:
        begun_ns = time.monotonic_ns()
        while not done() and self._passed_s(begun_ns) < limit_s:
            gevent.sleep(TICK_S)
            self.note_losses()

    @staticmethod
    def _passed_s(since_ns: int) -> float:
        return (time.monotonic_ns() - since_ns) / NS_PER_S

    def _process(self, worker: str) -> Process:
        return next(process for process in self.plan.manifest.processes if process.worker == worker)
