"""What is on in this load process: the run, its point, its phase, and who is in flight. One a process.

Users ask it for their index, their prompts and their requests; conductors move it through points and phases; every
exchange ends here, in one record and one Locust event.
"""

import hashlib
import os
import platform
import time
from pathlib import Path
from typing import NamedTuple
from weakref import WeakKeyDictionary

import gevent
from gevent.event import Event
from locust.env import Environment
from locust.exception import StopTest

from harness.call import Call
from harness.dialects import DIALECTS, Dialect
from harness.dialects.ask import Ask
from harness.exchange import Identity, Ledger
from harness.metrics import NS_PER_S
from harness.opening import Secrets
from harness.options import Options
from harness.outcome import Outcome
from harness.pace import batch_offset_s, offset_s, spawn_rate
from harness.record import Health, Record
from harness.run import Anchor, Manifest, Phases, Point, Process, write_manifest
from harness.swarm.health import HealthProbe
from harness.swarm.recorder import Recorder
from harness.swarm.status import Announcer
from harness.swarm.tally import Tally
from harness.testset import Message, Prompt, Testset, deal
from harness.wire.network import Network


class Plan(NamedTuple):
    """What a stage is set with, for one run."""

    folder: Path
    manifest: Manifest
    options: Options
    testset: Testset
    network: Network
    secrets: Secrets


class Stage:
    """The state of a run in this process. Times are CLOCK_MONOTONIC nanoseconds."""

    def __init__(self, plan: Plan, announcer: Announcer) -> None:
        self.plan = plan
        self.announcer = announcer
        self.dialect: Dialect = DIALECTS[plan.options.dialect]
        self.worker = _worker_label(plan.manifest)
        self.left = False
        self.trouble: str | None = None
        """Why recording cannot go on, in a sentence."""
        self.in_flight: dict[str, Ledger] = {}
        self.point: Point | None = None
        self.phases = Phases(spawn_ns=time.monotonic_ns())
        self.tally = Tally(time.monotonic_ns())
        self.arrived = 0
        self.answered: set[int] = set()
        self.ended = 0
        self.first_sent_ns: int | None = None
        self.last_sent_ns: int | None = None
        self.last_end_ns: int | None = None
        self._phases_of: dict[int, Phases] = {}
        self._recorders: dict[int, Recorder] = {}
        self._seq = 0
        self._users = 0
        self._bounded = False
        self.tickets_left = 0
        self.health = HealthProbe(self._keep_health, lambda: (len(self.in_flight), self.arrived))
        plan.manifest.processes.append(_this_process(self.worker))

    # Points and phases

    def begin(self, point: Point, *, users_stay: bool = False) -> None:
        """Open a point: its folder, its files, its counters. Users that stay keep their indexes."""
        now_ns = time.monotonic_ns()
        self.point, self.phases = point, Phases(spawn_ns=now_ns)
        point.state = "running"
        point.phases[self.worker] = self._phases_of[point.index] = self.phases
        self._recorders[point.index] = Recorder(self.plan.folder, point, self.worker)
        self.tally = Tally(now_ns)
        self.ended = 0
        if not users_stay:
            self.arrived = self._users = self._seq = 0
        self.answered = set()
        self.first_sent_ns = self.last_sent_ns = self.last_end_ns = None
        self.health.start()

    def bound(self, requests: int) -> None:
        """Let exactly this many requests be sent in the point, all of them measured."""
        self._bounded, self.tickets_left = True, requests

    def open_window(self) -> None:
        """The measured part begins now; the health of what came before goes on a line of its own."""
        self.health.cut()
        self.phases.window_ns = time.monotonic_ns()
        self.tally = Tally(self.phases.window_ns)

    def close_window(self) -> None:
        """The measured part is over; what was sent in it is still followed."""
        self.phases.cooldown_ns = time.monotonic_ns()
        self.health.cut()

    def end(self, point: Point, *, whole: bool = True) -> None:
        """Close a point. Nobody of it may be in flight any more."""
        phases = self._phases_of[point.index]
        phases.end_ns = phases.end_ns or time.monotonic_ns()
        point.state = "done" if whole and self.trouble is None else "interrupted"
        if self.point is point:
            self.point = None
        try:
            self._recorders.pop(point.index).close()
        except OSError as error:
            self._give_up(point, error)

    def save(self) -> None:
        """Rewrite the manifest, in a thread: the disk may be slow, and the loop must not be."""
        write = gevent.get_hub().threadpool.apply
        try:
            write(write_manifest, (self.plan.folder, self.plan.manifest))
        except OSError as error:
            self.trouble = self.trouble or f"The manifest cannot be written: {error.strerror}."

    def leave(self, *, whole: bool = True) -> None:
        """The run is over in this process."""
        self.health.stop()
        manifest = self.plan.manifest
        manifest.processes[-1].end = _anchor()
        manifest.state = "done" if whole and self.trouble is None else "interrupted"
        self.left = True
        manifest.ended = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.save()

    def awaited(self) -> int:
        """How many requests in flight were sent in the window that was closed, or were begun in it and are not sent."""
        begin_ns, end_ns = self.phases.window_ns or 0, self.phases.cooldown_ns or 0
        moments = ((ledger.begun_ns, ledger.sent_ns) for ledger in self.in_flight.values())
        return sum(
            begun_ns < end_ns if sent_ns is None else begin_ns <= sent_ns < end_ns for begun_ns, sent_ns in moments
        )

    # Users

    def next_user(self) -> int:
        """The global index of a new user."""
        self._users += 1
        return self._users - 1

    def prompt(self, user: int, turn: int) -> Prompt:
        """What a user asks at its turn-th turn."""
        users = self.point.users if self.point is not None else 1
        return deal(self.plan.testset, self.plan.options.seed, user, turn, max(users, 1))

    def begins_ns(self, user: int) -> int:
        """When a user sends its first request."""
        if self.plan.manifest.kind == "plain":
            return time.monotonic_ns() + int(batch_offset_s(user) * NS_PER_S)
        users = self.point.users if self.point is not None else 1
        rate = spawn_rate(users, self.plan.options.spawn_rate)
        return self.phases.spawn_ns + int(offset_s(user, rate) * NS_PER_S)

    def admit(self) -> None:
        """Return when one more request may be sent; in a bounded point that may be never."""
        if self._bounded:
            if self.tickets_left == 0:
                Event().wait()
            self.tickets_left -= 1

    def open(self, user: int, prompt: Prompt, turn: int) -> tuple[Ledger, Call]:
        """A request of this user: who listens, and what is sent."""
        begun_ns = time.monotonic_ns()
        point = self.point
        index = point.index if point is not None else 0
        self._seq += 1
        run = self.plan.manifest.id
        identity = Identity(
            id=f"{_nonce(run)}-{self.worker}-{index}-{self._seq:06d}",
            run=run,
            point=index,
            worker=self.worker,
            user=user,
            seq=self._seq,
            prompt=f"{self.plan.testset.name}/{prompt.index}",
            turn=turn,
        )
        ask = self._ask(identity.id, prompt)
        call = self.dialect.encode(ask)
        ledger = Ledger(identity, ask, self.dialect, begun_ns, self.plan.options.keep_text)
        self.in_flight[identity.id] = ledger
        return ledger, call

    def _ask(self, request_id: str, prompt: Prompt) -> Ask:
        plan, options = self.plan, self.plan.options
        return Ask(
            id=request_id,
            url=self.dialect.endpoint(options.host),
            model=plan.manifest.model,
            messages=_salted(prompt.messages, request_id) if options.salt else prompt.messages,
            max_tokens=prompt.max_tokens or options.max_tokens,
            key=plan.secrets.key,
            headers=plan.secrets.headers,
            timeouts=options.timeouts,
        )

    def keep(self, ledger: Ledger, now_ns: int) -> Record:
        """The end of an exchange: one record, on every path."""
        identity = ledger.identity
        self.in_flight.pop(identity.id, None)
        record = ledger.close(now_ns, self._phase_of(ledger))
        self.ended += 1
        if record.outcome is not Outcome.ABORTED:
            self.answered.add(identity.user)
        if ledger.sent_ns is not None:
            self.first_sent_ns = min(self.first_sent_ns or ledger.sent_ns, ledger.sent_ns)
            self.last_sent_ns = max(self.last_sent_ns or ledger.sent_ns, ledger.sent_ns)
            self.last_end_ns = now_ns
        self.tally.add(record)
        recorder = self._recorders.get(identity.point)
        if recorder is not None:
            try:
                recorder.write(record)
            except OSError as error:
                self._give_up(self.point, error)
        return record

    def _phase_of(self, ledger: Ledger) -> str:
        if self._bounded:
            return "window"
        phases = self._phases_of.get(ledger.identity.point, self.phases)
        return phases.at(ledger.sent_ns or ledger.begun_ns)

    def _keep_health(self, health: Health) -> None:
        recorder = self._recorders.get(self.point.index) if self.point is not None else None
        if recorder is not None:
            try:
                recorder.write_health(health)
            except OSError as error:
                self._give_up(self.point, error)

    def _give_up(self, point: Point | None, error: OSError) -> None:
        self.trouble = self.trouble or f"Records cannot be written: {error.strerror}. What was written is kept."
        if point is not None:
            point.disk_full = True


