"""What is on in this load process: the run, its point, its phase, and who is in flight. One a process.

Users ask it for their index, their prompts and their requests; conductors move it through points and phases; every
exchange ends here, in one record and one Locust event.
"""

import gc
import hashlib
import time
from weakref import WeakKeyDictionary

from gevent.event import Event
from locust.env import Environment
from locust.exception import StopTest

from harness.call import Call
from harness.canaries import NAME as CANARIES
from harness.canaries import canary_at
from harness.conversation import ALONE, Place
from harness.exchange import Identity, Ledger
from harness.metrics import NS_PER_S
from harness.outcome import Outcome
from harness.pace import batch_offset_s, offset_s, spawn_rate
from harness.record import Health, Record
from harness.run import Phases, Point
from harness.swarm.aims import Aim, Aims
from harness.swarm.asks import Asks
from harness.swarm.health import HealthProbe
from harness.swarm.orders import Begin, Count
from harness.swarm.plan import Plan
from harness.swarm.recorder import Recorder
from harness.swarm.tally import Tally
from harness.testset import Prompt, deal


class Stage:
    """The state of a run in this process, known as `worker` in it. Times are CLOCK_MONOTONIC nanoseconds."""

    def __init__(self, plan: Plan, worker: str) -> None:
        self.plan = plan
        self._aims = Aims(plan)
        self._asks = Asks(plan.options)
        self.worker = worker
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
        self._place, self._of = 0, 1
        self._tickets: int | None = None
        self.tickets_left = 0
        self.health = HealthProbe(self._keep_health, lambda: (len(self.in_flight), self.arrived))

    # Points and phases

    def begin(self, point: Point, order: Begin) -> None:
        """Open a point: its files, its counters. Users that stay keep their indexes."""
        if not order.users_stay:
            gc.collect()  # now, when nobody is in flight, rather than in the window
            self.arrived = self._users = self._seq = 0
        now_ns = time.monotonic_ns()
        if self.point is not None:
            self.phases.end_ns = now_ns
        self.point, self.phases = point, Phases(spawn_ns=now_ns)
        point.state = "running"
        point.phases[self.worker] = self._phases_of[point.index] = self.phases
        self._place, self._of = order.place, order.of
        self._tickets, self.tickets_left = order.requests, order.requests or 0
        self.tally = Tally(now_ns)
        self.ended = 0
        self.answered = set()
        self.first_sent_ns = self.last_sent_ns = self.last_end_ns = None
        try:
            self._recorders[point.index] = Recorder(self.plan.folder, point, self.worker)
        except OSError as error:
            self._give_up(point, error)
        self.health.start()

    def settle(self) -> None:
        """All users are there."""
        self.phases.settle_ns = time.monotonic_ns()

    def open_window(self) -> None:
        """The measured part begins now; the health of what came before goes on a line of its own."""
        self.health.cut()
        self.phases.window_ns = time.monotonic_ns()
        self.tally = Tally(self.phases.window_ns)

    def close_window(self) -> None:
        """The measured part is over; what was sent in it is still followed."""
        if self.phases.window_ns is not None and self.phases.cooldown_ns is None:
            self.phases.cooldown_ns = time.monotonic_ns()
            self.health.cut()

    def halt(self) -> None:
        """Nothing more is sent in a bounded point; what was begun goes on to its end."""
        if self._tickets is not None:
            self._tickets, self.tickets_left = self._tickets - self.tickets_left, 0

    def enclose(self, begin_ns: int, end_ns: int) -> None:
        """The measured part was this one, in nanoseconds after the point began."""
        spawn_ns = self.phases.spawn_ns
        self.phases.settle_ns = spawn_ns
        self.phases.window_ns, self.phases.cooldown_ns = spawn_ns + begin_ns, spawn_ns + end_ns

    def end(self, point: Point) -> Phases:
        """Close a point's files. Nobody of it may be in flight any more."""
        phases = self._phases_of[point.index]
        phases.end_ns = phases.end_ns or time.monotonic_ns()
        if self.point is point:
            self.point = None
        recorder = self._recorders.pop(point.index, None)
        try:
            if recorder is not None:
                recorder.close()
        except OSError as error:
            self._give_up(point, error)
        return phases

    def leave(self) -> None:
        """The run is over in this process."""
        self.health.stop()
        self.left = True

    def count(self, heard: int) -> Count:
        """How it goes at the point."""
        now_ns, spawn_ns = time.monotonic_ns(), self.phases.spawn_ns
        return Count(
            heard=heard,
            arrived=self.arrived,
            answered=len(self.answered),
            ended=self.ended,
            tickets=self._tickets,
            tickets_left=self.tickets_left,
            in_flight=len(self.in_flight),
            awaited=self.awaited() if self.phases.cooldown_ns is not None else 0,
            quiet_ns=now_ns - self.last_sent_ns if self.last_sent_ns is not None else None,
            first_send_ns=self.first_sent_ns - spawn_ns if self.first_sent_ns is not None else None,
            last_end_ns=self.last_end_ns - spawn_ns if self.last_end_ns is not None else None,
            trouble=self.trouble,
            phases=self.phases,
            totals=self.tally.totals(now_ns),
        )

    def awaited(self) -> int:
        """How many requests in flight were sent in the window that was closed, or were begun in it and are not sent."""
        begin_ns, end_ns = self.phases.window_ns or 0, self.phases.cooldown_ns or 0
        moments = ((ledger.begun_ns, ledger.sent_ns) for ledger in self.in_flight.values())
        return sum(
            begun_ns < end_ns if sent_ns is None else begin_ns <= sent_ns < end_ns for begun_ns, sent_ns in moments
        )

    # Users

    def next_user(self) -> int:
        """The global index of a new user: those of this process are `of` apart."""
        self._users += 1
        return self._place + (self._users - 1) * self._of

    def prompt(self, user: int, turn: int) -> Prompt:
        """What a user asks at its turn-th turn."""
        users = self.point.users if self.point is not None else 1
        return deal(self.plan.testset, self.plan.options.seed, user, turn, max(users, 1))

    def canary(self, user: int, number: int) -> Prompt | None:
        """The canary that a user asks as its `number`-th prompt; None where it asks an ordinary one."""
        canaries, every = self.plan.canaries, self.plan.options.canary_every
        return None if canaries is None or every is None else canary_at(canaries, every, user, number)

    def aim(self, user: int) -> Aim:
        """Whom a user asks."""
        return self._aims.of(user, self.point)

    def begins_ns(self, user: int) -> int:
        """When a user sends its first request."""
        if self.plan.manifest.kind == "plain":
            return time.monotonic_ns() + int(batch_offset_s(user) * NS_PER_S)
        users = self.point.users if self.point is not None else 1
        rate = spawn_rate(users, self.plan.options.spawn_rate)
        return self.phases.spawn_ns + int(offset_s(user, rate) * NS_PER_S)

    def admit(self) -> None:
        """Return when one more request may be sent; in a bounded point that may be never."""
        if self._tickets is not None:
            if self.tickets_left == 0:
                Event().wait()
            self.tickets_left -= 1

    def open(self, user: int, prompt: Prompt, place: Place = ALONE) -> tuple[Ledger, Call]:
        """A request of this user: who listens, and what is sent."""
        begun_ns = time.monotonic_ns()
        point, aim = self.point, self.aim(user)
        index = point.index if point is not None else 0
        self._seq += 1
        run = self.plan.manifest.id
        name = f"{_nonce(run)}-{self.worker}-{index}-{self._seq:06d}"
        if place.turns is not None and place.conversation is None:
            place = place._replace(conversation=name)
        identity = Identity(
            id=name,
            run=run,
            point=index,
            worker=self.worker,
            user=user,
            seq=self._seq,
            prompt=f"{CANARIES if prompt.canary else self.plan.testset.name}/{prompt.index}",
            wanted=prompt.wanted,
            target=aim.name,
            canary=prompt.canary,
            **place._asdict(),
        )
        ask = self._asks.of(aim, identity, prompt)
        call = aim.dialect.encode(ask)
        options = self.plan.options
        listens = options.conversations == "live"
        ledger = Ledger(identity, ask, aim.dialect, begun_ns, options.keep_text, listens=listens)
        self.in_flight[identity.id] = ledger
        return ledger, call

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
        if self._tickets is not None:
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


def current_stage(environment: Environment) -> Stage | None:
    """The stage of this environment's latest run; None before the first, and where none could begin."""
    stage = _STAGES.get(environment)
    return stage if isinstance(stage, Stage) else None


def stage_of(environment: Environment) -> Stage:
    """Raises Locust's StopTest where no run has begun, as then no request could be recorded."""
    stage = _STAGES.get(environment, "No run has begun: start Locust by its command, or use `llocust sweep`.")
    if isinstance(stage, str):
        raise StopTest(stage)
    return stage


def _nonce(run: str) -> str:
    return hashlib.sha256(run.encode()).hexdigest()[:4]
