"""All who make the load of a run, as the one who conducts sees them: ordered at once, counted together.

In a run of one process the crew is the hand in that process; with workers each member is a hand behind Locust's connection.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Protocol

from harness.pace import tickets
from harness.run import Phases, Point
from harness.swarm.orders import Begin, Closed, Count, Mark, Order, closed_of, count_of, to_message
from harness.swarm.tally import Glance, glance

ORDER = "llocust.order"


class Member(Protocol):
    """One load process. `lost` is one of which nothing more will be heard."""

    lost: bool

    @property
    def worker(self) -> str: ...

    def obey(self, order: Order) -> None: ...

    def count(self) -> Count | None: ...

    def closed(self, index: int) -> Closed | None: ...


class Door(Protocol):
    """The way to a worker, which goes by its name in Locust."""

    def send(self, name: str, message: Any, node: str) -> None: ...

    def is_there(self, node: str) -> bool: ...

    def turn_away(self, node: str, why: str) -> None: ...


class Remote:
    """A hand in a worker. `node` is the worker's name in Locust."""

    def __init__(self, worker: str, node: str, door: Door) -> None:
        self.worker = worker
        self.node = node
        self.lost = False
        self._door = door
        self._count: Count | None = None
        self._closed: dict[int, Closed] = {}

    @property
    def alive(self) -> bool:
        """Whether Locust hears of it still."""
        return self._door.is_there(self.node)

    def dismiss(self) -> None:
        """It is missed, and may be alive all the same: it is not to come back into a run that goes on without it."""
        self._door.turn_away(self.node, f"The master lost sight of worker {self.worker}, and went on without it.")

    def obey(self, order: Order) -> None:
        """Have it done there."""
        self._door.send(ORDER, to_message(order), self.node)

    def count(self) -> Count | None:
        """What it said last."""
        return self._count

    def closed(self, index: int) -> Closed | None:
        """What it said of a point's end."""
        return self._closed.get(index)

    def take_count(self, message: Any) -> None:
        """It tells how it goes (`llocust.count`)."""
        self._count = count_of(message)

    def take_closed(self, message: Any) -> None:
        """It has closed a point (`llocust.closed`)."""
        closed = closed_of(message)
        self._closed[closed.point] = closed


class Sum(NamedTuple):
    """How it goes with the crew."""

    arrived: int
    answered: int
    ended: int
    in_flight: int
    awaited: int
    tickets_left: int
    spent: bool
    """In a bounded point: every request that can be sent has ended."""
    quiet_ns: int | None
    """Since anybody sent a request; None before the first one."""
    trouble: str | None


def add_up(present: Sequence[Count], lost: Sequence[Count] = ()) -> Sum:
    """What is done counts, whoever did it; what is still to come is only to come from those who are present."""
    both = [*present, *lost]
    quiet_ns = [count.quiet_ns for count in both if count.quiet_ns is not None]
    return Sum(
        arrived=sum(count.arrived for count in both),
        answered=sum(count.answered for count in both),
        ended=sum(count.ended for count in both),
        in_flight=sum(count.in_flight for count in present),
        awaited=sum(count.awaited for count in present),
        tickets_left=sum(count.tickets_left for count in present),
        spent=all(count.tickets is not None and count.ended >= count.tickets for count in present),
        quiet_ns=min(quiet_ns, default=None),
        trouble=next((count.trouble for count in present if count.trouble is not None), None),
    )


class Crew:
    """The members of one run, in the order of their places."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = list(members)
        self._number = 0
        self._begun = 0

    @property
    def present(self) -> list[Member]:
        """Those who are not lost."""
        return [member for member in self.members if not member.lost]

    def begin(self, point: Point, *, requests: int | None = None, users_stay: bool = False) -> None:
        """Open a point; each gets its place and, of a bounded number of requests, its share."""
        self._number += 1
        self._begun = self._number
        present = self.present
        for place, member in enumerate(present):
            share = None if requests is None else tickets(requests, point.users, place, len(present))
            member.obey(
                Begin(
                    number=self._number,
                    point=point.index,
                    users=point.users,
                    target=point.target,
                    place=place,
                    of=len(present),
                    requests=share,
                    users_stay=users_stay,
                )
            )

    def mark(self, point: Point, what: Literal["settle", "open", "close", "halt", "end"]) -> None:
        """A phase begins for all."""
        self._order(Mark(number=self._next(), point=point.index, what=what))

    def enclose(self, point: Point) -> None:
        """Make the window of a bounded point first send to last end, whoever's they were."""
        counts = self._counts(self.members)
        begin_ns = [count.first_send_ns for count in counts if count.first_send_ns is not None]
        end_ns = [count.last_end_ns for count in counts if count.last_end_ns is not None]
        window = {"begin_ns": min(begin_ns, default=0), "end_ns": max(end_ns, default=0)}
        self._order(Mark(number=self._next(), point=point.index, what="enclose", **window))

    @property
    def heard(self) -> bool:
        """Whether all who are present have followed the last order."""
        return all((count := member.count()) is not None and count.heard >= self._number for member in self.present)

    def sum(self) -> Sum:
        """How it goes at the point that was begun last."""
        lost = [member for member in self.members if member.lost]
        return add_up(self._counts(self.present), self._counts(lost))

    def glance(self) -> Glance:
        """What the screen shows of that point; worked out once a second, while the sum is wanted many times."""
        return glance([count.totals for count in self._counts(self.members)])

    def phases(self) -> dict[str, Phases]:
        """The phases of the point that was begun last, on each member's clock."""
        return {worker: count.phases for worker, count in self._known(self.members)}

    def closed(self, point: Point) -> dict[str, Closed]:
        """What became of a point, by those who have closed it."""
        found = {member.worker: member.closed(point.index) for member in self.members}
        return {worker: closed for worker, closed in found.items() if closed is not None}

    def has_closed(self, point: Point) -> bool:
        """Whether all who are present have closed a point."""
        return all(member.closed(point.index) is not None for member in self.present)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _order(self, order: Order) -> None:
        for member in self.present:
            member.obey(order)

    def _counts(self, members: Sequence[Member]) -> list[Count]:
        return [count for _, count in self._known(members)]

    def _known(self, members: Sequence[Member]) -> list[tuple[str, Count]]:
        # What was said before the point began, is of the one before.
        said = [(member.worker, member.count()) for member in members]
        return [(worker, count) for worker, count in said if count is not None and count.heard >= self._begun]
