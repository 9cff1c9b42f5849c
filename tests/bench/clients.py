"""The three clients of the accuracy bench: how each is started under the same load, and what it says it saw."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
from rows import Orders
from support.command import BIN, Run, environment, latest
from support.simulator import Running
from watch import Watch

from harness.accuracy import Seen, Span, seen
from harness.record import Record

HERE = Path(__file__).parent
TAIL_S = 3.0
"""Clients go on for so long after the span, so that first tokens that are late are still seen."""
SETTLE_S = 2.0
_START_S, _REPORT_S = 20, 120
AT_ONCE = 1_000_000


class Load(NamedTuple):
    """One cell of the matrix."""

    streams: int
    ttft_s: float
    itl_s: float
    tokens: int
    window_s: float
    tls: bool
    burst: bool = False
    """All users begin at once, and their first requests alone are measured."""

    @property
    def answer_s(self) -> float:
        return self.ttft_s + self.itl_s * (self.tokens - 1)

    @property
    def spread_s(self) -> float:
        """Users begin evenly over this: over one answer, so that answers end evenly ever after; 5 s at least."""
        return 0.0 if self.burst else max(5.0, self.answer_s)

    @property
    def warm_s(self) -> float:
        return 0.0 if self.burst else self.spread_s + SETTLE_S

    @property
    def span_s(self) -> float:
        """What is measured: the window, or most of the first answers."""
        return 0.9 * self.answer_s if self.burst else self.window_s


class Ran(NamedTuple):
    """What a client left."""

    seen: list[Seen]
    span: Span
    watch: Watch
    records: list[Record] | None = None
    """Ours only."""


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """What is started within runs on this core alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def run_ours(load: Load, server: Running, core: int) -> Ran:
    """`llocust sweep` with one point, as users run it; only the measuring part is compared, not the report after it."""
    with tempfile.TemporaryDirectory() as name:
        words = (
            *(BIN / "llocust", "sweep", "--host", server.url, "--model", "sim", "--users", load.streams),
            *("--drain", TAIL_S, "--max-tokens", load.tokens, "--work-dir", name),
            *_course(load),
        )
        watch = _start([str(word) for word in words], core, load, _ca(server))
        return _read_run(load, latest(Path(name)), watch)


def _course(load: Load) -> tuple[object, ...]:
    if load.burst:
        return ("--requests", load.streams, "--spawn-rate", AT_ONCE)
    return ("--run-time", load.window_s, "--settle", SETTLE_S, "--spawn-rate", load.streams / load.spread_s)


def _read_run(load: Load, run: Run, watch: Watch) -> Ran:
    phases = run.manifest.points[0].phases["w0"]
    assert phases.window_ns is not None
    assert phases.cooldown_ns is not None
    span = Span(phases.window_ns, min(phases.cooldown_ns, phases.window_ns + int(load.span_s * 1e9)))
    records = run.records()
    sent = [seen(record) for record in records if record.sent_ns is not None]
    return Ran(sent, span, watch, records)


def run_plain(load: Load, server: Running, core: int) -> Ran:
    """plain_locust.py under Locust's own command."""
    # Locust's own -t counts from its start; a second is for the user class's grace.
    run_time_s = round(load.warm_s + load.span_s + TAIL_S + 1)
    words = (
        *(BIN / "locust", "-f", HERE / "plain_locust.py", "--headless", "--only-summary", "-t", f"{run_time_s}s"),
        *("-u", load.streams, "-r", load.streams / load.spread_s if load.spread_s else load.streams),
    )
    return _run_script([str(word) for word in words], load, server, core)


def run_bare(load: Load, server: Running, core: int) -> Ran:
    """bare_aiohttp.py."""
    return _run_script([sys.executable, str(HERE / "bare_aiohttp.py")], load, server, core)


def _run_script(words: list[str], load: Load, server: Running, core: int) -> Ran:
    with tempfile.TemporaryDirectory() as name:
        output = Path(name) / "rows.jsonl"
        told = Orders(
            server.url,
            load.streams,
            load.spread_s,
            load.warm_s,
            load.span_s,
            load.tokens,
            server.ca_file,
            str(output),
        )
        watch = _start(words, core, load, {"ACCURACY_ORDERS": json.dumps(told._asdict())})
        first, *lines = output.read_bytes().splitlines()
    begin_ns = json.loads(first)["begun_ns"] + int(load.warm_s * 1e9)
    rows = [msgspec.json.decode(line, type=Seen) for line in lines]
    return Ran(rows, Span(begin_ns, begin_ns + int(load.span_s * 1e9)), watch)


def _start(words: list[str], core: int, load: Load, variables: dict[str, str]) -> Watch:
    limit_s = _START_S + load.warm_s + load.span_s + TAIL_S + _REPORT_S
    with on_core(core), tempfile.TemporaryFile() as said:
        process = subprocess.Popen(words, env=environment(**variables), stdout=said, stderr=subprocess.STDOUT)
        watch = Watch(process)
    with process:
        status = watch.follow(limit_s)
    if status > 1:
        raise RuntimeError(f"{' '.join(words)} ended with {status}.")
    return watch


def _ca(server: Running) -> dict[str, str]:
    return {} if server.ca_file is None else {"REQUESTS_CA_BUNDLE": server.ca_file}


CLIENTS: dict[str, Callable[[Load, Running, int], Ran]] = {
    "llocust": run_ours,
    "plain Locust": run_plain,
    "bare aiohttp": run_bare,
}
