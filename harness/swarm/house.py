"""Our listeners in Locust's house: options at start-up, a stage when a test begins, a conductor or a follower on it.

A run folder named by `llocust sweep` is conducted through its planned points. Any other run is followed. Either is made in
this process or, where it is a master, in its workers.
"""

import logging
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

import gevent
from locust import events
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from harness import own, run
from harness.metrics import NS_PER_S
from harness.opening import check, from_manifest, open_run
from harness.options import UsageMistakes
from harness.run import Point, RunError
from harness.swarm.arguments import add_arguments, adopt_typed, read_arguments, read_steps
from harness.swarm.calm import calm_garbage_collection
from harness.swarm.campaign import Campaign
from harness.swarm.conductor import Conductor
from harness.swarm.crew import Crew
from harness.swarm.follower import Follower
from harness.swarm.hand import Hand
from harness.swarm.lobby import Lobby
from harness.swarm.logbook import label, this_process
from harness.swarm.muster import Muster, await_first
from harness.swarm.plan import Plan, set_plan
from harness.swarm.stage import Stage, set_refusal, set_stage
from harness.swarm.status import Announcer
from harness.swarm.web import open_web
from harness.swarm.worker import Worker
from harness.testset import TestsetError
from harness.ways import find_ways
from harness.wire.models import ProbeError
from harness.wire.network import NetworkError

logger = logging.getLogger("llocust")

T = TypeVar("T")

_REFUSALS = (UsageMistakes, TestsetError, ProbeError, RunError, NetworkError)
_BACK_LIMIT_S = 5
"""For workers that were told to stop to be there again, so that they hear that they may go."""


