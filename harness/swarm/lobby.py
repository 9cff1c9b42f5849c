"""The master's door: workers come and say who they are, are let in or turned away, get a run to work on, and go missing.

Locust itself takes every worker at any time, and moves users to it in the midst of a measurement. Here one that was not
there when a run began, or is not like the master, is turned away with a sentence before it gets a user.
"""

import logging
from collections.abc import Callable
from typing import Any

import gevent
import msgspec
from locust.dispatch import UsersDispatcher
from locust.env import Environment
from locust.rpc import Message
from locust.runners import STATE_MISSING, MasterRunner

from harness import surroundings
from harness.clocks import Offset
from harness.run import Process
from harness.swarm import papers
from harness.swarm.clocks import Clocks
from harness.swarm.crew import Remote
from harness.swarm.depot import Depot
from harness.swarm.logbook import label
from harness.swarm.papers import Assignment, Enlisted, Hello
from harness.swarm.plan import Plan
from harness.swarm.status import Announcer

logger = logging.getLogger("llocust")

_RUN_IS_ON = (
    "A run is on that began without the worker on {host}: start it before a run, and as many as --expect-workers says."
)


class Lobby:
    """Who is there. The door is open until a run begins, and again when it is over."""

    def __init__(self, environment: Environment, announcer: Announcer) -> None:
        assert isinstance(environment.runner, MasterRunner)
        self._runner = environment.runner
        self._announcer = announcer
        self._versions = surroundings.versions()
        self._users = [cls.__name__ for cls in environment.user_classes]
        self._guests: dict[str, Hello] = {}
        """In the order in which they came, by their names in Locust."""
        self._remotes: dict[str, Remote] = {}
        self._enlisted: set[str] = set()
        self._plan: Plan | None = None
        self._earlier = 0
        self._door_is_open = True
        self._clocks = Clocks(lambda question, node: self.send(papers.PING, question, node))
        self.depot: Depot | None = None
        self.declined: list[str] = []
        """Why workers did not take part, in sentences."""
        environment.dispatcher_class = _dispatcher(self._place)
        environment.events.worker_connect.add_listener(self._bar)
        self._listen()

    @property
    def anybody(self) -> bool:
        """Whether a worker is there."""
        return len(self._runner.clients) > 0

    @property
    def strangers(self) -> int:
        """Workers that are there and have not said who they are."""
        return len([node for node in self._runner.clients if self.is_there(node) and node not in self._guests])

    @property
    def all_back(self) -> bool:
        """Whether those who were let in are there: a worker that was told to stop is away for a moment."""
        return all(node in self._runner.clients for node in self._guests)

    @property
    def remotes(self) -> list[Remote]:
        """The workers of the run, in the order of their ranks."""
        return list(self._remotes.values())

    @property
    def enlisted(self) -> int:
        """Workers that are ready for the run."""
        return len([node for node in self._enlisted if self.is_there(node)])

    def open_run(self, plan: Plan) -> None:
        """Whoever comes from now on is for this run."""
        self._plan = plan
        self._earlier = len(plan.manifest.processes)
        self.declined = []
        self.depot = Depot(plan.folder, plan.manifest, lambda receipt, node: self.send(papers.RECEIPT, receipt, node))
        self.depot.start()

    def assign(self) -> None:
        """Tell those about the run who are there and do not know of it; forget those who have gone before it began."""
        assert self._plan is not None
        for node in [node for node in self._remotes if not self.is_there(node)]:
            self._forget(node)
        for node, hello in list(self._guests.items()):
            if node not in self._remotes and self.is_there(node):
                self._assign(self._plan, node, hello)

    def close_door(self) -> None:
        """The run begins with those who are there; compare their clocks with ours meanwhile."""
        self._door_is_open = False
        gevent.spawn(self._clocks.ask, list(self._remotes))

    def offset(self, node: str) -> Offset | None:
        """A worker's wall clock minus ours."""
        return self._clocks.offset(node)

    def release(self) -> None:
        """The run is over, and all that came of it is here."""
        for node in self._remotes:
            self.send(papers.RELEASE, None, node)
        self._remotes, self._enlisted, self._plan = {}, set(), None
        self._door_is_open = True
        if self.depot is not None:
            self.depot.stop()
            self.depot = None

    def send(self, name: str, message: Any, node: str) -> None:
        """A message to a worker; lost if it is gone."""
        self._runner.send_message(name, message, client_id=node)

    def is_there(self, node: str) -> bool:
        """Whether Locust hears of a worker still."""
        client = self._runner.clients.get(node)
        return client is not None and client.state != STATE_MISSING

    def turn_away(self, node: str, why: str) -> None:
        """A worker is told to end, and gets no users any more."""
        self.send(papers.REFUSAL, {"why": why}, node)
        self._guests.pop(node, None)
        self._strike_from_locust(node)

    def _assign(self, plan: Plan, node: str, hello: Hello) -> None:
        taken = {remote.worker for remote in self._remotes.values()}
        ranks = (label(rank, self._earlier) for rank in range(len(taken) + 1))
        worker = next(worker for worker in ranks if worker not in taken)
        self._remotes[node] = Remote(worker, node, self)
        plan.manifest.processes.append(Process(worker=worker, host=hello.host, pid=hello.pid, start=hello.start))
        keys = frozenset(name for name, way in plan.ways.items() if way.secrets.key is not None)
        papers_for_it = Assignment(worker=worker, manifest=plan.manifest, keys=keys)
        self.send(papers.ASSIGNMENT, msgspec.to_builtins(papers_for_it), node)

    def _listen(self) -> None:
        listeners: dict[str, Callable[[str, Any], None]] = {
            papers.JOIN: self._join,
            papers.ENLISTED: self._enlist,
            papers.DECLINED: self._strike_out,
            papers.COUNT: lambda node, told: self._to_remote(node, lambda remote: remote.take_count(told)),
            papers.CLOSED: lambda node, told: self._to_remote(node, lambda remote: remote.take_closed(told)),
            papers.BLOCK: lambda node, told: self.depot.take(told, node) if self.depot is not None else None,
            papers.PONG: lambda node, told: self._clocks.take(told, node),
        }
        for name, listener in listeners.items():
            self._runner.register_message(name, _unpacked(listener))

    def _join(self, node: str, told: Any) -> None:
        hello = msgspec.convert(told, Hello)
        why = papers.unlike(hello, self._versions, self._users)
        if why is None and not self._door_is_open and node not in self._remotes:
            why = _RUN_IS_ON.format(host=hello.host)
        if why is not None:
            self._tell(why)
            self.turn_away(node, why)
            return
        self._guests[node] = hello
        self.send(papers.WELCOME, None, node)

    def _enlist(self, node: str, told: Any) -> None:
        enlisted = msgspec.convert(told, Enlisted)
        remote = self._remotes.get(node)
        if remote is None or self._plan is None:
            return
        process = next(each for each in self._plan.manifest.processes if each.worker == remote.worker)
        process.spool, process.start = enlisted.spool, enlisted.start
        self._enlisted.add(node)

    def _strike_out(self, node: str, told: Any) -> None:
        """A worker that cannot take part is none of the run's."""
        self.declined.append(told["why"])
        self._tell(told["why"])
        self._forget(node)
        self._strike_from_locust(node)

    def _forget(self, node: str) -> None:
        self._guests.pop(node, None)
        remote = self._remotes.pop(node, None)
        if remote is not None and self._plan is not None:
            remote.lost = True
            processes = self._plan.manifest.processes
            processes[:] = [each for each in processes if each.worker != remote.worker]

    def _to_remote(self, node: str, act: Callable[[Remote], None]) -> None:
        if node in self._remotes:
            act(self._remotes[node])

    def _place(self, node: str) -> int:
        return list(self._guests).index(node) if node in self._guests else len(self._guests)

    def _bar(self, client_id: str, **_: object) -> None:
        """Locust is about to take a worker in. In a run it would move users to it: not before it has been let in."""
        if self._door_is_open or client_id in self._guests:
            return
        dispatcher, self._runner._users_dispatcher = self._runner._users_dispatcher, None  # noqa: SLF001

        def restore() -> None:
            self._strike_from_locust(client_id)
            self._runner._users_dispatcher = dispatcher  # noqa: SLF001

        gevent.spawn(restore)

    def _strike_from_locust(self, node: str) -> None:
        client = self._runner.clients.pop(node, None)
        dispatcher = self._runner._users_dispatcher  # noqa: SLF001
        if client is not None and dispatcher is not None:
            dispatcher.remove_worker(client)

    def _tell(self, why: str) -> None:
        logger.error("%s", why)
        self._announcer.tell("worker", text=why)


def _unpacked(listener: Callable[[str, Any], None]) -> Callable[..., None]:
    def heard(msg: Message, **_: object) -> None:
        listener(msg.node_id, msg.data)

    return heard


def _dispatcher(place: Callable[[str], int]) -> type[UsersDispatcher]:
    """Locust's, with the workers in the order in which indexes are dealt."""

    class InOrder(UsersDispatcher):
        def _sort_workers(self) -> None:
            self._worker_nodes = sorted(self._worker_nodes, key=lambda node: place(node.id))

    return InOrder
