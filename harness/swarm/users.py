"""The user class that locustfiles build on: Locust's HttpUser, and one method that asks a prompt and streams the answer."""

import time
from functools import cached_property
from typing import Any

import gevent
from locust import HttpUser
from locust.event import EventHook

from harness.exchange import Ledger, exchange
from harness.metrics import NS_PER_S
from harness.outcome import FAILED
from harness.record import Record
from harness.swarm import books
from harness.swarm.stage import Stage, stage_of
from harness.testset import Prompt
from harness.wire import Wire
from harness.wire.gate import gate

PAUSE_AFTER_FAILURE_S = 0.1
"""A server that refuses at once would else be asked thousands of times a second by each user."""

exchanged = EventHook()
"""Fired with `record` (harness.record.Record) and `environment` when an exchange has ended, whatever came of it.

    @exchanged.add_listener
    def note(record, environment, **_): ...
"""


class PromptUser(HttpUser):
    """Asks prompts of the run's testset. `self.client` stays Locust's session, for any other request.

    Subclasses that override `on_stop` call `super().on_stop()`.
    """

    abstract = True

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self._turn = 0
        self._wire: Wire | None = None

    @cached_property
    def stage(self) -> Stage:
        """The run this user belongs to. Raises StopTest where none could begin."""
        return stage_of(self.environment)

    @cached_property
    def index(self) -> int:
        """The user's global index in the point."""
        return self.stage.next_user()

    def next_prompt(self) -> Prompt:
        """This user's next prompt, by the run's seed and the user's index."""
        prompt = self.stage.prompt(self.index, self._turn)
        self._turn += 1
        return prompt

    def ask(self, prompt: Prompt) -> Record:
        """Send the prompt, stream the answer to its end, and return the record, also of a failure.

        The first request of a user waits for the user's own moment, so that users do not begin in batches. After a
        failure the user pauses for PAUSE_AFTER_FAILURE_S.
        """
        wire = self._wire or self._arrive()
        self.stage.admit()
        gate().wait()
        try:
            ledger, call = self.stage.open(self.index, prompt, turn=0)
        except Exception:
            self.stage.ended += 1  # a bounded point counts its requests, and this one will never be sent
            raise
        record = exchange(ledger, call, wire, time.monotonic_ns, self._keep)
        if record.outcome in FAILED:
            gevent.sleep(PAUSE_AFTER_FAILURE_S)
        return record

    def on_stop(self) -> None:
        """Close the user's connection."""
        if self._wire is not None:
            self._wire.close()

    def _arrive(self) -> Wire:
        wait_s = (self.stage.begins_ns(self.index) - time.monotonic_ns()) / NS_PER_S
        if wait_s > 0:
            gevent.sleep(wait_s)
        self.stage.arrived += 1
        self._wire = Wire(self.client, self.stage.plan.network)
        return self._wire

    def _keep(self, ledger: Ledger, now_ns: int) -> Record:
        record = self.stage.keep(ledger, now_ns)
        wall_s = time.time() - (now_ns - ledger.begun_ns) / NS_PER_S
        books.post(self.environment, record, wall_s=wall_s, url=self.host or "", context=self.context())
        exchanged.fire(record=record, environment=self.environment)
        return record
