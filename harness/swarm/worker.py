"""A load process under a master: comes to its door, gets a run, takes orders, writes to its spool and ships it."""

import logging
import os
import platform
import signal
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import gevent
import locust.argument_parser
import locust.runners
import msgspec
from gevent.event import Event
from locust.env import Environment
from locust.exception import RPCError, RPCSendError
from locust.rpc import Message
from locust.runners import WorkerRunner

from harness import own, surroundings
from harness.opening import check, from_manifest
from harness.options import UsageMistakes
from harness.run import Manifest, RunError, write_manifest
from harness.spool import Spool
from harness.swarm import papers
from harness.swarm.calm import calm_garbage_collection
from harness.swarm.clocks import answer
from harness.swarm.crew import ORDER
from harness.swarm.hand import Hand
from harness.swarm.logbook import Logbook, anchor, this_process
from harness.swarm.orders import order_of, to_message
from harness.swarm.papers import Assignment, Enlisted, Hello
from harness.swarm.plan import Plan, set_plan
from harness.swarm.shipper import Shipper
from harness.swarm.stage import Stage, set_refusal, set_stage

logger = logging.getLogger("llocust")

COUNT_EVERY_S = 0.2
KNOCK_EVERY_S = 1.0
ORPHAN_LOOK_S = 0.5
MASTER_SILENT_S = 10
"""After so long without a sign of the master a worker ends. Locust's own minute would keep it loading a server for nobody."""
ANSWER_LIMIT_S = 5
"""A master that has not answered a heartbeat for so long will not take what is left."""
LAST_BLOCKS_S = 20
REFUSED = 2

# A worker of Locust looks it up for each of a hundred options whenever it is told how many users to have, and each time
# makes a parser for it. That stops the loop for a quarter of a second, in the midst of a ramp once a second.
locust.argument_parser.default_args_dict = cache(locust.argument_parser.default_args_dict)

_REFUSALS = (UsageMistakes, RunError, msgspec.ValidationError)


class _Engagement:
    """One run, in this worker."""

    def __init__(
        self, environment: Environment, plan: Plan, spool: Spool, worker: str, send: Callable[..., None]
    ) -> None:
        self.spool = spool
        self.logbook = Logbook(spool.folder, plan.manifest)
        self.shipper = Shipper(spool, lambda block: send(papers.BLOCK, block))
        self.stage = Stage(plan, worker)
        self.hand = Hand(environment, self.stage, begun=self.shipper.begin, finished=self.shipper.finish)

    def leave(self, timeout_s: float) -> bool:
        """Whether the master has all of it."""
        self.hand.leave()
        shipped = self.shipper.drain(timeout_s)
        self.shipper.stop()
        if shipped:
            self.spool.remove()
        else:
            self.stage.plan.manifest.processes[-1].end = anchor()
            self.logbook.leave(whole=False)
        return shipped


