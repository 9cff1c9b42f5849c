"""From the workers to the master: slices go along with Locust's own reports, every three seconds."""

import logging
from collections import deque
from typing import Any

import msgspec
from locust.env import Environment

from harness.live import Slice
from harness.swarm.web.sampler import Sampler
from harness.swarm.web.show import Show

KEY = "llocust_live"
KEPT = 60
"""Slices that wait for the next report. Older ones are given up: the view is live, the records are not lost."""

logger = logging.getLogger("llocust")


def ship(environment: Environment) -> None:
    """In a worker: sample, and send what was sampled."""
    waiting: deque[Slice] = deque(maxlen=KEPT)
    Sampler(environment, waiting.append)

    def report_to_master(data: dict[str, Any], **_: object) -> None:
        # As bytes: what Locust cannot pack would end its reporting for good, and a number of numpy is enough.
        data[KEY] = msgspec.msgpack.encode(list(waiting))
        waiting.clear()

    environment.events.report_to_master.add_listener(report_to_master)


def collect(environment: Environment, show: Show) -> None:
    """In the master: take what the workers send. In a process without workers nothing comes."""

    def worker_report(client_id: str, data: dict[str, Any], **_: object) -> None:
        packed = data.get(KEY)
        if packed is None:
            return
        try:
            pieces = msgspec.msgpack.decode(packed, type=list[Slice])
        except (msgspec.DecodeError, TypeError) as error:
            logger.warning("The live figures of worker %s cannot be read: %s.", client_id, error)
        else:
            show.take(client_id, pieces)

    environment.events.worker_report.add_listener(worker_report)
