"""Comparing the workers' wall clocks with the master's, by messages over Locust's connection."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import gevent

from harness.clocks import Offset, Sample, estimate

ROUNDS = 10
APART_S = 0.05


def answer(message: Mapping[str, Any]) -> dict[str, int]:
    """What a worker sends back (`llocust.pong`) when it is asked (`llocust.ping`)."""
    heard_ns = time.time_ns()
    return {"asked_ns": message["asked_ns"], "heard_ns": heard_ns, "answered_ns": time.time_ns()}


class Clocks:
    """The master's. `send` gets a question (`llocust.ping`) and the node it is for."""

    def __init__(self, send: Callable[[dict[str, Any], str], None]) -> None:
        self._send = send
        self._samples: defaultdict[str, list[Sample]] = defaultdict(list)

    def ask(self, nodes: Iterable[str], rounds: int = ROUNDS) -> None:
        """Ask all of them some times over; takes rounds × APART_S, and waits for no answer beyond that."""
        asked = list(nodes)
        for _ in range(rounds):
            for node in asked:
                self._send({"asked_ns": time.time_ns()}, node)
            gevent.sleep(APART_S)

    def take(self, message: Mapping[str, Any], node: str) -> None:
        """A worker's answer (`llocust.pong`)."""
        back_ns = time.time_ns()
        sample = Sample(message["asked_ns"], message["heard_ns"], message["answered_ns"], back_ns)
        self._samples[node].append(sample)

    def offset(self, node: str) -> Offset | None:
        """The worker's clock minus ours; None until it has answered."""
        return estimate(self._samples[node])