class Worker:
    """Listens to the master, from this process's beginning to its end."""

    def __init__(self, environment: Environment) -> None:
        assert isinstance(environment.runner, WorkerRunner)
        self._environment = environment
        self._runner = environment.runner
        self._work_dir = _work_dir(environment)
        self._parent = os.getppid()
        self._welcomed = Event()
        self._engagement: _Engagement | None = None
        self._shipper: Shipper | None = None
        """Of the latest engagement, which it outlasts by what the master has not acknowledged yet."""
        self._why: str | None = None
        """Why this worker ends, if the master did not send it home."""
        self._exit_code = 0
        self._listen()
        environment.events.test_stop.add_listener(self._stopped)
        environment.events.quitting.add_listener(self._quitting)
        gevent.signal_handler(signal.SIGINT, self._interrupted)
        for act in (self._knock, self._watch_parent, self._tell_counts):
            gevent.spawn(act)

    # At the door

    def _knock(self) -> None:
        hello = Hello(
            host=platform.node(),
            pid=os.getpid(),
            versions=surroundings.versions(),
            users=[cls.__name__ for cls in self._environment.user_classes],
            start=anchor(),
        )
        while not self._welcomed.is_set():
            self._send(papers.JOIN, msgspec.to_builtins(hello))
            self._welcomed.wait(KNOCK_EVERY_S)

    def _refused(self, told: Any) -> None:
        self._welcomed.set()
        self._end(told["why"], REFUSED)

    def _assigned(self, told: Any) -> None:
        try:
            assignment = msgspec.convert(told, Assignment)
            self._engagement = self._engage(assignment)
        except _REFUSALS as error:
            set_refusal(self._environment, str(error))
            self._send(papers.DECLINED, {"why": f"The worker on {platform.node()} cannot take part. {error}"})
            self._end(str(error), REFUSED)

    def _engage(self, assignment: Assignment) -> _Engagement:
        self._leave()
        options = from_manifest(assignment.manifest)
        own.load_those_of(options)
        own.expect_unchanged(options, assignment.manifest.files)
        testset, ways, canaries = check(options, assignment.manifest.synthetic)
        why = papers.unfit(assignment, options, testset, ways, canaries)
        if why is not None:
            raise UsageMistakes([why])
        spool = Spool(self._work_dir, assignment.manifest.id, assignment.worker)
        manifest = _own(assignment.manifest, assignment.worker, spool)
        plan = Plan(spool.folder, manifest, options, testset, ways, canaries)
        write_manifest(spool.folder, manifest)
        engagement = _Engagement(self._environment, plan, spool, assignment.worker, self._send)
        self._shipper = engagement.shipper
        self._shipper.start()
        set_plan(self._environment, plan)
        set_stage(self._environment, engagement.stage)
        locust.argument_parser.default_args_dict()
        calm_garbage_collection()
        locust.runners.MASTER_HEARTBEAT_TIMEOUT = MASTER_SILENT_S + 2 * int(self._environment.stop_timeout or 0)
        enlisted = Enlisted(spool=str(spool.folder), start=manifest.processes[-1].start)
        self._send(papers.ENLISTED, msgspec.to_builtins(enlisted))
        return engagement

    # In a run

    def _ordered(self, told: Any) -> None:
        engagement = self._engagement
        if engagement is None:
            return
        order = order_of(told)
        closed_before = engagement.hand.closed(order.point)
        engagement.hand.obey(order)
        closed = engagement.hand.closed(order.point)
        if closed is not None and closed is not closed_before:
            self._runner._send_stats()  # noqa: SLF001 - on the same way as what follows, so it is there before
            self._send(papers.CLOSED, to_message(closed))
        self._send(papers.COUNT, to_message(engagement.hand.count()))
        engagement.logbook.save()

    def _tell_counts(self) -> None:
        while True:
            gevent.sleep(COUNT_EVERY_S)
            engagement = self._engagement
            if engagement is not None and engagement.stage.point is not None:
                self._send(papers.COUNT, to_message(engagement.hand.count()))

    def _stopped(self, **_: object) -> None:
        """The users are gone, for whatever reason."""
        engagement = self._engagement
        if engagement is None:
            return
        closed = engagement.hand.finish()
        if closed:
            self._runner._send_stats()  # noqa: SLF001
        for each in closed:
            self._send(papers.CLOSED, to_message(each))

    def _released(self, _: object) -> None:
        gevent.spawn(self._leave)  # which waits for receipts, and so must not hold up the messages

    def _leave(self) -> None:
        engagement, self._engagement = self._engagement, None
        if engagement is not None and not engagement.leave(0 if self._is_orphan else LAST_BLOCKS_S):
            sys.stderr.write(
                f"What the master did not take of this worker's records stays in {engagement.spool.folder}\n"
            )

    # The end

    def _interrupted(self) -> None:
        """Ctrl-C. Where the master started this process it has heard it as well, and says what is to be done."""
        if not self._is_masters_own:
            self._end("Interrupted.", 1)

    @property
    def _is_masters_own(self) -> bool:
        # Locust's --processes makes workers of its children; under --worker their parent is no master.
        options = self._environment.parsed_options
        return options is not None and bool(options.processes) and "--worker" not in sys.argv

    def _watch_parent(self) -> None:
        while os.getppid() == self._parent:
            gevent.sleep(ORPHAN_LOOK_S)
        self._end("The process that started this worker is gone.", 1)

    def _end(self, why: str, code: int) -> None:
        """End this process, from whatever greenlet; Locust's own quit would kill the one that calls it."""
        if self._why is None:
            self._why, self._exit_code = why, code
            sys.stderr.write(f"{why}\n")
            gevent.spawn(self._go)

    def _go(self) -> None:
        # In this order: once Locust has quit, nobody hears the master's receipts.
        if self._runner.user_count > 0:
            self._runner.stop()
        self._leave()
        self._runner.quit()

    def _quitting(self, **_: object) -> None:
        if self._runner.user_count > 0:
            self._runner.stop()
        if self._why is None and self._is_orphan:
            self._why, self._exit_code = "The master is gone.", 1
            sys.stderr.write(f"{self._why}\n")
        self._leave()
        self._environment.process_exit_code = self._exit_code

    @property
    def _is_orphan(self) -> bool:
        heard_s = self._runner.last_heartbeat_timestamp
        silent = heard_s is not None and time.time() - heard_s > ANSWER_LIMIT_S
        return silent or os.getppid() != self._parent

    # Messages

    def _listen(self) -> None:
        listeners: dict[str, Callable[[Any], None]] = {
            papers.WELCOME: lambda _: self._welcomed.set(),
            papers.REFUSAL: self._refused,
            papers.ASSIGNMENT: self._assigned,
            papers.RELEASE: self._released,
            ORDER: self._ordered,
            papers.RECEIPT: self._received,
            papers.PING: lambda question: self._send(papers.PONG, answer(question)),
        }
        for name, listener in listeners.items():
            self._runner.register_message(name, _unpacked(listener))

    def _received(self, receipt: Any) -> None:
        if self._shipper is not None:
            self._shipper.acknowledge(receipt)

    def _send(self, name: str, message: Any) -> None:
        try:
            self._runner.send_message(name, message)
        except (RPCError, RPCSendError) as error:
            logger.warning("%s could not be sent: %s", name, error)


def _own(manifest: Manifest, worker: str, spool: Spool) -> Manifest:
    """The run's manifest as far as it is this worker's."""
    process = this_process(worker, spool.folder)
    return msgspec.structs.replace(manifest, points=[], processes=[process])


def _work_dir(environment: Environment) -> Path:
    """Where the spool is made: beside the run, where that is on this host, or as told."""
    options = environment.parsed_options
    assert options is not None
    if options.llocust_run is not None:
        return Path(options.llocust_run).parents[1]
    return Path(options.work_dir or ".")


def _unpacked(listener: Callable[[Any], None]) -> Callable[..., None]:
    def heard(msg: Message, **_: object) -> None:
        listener(msg.data)

    return heard