_STAGES: WeakKeyDictionary[Environment, Stage | str] = WeakKeyDictionary()


def set_stage(environment: Environment, stage: Stage) -> None:
    """Make `stage` the one of this environment."""
    _STAGES[environment] = stage


def set_refusal(environment: Environment, why: str) -> None:
    """The run of this environment cannot begin; users that ask are told why."""
    _STAGES[environment] = why


def stage_of(environment: Environment) -> Stage:
    """Raises Locust's StopTest where no run has begun, as then no request could be recorded."""
    stage = _STAGES.get(environment, "No run has begun: start Locust by its command, or use `llocust sweep`.")
    if isinstance(stage, str):
        raise StopTest(stage)
    return stage


def _salted(messages: tuple[Message, ...], salt: str) -> tuple[Message, ...]:
    first, *rest = messages
    return (Message(first.role, f"[{salt}] {first.content}"), *rest)


def _nonce(run: str) -> str:
    return hashlib.sha256(run.encode()).hexdigest()[:4]


def _worker_label(manifest: Manifest) -> str:
    """A resumed run is measured by a new process, with clocks of its own, and so under a name of its own."""
    earlier = len(manifest.processes)
    return "w0" if earlier == 0 else f"w0r{earlier}"


def _anchor() -> Anchor:
    return Anchor(time.time_ns(), time.monotonic_ns())


def _this_process(worker: str) -> Process:
    return Process(worker=worker, host=platform.node(), pid=os.getpid(), start=_anchor())