class House:
    """One environment's runs: each is opened when its test begins and finished when the test has stopped."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        options = environment.parsed_options
        assert options is not None
        self._folder: str | None = options.llocust_run
        self._headless = bool(options.headless)
        self._announcer = Announcer(listening=self._folder is not None)
        self._lobby = Lobby(environment, self._announcer) if isinstance(environment.runner, MasterRunner) else None
        self._limit_s = self._take_run_time()
        _or_exit(partial(adopt_typed, environment))
        self._prepared: Plan | None = None
        self._hand: Hand | None = None
        self._campaign: Campaign | None = None
        self._conductor: Conductor | None = None
        self._follower: Follower | None = None
        self._greenlets: list[gevent.Greenlet[..., None]] = []
        if self._headless:
            self._prepared = _or_exit(self._prepare)
        if self._folder is not None:
            gevent.signal_handler(signal.SIGINT, self._finish_early)
            if self._lobby is not None and self._prepared is not None:
                gevent.spawn(await_first, self._lobby, self._prepared.options, self._announcer)
        environment.events.test_start.add_listener(self.begin)
        environment.events.test_stopping.add_listener(self.stopping)
        environment.events.test_stop.add_listener(self.stopped)
        environment.events.quitting.add_listener(self.quitting)
        environment.events.reset_stats.add_listener(self.reset)

    def get_ready(self) -> str | None:
        """Prepare the next run ahead of its test. Why it cannot begin, in a sentence, or None."""
        try:
            self._prepared = self._prepare()
        except _REFUSALS as error:
            return str(error)
        return None

    def begin(self, **_: object) -> None:
        """A test begins. To Locust it does so again when all its workers were away; a sweep does not."""
        if self._conductor is not None:
            return
        try:
            plan, self._prepared = self._prepared or self._prepare(), None
        except _REFUSALS as error:
            set_refusal(self._environment, str(error))
            logger.error("%s", error)
            return
        set_plan(self._environment, plan)
        self._campaign = self._with_workers(plan, self._lobby) if self._lobby is not None else self._alone(plan)
        self._greenlets = [gevent.spawn(act) for act in self._acts(self._campaign)]
        for greenlet in self._greenlets:
            greenlet.link_exception(self._fail)

    def stopping(self, **_: object) -> None:
        """The users are about to be stopped; what is measured ends here."""
        if self._follower is not None:
            self._follower.close()
        elif self._in_form:
            self._break_off()

    def stopped(self, **_: object) -> None:
        """The users are gone."""
        if self._hand is not None:
            self._hand.finish()
        if self._follower is not None and self._campaign is not None:
            follower, self._follower = self._follower, None
            self._end_greenlets()
            follower.finish()
            self._leave()
            if self._campaign.trouble is not None:
                self._environment.process_exit_code = 1
            self._report(self._campaign.plan)
        elif self._in_form and self._conductor is not None and self._campaign is not None:
            self._conductor = None
            self._report(self._campaign.plan)

    def _break_off(self) -> None:
        """End a sweep that has not left yet, which it does after its last point."""
        if self._conductor is not None and self._campaign is not None and not self._campaign.logbook.left:
            self._end_greenlets()
            self._conductor.break_off()
            self._leave()

    @property
    def _in_form(self) -> bool:
        """Whether runs are begun in Locust's web page."""
        return self._folder is None and not self._headless

    def reset(self, **_: object) -> None:
        """Somebody emptied Locust's table; the run is what it was."""
        if self._conductor is not None:
            self._conductor.miss_table()

    def quitting(self, **_: object) -> None:
        """The process is about to end: nothing may start another point."""
        self._end_greenlets()
        if self._follower is not None and self._lobby is not None:
            # Locust's own quit would not wait for the workers, and lose what they saw last.
            assert self._environment.runner is not None
            self._environment.runner.stop()
            self._await_workers_back()
        self._break_off()

    def _finish_early(self) -> None:
        if self._conductor is not None:
            self._conductor.finish_early()
        else:
            signal.raise_signal(signal.SIGTERM)

    def _take_run_time(self) -> float | None:
        # Locust's own -t drops the requests in flight; a headless run is ended by us instead.
        options = self._environment.parsed_options
        if not self._headless or options is None:
            return None
        limit_s: float | None = options.run_time
        options.run_time = None
        return limit_s

    def _prepare(self) -> Plan:
        if self._folder is not None:
            folder = Path(self._folder)
            manifest = run.read_manifest(folder)
            options = from_manifest(manifest)
            own.load_those_of(options)
            testset, ways, canaries = check(options, manifest.synthetic)
        else:
            options, steps = read_arguments(self._environment), read_steps(self._environment)
            own.load_those_of(options)
            points = [Point(index=index, users=users) for index, users in enumerate(steps, 1)]
            kind: Literal["sweep", "plain"] = "sweep" if points else "plain"
            folder, manifest, testset, canaries = open_run(options, kind=kind, command=_command(), points=points)
            ways = find_ways(options)
        return Plan(folder, manifest, options, testset, ways, canaries)

    def _alone(self, plan: Plan) -> Campaign:
        worker = label(0, len(plan.manifest.processes))
        plan.manifest.processes.append(this_process(worker))
        calm_garbage_collection()
        stage = Stage(plan, worker)
        set_stage(self._environment, stage)
        self._hand = Hand(self._environment, stage)
        return Campaign(plan, Crew([self._hand]), self._announcer)

    def _with_workers(self, plan: Plan, lobby: Lobby) -> Campaign:
        lobby.open_run(plan)
        return Campaign(plan, Crew([]), self._announcer, lobby.depot, lobby.offset)

    def _acts(self, campaign: Campaign) -> list[Callable[[], None]]:
        muster = Muster(self._environment, campaign, self._lobby)
        if campaign.plan.manifest.kind == "sweep":
            self._conductor = Conductor(self._environment, campaign, muster.complete)
            return [self._conduct]
        self._follower = Follower(self._environment, campaign)
        if self._lobby is not None:
            # Before Locust sends the workers their users, which it does as soon as this returns.
            muster.present()
            self._follower.look()
        if self._limit_s is None:
            return [self._follow]
        return [self._follow, partial(self._end_after, self._limit_s)]

    def _conduct(self) -> None:
        assert self._conductor is not None
        assert self._environment.runner is not None
        self._conductor.conduct()
        self._leave()
        if self._in_form:
            self._environment.runner.stop()
        else:
            self._environment.runner.quit()

    def _follow(self) -> None:
        assert self._follower is not None
        assert self._campaign is not None
        self._follower.follow()
        if self._campaign.trouble is not None:
            logger.error("%s", self._campaign.trouble)
            self._stop()

    def _end_after(self, limit_s: float) -> None:
        assert self._follower is not None
        self._follower.end_after(limit_s)
        self._stop()

    def _stop(self) -> None:
        runner = self._environment.runner
        assert runner is not None
        runner.stop()
        if self._headless:
            self._await_workers_back()
            runner.quit()

    def _leave(self) -> None:
        if self._hand is not None:
            self._hand.leave()
            self._hand = None
        if self._lobby is not None:
            self._lobby.release()

    def _await_workers_back(self) -> None:
        if self._lobby is None:
            return
        until_ns = time.monotonic_ns() + _BACK_LIMIT_S * NS_PER_S
        while not self._lobby.all_back and time.monotonic_ns() < until_ns:
            gevent.sleep(0.05)

    def _end_greenlets(self) -> None:
        greenlets, self._greenlets = self._greenlets, []
        gevent.killall([greenlet for greenlet in greenlets if greenlet is not gevent.getcurrent()])

    def _fail(self, greenlet: "gevent.Greenlet[..., None]") -> None:
        # Without its conductor a run would go on for ever; what was recorded is kept and reported.
        logger.error("The run cannot go on: %s", greenlet.exception)
        assert self._environment.runner is not None
        self._environment.process_exit_code = 1
        self._environment.runner.quit()

    def _report(self, plan: Plan) -> None:
        tokenizer = plan.options.tokenizer
        counting = [] if tokenizer is None else ["--tokenizer", tokenizer]
        verb = "quality" if plan.options.quality else "report"
        command = [sys.executable, "-m", "harness.cli", verb, str(plan.folder), *counting]
        if self._headless:
            subprocess.run(command, check=False)  # noqa: S603 - our own module
        else:
            subprocess.Popen(command)  # noqa: S603


def _or_exit(act: Callable[[], T]) -> T:
    try:
        return act()
    except _REFUSALS as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None


def _command() -> list[str]:
    return ["locust", *sys.argv[1:]]


def _open_house(environment: Environment, **_: object) -> None:
    if isinstance(environment.runner, WorkerRunner):
        Worker(environment)
        open_web(environment, None)
    else:
        open_web(environment, House(environment))


def listen() -> None:
    """Join Locust's events."""
    events.init_command_line_parser.add_listener(add_arguments)
    events.init.add_listener(_open_house)
