"""Getting the crew of a run together, and saying so where it does not come."""

import signal
import time

import gevent
from locust.env import Environment

from harness.metrics import NS_PER_S
from harness.options import Options
from harness.swarm.campaign import Campaign
from harness.swarm.lobby import Lobby
from harness.swarm.status import Announcer

TICK_S = 0.05
TELL_EVERY_S = 5
START_LIMIT_S = 60
"""For workers that are started here to be there."""
GREET_LIMIT_S = 2
"""For workers that Locust knows to have said who they are."""


def await_first(lobby: Lobby, options: Options, announcer: Announcer) -> None:
    """Until a first worker is there, with which Locust begins; where none comes in time, this process ends."""
    crier = _Crier(announcer, options)
    begun_ns = time.monotonic_ns()
    while not lobby.anybody:
        crier.say(0)
        if crier.limit_s and (time.monotonic_ns() - begun_ns) / NS_PER_S > crier.limit_s:
            announcer.tell("end", trouble=crier.too_few(0))
            # Locust waits on, and takes no other way out at this time.
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.raise_signal(signal.SIGTERM)
        gevent.sleep(TICK_S)


class _Crier:
    """Says how many workers are there, now and then."""

    def __init__(self, announcer: Announcer, options: Options) -> None:
        self.wanted = options.processes or options.expect_workers
        self.limit_s = START_LIMIT_S if options.processes else options.expect_workers_max_wait_s
        self._announcer = announcer
        self._said_ns = time.monotonic_ns()

    def say(self, there: int) -> None:
        now_ns = time.monotonic_ns()
        if now_ns - self._said_ns > TELL_EVERY_S * NS_PER_S:
            self._said_ns = now_ns
            self._announcer.tell("worker", text=f"Waiting for workers: {there} of {self.wanted} are there.")

    def too_few(self, there: int) -> str:
        return (
            f"{there} of {self.wanted} workers came within {self.limit_s:g} s; "
            "give --expect-workers-max-wait more time, or --expect-workers fewer."
        )


class Muster:
    """One run's. Without a lobby the crew is this process, and there."""

    def __init__(self, environment: Environment, campaign: Campaign, lobby: Lobby | None) -> None:
        self._environment = environment
        self._campaign = campaign
        self._lobby = lobby
        self._crier = _Crier(campaign.announcer, campaign.plan.options)

    def complete(self) -> None:
        """Wait for all workers that the run was to have; the run is halted if they do not come."""
        lobby = self._lobby
        if lobby is None:
            return
        begun_ns = time.monotonic_ns()
        while not self._campaign.halted:
            lobby.assign()
            if lobby.enlisted >= self._crier.wanted and lobby.enlisted == len(lobby.remotes):
                break
            self._crier.say(lobby.enlisted)
            self._give_up_if_hopeless(lobby, (time.monotonic_ns() - begun_ns) / NS_PER_S)
            gevent.sleep(TICK_S)
        self._take(lobby)

    def present(self) -> None:
        """Take the workers that are there now."""
        lobby = self._lobby
        assert lobby is not None
        until_ns = time.monotonic_ns() + GREET_LIMIT_S * NS_PER_S
        while lobby.strangers and time.monotonic_ns() < until_ns:
            gevent.sleep(TICK_S)
        lobby.assign()
        self._take(lobby)

    def _take(self, lobby: Lobby) -> None:
        lobby.close_door()
        self._campaign.crew.members = list(lobby.remotes)

    def _give_up_if_hopeless(self, lobby: Lobby, waited_s: float) -> None:
        started_here = self._campaign.plan.options.processes > 0
        if started_here and lobby.declined:
            self._campaign.give_up(lobby.declined[0])
        elif self._crier.limit_s and waited_s > self._crier.limit_s:
            self._campaign.give_up(self._crier.too_few(lobby.enlisted))
