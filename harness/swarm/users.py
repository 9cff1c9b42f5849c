"""The user class that locustfiles build on: Locust's HttpUser, and one method that asks a prompt and streams the answer."""

import time
from functools import cached_property
from typing import Any, NamedTuple

import gevent
from locust import HttpUser
from locust.event import EventHook
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_RUNNING, LOCUST_STATE_STOPPING, LOCUST_STATE_WAITING

from harness.conversation import ALONE, Conversation, Place, following
from harness.exchange import Ledger, exchange
from harness.metrics import NS_PER_S
from harness.outcome import FAILED, Outcome
from harness.own import load_query_model
from harness.pauses import draw_us
from harness.record import Record
from harness.swarm import books
from harness.swarm.stage import Stage, stage_of
from harness.testset import Prompt
from harness.wire import Wire
from harness.wire.gate import gate
from harness.wire.query import Query

PAUSE_AFTER_FAILURE_S = 0.1
"""A server that refuses at once would else be asked thousands of times a second by each user."""

exchanged = EventHook()
"""Fired with `record` (harness.record.Record) and `environment` when an exchange has ended, whatever came of it.

    @exchanged.add_listener
    def note(record, environment, **_): ...
"""


class _Answer(NamedTuple):
    record: Record
    text: str
    """Also where the record does not keep it, if the conversation is live."""


class PromptUser(HttpUser):
    """Asks prompts of the run's testset. `self.client` stays Locust's session, for any other request.

    Subclasses that override `on_stop` call `super().on_stop()`.
    """

    abstract = True

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self._turn = 0
        self._asked = 0
        self._conversations = 0
        self._wire: Wire | Query | None = None

    @cached_property
    def stage(self) -> Stage:
        """The run this user belongs to. Raises StopTest where none could begin."""
        return stage_of(self.environment)

    @cached_property
    def index(self) -> int:
        """The user's global index in the point."""
        return self.stage.next_user()

    def next_prompt(self) -> Prompt:
        """This user's next prompt, by the run's seed and the user's index; with --canary-every now and then a canary."""
        canary = self.stage.canary(self.index, self._asked)
        self._asked += 1
        if canary is not None:
            return canary
        prompt = self.stage.prompt(self.index, self._turn)
        self._turn += 1
        return prompt

    def ask(self, prompt: Prompt) -> Record:
        """Send the prompt, stream the answer to its end, and return the record, also of a failure.

        The first request of a user waits for the user's own moment, so that users do not begin in batches. After a
        failure the user pauses for PAUSE_AFTER_FAILURE_S.
        """
        return self._exchange(prompt, ALONE).record

    def converse(self, prompt: Prompt) -> Record:
        """Ask the prompt as the run's options say: turn by turn (--conversations), or else as one request.

        Returns the record of the last turn that was asked; `exchanged` tells of each. A turn that fails is the last.
        """
        options = self.stage.plan.options
        if options.conversations is None or prompt.canary:
            return self.ask(prompt)
        conversation = Conversation(prompt, live=options.conversations == "live", most=options.max_turns)
        number = self._conversations
        self._conversations += 1
        place = Place(turns=conversation.turns)
        while True:
            record, text = self._exchange(conversation.asked(), place)
            if record.outcome is not Outcome.OK or not conversation.go_on(text):
                return record
            place = self._think(record, number)

    def _think(self, record: Record, conversation: int) -> Place:
        """The place of the turn after this one, once it is due."""
        options = self.stage.plan.options
        pause, turn = options.think_time, record.turn + 1
        us = None if pause is None else draw_us(pause, options.seed, self.index, conversation, turn)
        place = following(record, us)
        if self._state == LOCUST_STATE_STOPPING:
            raise StopUser
        if place.due_ns is not None:
            # As Locust's own wait_time does it: whoever only waits is stopped at once, also where Locust is told to
            # let requests end.
            self._state = LOCUST_STATE_WAITING
            _sleep_until(place.due_ns)
            self._state = LOCUST_STATE_RUNNING
        return place

    def _exchange(self, prompt: Prompt, place: Place) -> _Answer:
        wire = self._wire or self._arrive()
        self.stage.admit()
        gate().wait()
        try:
            ledger, call = self.stage.open(self.index, prompt, place)
        except Exception:
            self.stage.ended += 1  # a bounded point counts its requests, and this one will never be sent
            raise
        record = exchange(ledger, call, wire, time.monotonic_ns, self._keep)
        if record.outcome in FAILED:
            gevent.sleep(PAUSE_AFTER_FAILURE_S)
        return _Answer(record, ledger.text)

    def on_stop(self) -> None:
        """Close the user's connection."""
        if self._wire is not None:
            self._wire.close()

    def _arrive(self) -> Wire | Query:
        _sleep_until(self.stage.begins_ns(self.index))
        self.stage.arrived += 1
        file = self.stage.plan.options.query_model
        network = self.stage.aim(self.index).network
        self._wire = Wire(self.client, network) if file is None else Query(load_query_model(file))
        return self._wire

    def _keep(self, ledger: Ledger, now_ns: int) -> Record:
        record = self.stage.keep(ledger, now_ns)
        wall_s = time.time() - (now_ns - ledger.begun_ns) / NS_PER_S
        books.post(self.environment, record, wall_s=wall_s, url=self.host or "", context=self.context())
        exchanged.fire(record=record, environment=self.environment)
        return record


def _sleep_until(moment_ns: int) -> None:
    # gevent counts from where its loop last looked at the clock, and may ring a little early.
    while (left_ns := moment_ns - time.monotonic_ns()) > 0:
        gevent.sleep(left_ns / NS_PER_S)
