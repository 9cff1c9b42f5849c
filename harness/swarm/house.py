"""Our listeners in Locust's house: options at start-up, a stage when a test begins, a conductor or a follower on it.

A run folder named by `llocust sweep` is conducted through its planned points. Any other run is followed.
"""

import gc
import logging
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import gevent
from locust import events
from locust.env import Environment
from locust.runners import LocalRunner

from harness import run, shelf
from harness.opening import from_manifest, open_run, read_secrets
from harness.options import UsageMistakes
from harness.run import RunError
from harness.swarm.arguments import add_arguments, read_arguments
from harness.swarm.conductor import Conductor
from harness.swarm.follower import Follower
from harness.swarm.stage import Plan, Stage, set_refusal, set_stage
from harness.swarm.status import Announcer
from harness.testset import TestsetError
from harness.wire.models import ProbeError
from harness.wire.network import NetworkError, resolve

logger = logging.getLogger("llocust")

_REFUSALS = (UsageMistakes, TestsetError, ProbeError, RunError, NetworkError)


class House:
    """One environment's runs: each is opened when its test begins and finished when the test has stopped."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        options = environment.parsed_options
        assert options is not None
        self._folder: str | None = options.llocust_run
        self._headless = bool(options.headless)
        self._limit_s = self._take_run_time()
        self._announcer = Announcer(listening=self._folder is not None)
        self._prepared: Plan | None = None
        self._stage: Stage | None = None
        self._follower: Follower | None = None
        self._greenlets: list[gevent.Greenlet[..., None]] = []
        if self._headless:
            self._prepared = self._prepare_or_exit()
        environment.events.test_start.add_listener(self.begin)
        environment.events.test_stopping.add_listener(self.stopping)
        environment.events.test_stop.add_listener(self.stopped)
        environment.events.quitting.add_listener(self.quitting)

    def begin(self, **_: object) -> None:
        """A test begins."""
        try:
            plan, self._prepared = self._prepared or self._prepare(), None
        except _REFUSALS as error:
            set_refusal(self._environment, str(error))
            logger.error("%s", error)
            return
        _calm_garbage_collection()
        self._stage = Stage(plan, self._announcer)
        set_stage(self._environment, self._stage)
        self._greenlets = [gevent.spawn(act) for act in self._acts(self._stage)]
        for greenlet in self._greenlets:
            greenlet.link_exception(self._fail)

    def stopping(self, **_: object) -> None:
        """The users are about to be stopped; what is measured ends here."""
        if self._follower is not None:
            self._follower.close()

    def stopped(self, **_: object) -> None:
        """The users are gone."""
        stage, self._stage = self._stage, None
        self._end_greenlets()
        if stage is None:
            return
        if self._follower is not None:
            self._follower.finish()
            self._follower = None
            self._report(stage.plan.folder)
        elif not stage.left:
            _break_off(stage)

    def quitting(self, **_: object) -> None:
        """The process is about to end: nothing may start another point."""
        self._end_greenlets()

    def _take_run_time(self) -> float | None:
        # Locust's own -t drops the requests in flight; a headless run is ended by us instead.
        options = self._environment.parsed_options
        if not self._headless or options is None:
            return None
        limit_s: float | None = options.run_time
        options.run_time = None
        return limit_s

    def _prepare_or_exit(self) -> Plan:
        try:
            return self._prepare()
        except _REFUSALS as error:
            sys.stderr.write(f"{error}\n")
            raise SystemExit(2) from None

    def _prepare(self) -> Plan:
        if not isinstance(self._environment.runner, LocalRunner):
            raise UsageMistakes(
                ["llocust records the runs of one process so far: run without --master, --worker and --processes."]
            )
        if self._folder is not None:
            folder = Path(self._folder)
            manifest = run.read_manifest(folder)
            options = from_manifest(manifest)
            testset = shelf.find(options.testset)
        else:
            options = read_arguments(self._environment)
            folder, manifest, testset = open_run(options, kind="plain", command=_command(), points=[])
        return Plan(folder, manifest, options, testset, resolve(options.host), read_secrets(options))

    def _acts(self, stage: Stage) -> list[Callable[[], None]]:
        if self._folder is not None:
            return [Conductor(self._environment, stage).conduct]
        self._follower = Follower(self._environment, stage)
        if self._limit_s is None:
            return [self._follower.follow]
        return [self._follower.follow, partial(self._follower.end_after, self._limit_s)]

    def _end_greenlets(self) -> None:
        greenlets, self._greenlets = self._greenlets, []
        gevent.killall([greenlet for greenlet in greenlets if greenlet is not gevent.getcurrent()])

    def _fail(self, greenlet: "gevent.Greenlet[..., None]") -> None:
        # Without its conductor a run would go on for ever; what was recorded is kept and reported.
        logger.error("The run cannot go on: %s", greenlet.exception)
        assert self._environment.runner is not None
        self._environment.process_exit_code = 1
        self._environment.runner.quit()

    def _report(self, folder: Path) -> None:
        command = [sys.executable, "-m", "harness.cli", "report", str(folder)]
        if self._headless:
            subprocess.run(command, check=False)  # noqa: S603 - our own module
        else:
            subprocess.Popen(command)  # noqa: S603


def _calm_garbage_collection() -> None:
    """An exchange leaves no rings behind, so there is next to nothing to collect, and looking for it stops the loop for
    tens of milliseconds: what is there at the start is never looked at again, and what comes only when it is much.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)


def _break_off(stage: Stage) -> None:
    if stage.point is not None:
        stage.end(stage.point, whole=False)
    stage.leave(whole=False)


def _command() -> list[str]:
    return ["locust", *sys.argv[1:]]


def _open_house(environment: Environment, **_: object) -> None:
    House(environment)


def listen() -> None:
    """Join Locust's events."""
    events.init_command_line_parser.add_listener(add_arguments)
    events.init.add_listener(_open_house)
