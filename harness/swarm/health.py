"""The generator's own health: how late its loop is, and what CPU it takes.

A greenlet sleeps 20 ms and notes by how much it overslept: what happens to it happens to everything else in the loop.
Once a second it writes a line.
"""

import time
from collections.abc import Callable

import gevent
import psutil
from locust.event import EventHook

from harness.record import Health

PROBE_S = 0.020
LINE_S = 1.0

pulse = EventHook()
"""Fired with `health` (harness.record.Health) for each line: once a second, and where a window opens or closes."""


class HealthProbe:
    """Runs in each load process until stopped; `write` gets one Health a second."""

    def __init__(self, write: Callable[[Health], None], crowd: Callable[[], tuple[int, int]]) -> None:
        self._write = write
        self._crowd = crowd
        self._process = psutil.Process()
        self._lag_us: list[int] = []
        self._greenlet: gevent.Greenlet[..., None] | None = None

    def start(self) -> None:
        """Begin; a second call does nothing."""
        if self._greenlet is None:
            self._line_ns = time.monotonic_ns()
            self._cpu_ns = time.process_time_ns()
            self._greenlet = gevent.spawn(self._watch)

    def stop(self) -> None:
        """End without a last line."""
        if self._greenlet is not None:
            self._greenlet.kill(block=False)
            self._greenlet = None

    def _watch(self) -> None:
        while True:
            before_ns = time.monotonic_ns()
            gevent.sleep(PROBE_S)
            now_ns = time.monotonic_ns()
            self._lag_us.append(max(0, (now_ns - before_ns) // 1000 - int(PROBE_S * 1e6)))
            if now_ns - self._line_ns >= LINE_S * 1e9:
                self.cut()

    def cut(self) -> None:
        """Write the time since the last line as a line, so that a new phase begins with a line of its own."""
        if self._greenlet is None:
            return
        now_ns, cpu_ns = time.monotonic_ns(), time.process_time_ns()
        in_flight, users = self._crowd()
        line = Health(
            at_ns=now_ns,
            wall_minus_monotonic_ns=time.time_ns() - time.monotonic_ns(),
            elapsed_ns=now_ns - self._line_ns,
            cpu_ns=cpu_ns - self._cpu_ns,
            rss_bytes=self._process.memory_info().rss,
            lag_us=self._lag_us,
            in_flight=in_flight,
            users=users,
        )
        self._line_ns, self._cpu_ns, self._lag_us = now_ns, cpu_ns, []
        self._write(line)
        pulse.fire(health=line)
