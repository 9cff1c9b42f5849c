"""The member of the crew that lives in a load process: it takes orders, and keeps the stage by them."""

from collections.abc import Callable

from locust.env import Environment

from harness.run import Point
from harness.swarm.books import EventCounts
from harness.swarm.logbook import anchor
from harness.swarm.orders import Begin, Closed, Count, Mark, Order
from harness.swarm.stage import Stage

Sizes = dict[str, int]


class Hand:
    """One process's part of a run. `begun` and `finished` are told of points whose files are opened and closed."""

    lost = False

    def __init__(
        self,
        environment: Environment,
        stage: Stage,
        *,
        begun: Callable[[Point], None] | None = None,
        finished: Callable[[Point], Sizes] | None = None,
    ) -> None:
        self.stage = stage
        self._begun = begun
        self._finished = finished
        self._heard = 0
        self._open: list[Point] = []
        self._closed: dict[int, Closed] = {}
        self._counts = EventCounts(environment)

    @property
    def worker(self) -> str:
        """Its label."""
        return self.stage.worker

    def obey(self, order: Order) -> None:
        """Do it now."""
        if isinstance(order, Begin):
            self._begin(order)
        else:
            self._mark(order)
        self._heard = order.number

    def count(self) -> Count:
        """How it goes at the point that was begun last."""
        return self.stage.count(self._heard)

    def closed(self, index: int) -> Closed | None:
        """What became of a point; None while it is open."""
        return self._closed.get(index)

    def finish(self) -> list[Closed]:
        """The users are gone: close what is open still."""
        return [self._close(point) for point in list(self._open)]

    def leave(self) -> None:
        """The run is over."""
        self._counts.stop()
        self.stage.leave()

    def _begin(self, order: Begin) -> None:
        points = self.stage.plan.manifest.points
        point = next((point for point in points if point.index == order.point), None)
        if point is None:
            point = Point(index=order.point, users=order.users, target=order.target)
            points.append(point)
        self.stage.begin(point, order)
        self._open.append(point)
        if self._begun is not None:
            self._begun(point)

    def _mark(self, mark: Mark) -> None:
        stage = self.stage
        if mark.what == "settle":
            stage.settle()
        elif mark.what == "open":
            stage.open_window()
        elif mark.what == "close":
            stage.close_window()
        elif mark.what == "halt":
            stage.halt()
        elif mark.what == "enclose":
            stage.enclose(mark.begin_ns, mark.end_ns)
        else:
            for point in [point for point in self._open if point.index == mark.point]:
                self._close(point)

    def _close(self, point: Point) -> Closed:
        self._open.remove(point)
        phases = self.stage.end(point)
        sizes = self._finished(point) if self._finished is not None else {}
        closed = Closed(
            point=point.index,
            phases=phases,
            requests=self._counts.requests[point.index],
            failures=self._counts.failures[point.index],
            sizes=sizes,
            end=anchor(),
            trouble=self.stage.trouble,
        )
        self._closed[point.index] = closed
        return closed
