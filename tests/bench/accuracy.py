"""What llocust adds to the numbers, and what it costs, beside plain Locust and a bare aiohttp loop in the same run.

    python tests/bench/accuracy.py [--quick | --full] [--streams N...] [--tokens N...] [--transport plain tls]
                                   [--clients NAME...] [--repeat N] [--patience S] [--output DIR]

The client has one core for itself, the simulator another. What each client says is joined, request by request, with the
simulator's log of its sends: the same clock, so every difference is the client's (and the loopback's, tens of µs). See
docs/accuracy.md. Prints Markdown, writes accuracy.json; asserts nothing.
"""

import argparse
import itertools
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import msgspec
import psutil
from clients import CLIENTS, Load, Ran, on_core
from support.simulator import Running, running_simulator
from table import heading, line, say_targets

from harness.accuracy import Accuracy, Sent, bounded_ratio, compare, unmarked_ratio


class Pace(NamedTuple):
    """How fast streams are at a number of streams."""

    ttft_s: float
    itl_s: float


FAST, SLOW = Pace(0.1, 0.02), Pace(0.2, 0.0588)
STREAMS = {100: FAST, 400: FAST, 1000: SLOW, 2000: SLOW}
WINDOW_S = 8.0
CALM_PERCENT = 10


class Cell(NamedTuple):
    """One client under one load."""

    client: str
    load: Load
    accuracy: Accuracy
    cpu_us_per_token: float
    cpu_ratio: float
    """Of one core, in the span."""
    robbed_ratio: float
    """Share of the span for which the client was ready and something else had its core."""
    peak_rss_bytes: int
    bounded_ratio: float | None
    unmarked_ratio: float | None
    """Ours only: events that are later than their record admits."""

    @property
    def concurrency_ratio(self) -> float:
        return self.accuracy.concurrency / self.load.streams


def measure(client: str, load: Load, cores: list[int]) -> Cell:
    """A fresh simulator and a fresh client."""
    arguments = ("--ttft", load.ttft_s, "--itl", load.itl_s, "--tokens", load.tokens, *(["--tls"] if load.tls else []))
    with on_core(cores[0]), running_simulator(*map(str, arguments)) as server:
        ran = CLIENTS[client](load, server, cores[-1])
        sent = read_truth(server)
    return judge(client, load, ran, sent)


def read_truth(server: Running) -> dict[str, Sent]:
    """The simulator's log by request id."""
    rows = (msgspec.json.decode(row, type=Sent) for row in server.get("/truth/requests").splitlines())
    return {row.id: row for row in rows}


def judge(client: str, load: Load, ran: Ran, sent: dict[str, Sent]) -> Cell:
    accuracy, records = compare(ran.seen, sent, ran.span), ran.records
    cpu_s = ran.watch.spent_s(*ran.span)
    return Cell(
        client=client,
        load=load,
        accuracy=accuracy,
        cpu_us_per_token=cpu_s * 1e6 / max(accuracy.tokens, 1),
        cpu_ratio=cpu_s / load.span_s,
        robbed_ratio=ran.watch.queued_s(*ran.span) / load.span_s,
        peak_rss_bytes=ran.watch.peak_rss_bytes(ran.span.end_ns),
        bounded_ratio=None if records is None else bounded_ratio(records, ran.span),
        unmarked_ratio=None if records is None else unmarked_ratio(records, sent, ran.span),
    )


def loads(options: argparse.Namespace) -> Iterator[Load]:
    for streams, tokens, transport in itertools.product(options.streams, options.tokens, options.transport):
        pace = STREAMS.get(streams, FAST)
        yield Load(streams, pace.ttft_s, pace.itl_s, tokens, options.window, transport == "tls", options.burst)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="100 and 400 streams, 64 tokens, plain (default)")
    parser.add_argument("--full", action="store_true", help="all streams, 64 and 512 tokens, plain and TLS")
    parser.add_argument("--streams", type=int, nargs="+")
    parser.add_argument("--tokens", type=int, nargs="+")
    parser.add_argument("--transport", nargs="+", choices=("plain", "tls"))
    parser.add_argument("--clients", nargs="+", choices=tuple(CLIENTS), default=list(CLIENTS))
    parser.add_argument("--window", type=float, default=WINDOW_S, help="seconds measured (default %(default)s)")
    parser.add_argument("--burst", action="store_true", help="all users at once; their first requests are measured")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--patience", type=float, default=0, help="seconds to wait before each run for an idle machine")
    parser.add_argument("--output", type=Path, default=Path("output/bench"))
    options = parser.parse_args()
    options.streams = options.streams or (list(STREAMS) if options.full else [100, 400])
    options.tokens = options.tokens or ([64, 512] if options.full else [64])
    options.transport = options.transport or (["plain", "tls"] if options.full else ["plain"])
    return options


def main() -> None:
    options = read_options()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        sys.exit("The bench needs two cores: one for the client, one for the simulator.")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # A bench that is asked to stop leaves no simulator behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    cells: list[Cell] = []
    for load in loads(options):
        print(heading(load), flush=True)
        for _, client in itertools.product(range(options.repeat), options.clients):
            wait_for_calm(options.patience)
            cells.append(measure(client, load, cores))
            print(line(cells[-1]), flush=True)
            write(options.output, cells)
    print(say_targets(cells))


def wait_for_calm(patience_s: float) -> None:
    """Until the machine has been idle for three seconds, or patience is at an end."""
    give_up_s = time.monotonic() + patience_s
    while time.monotonic() < give_up_s and psutil.cpu_percent(interval=3) > CALM_PERCENT:
        pass


def write(folder: Path, cells: list[Cell]) -> None:
    """All cells so far; a bench that is stopped leaves what it has."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "accuracy.json"
    path.write_text(
        json.dumps([_plain(cell) | {"concurrency_ratio": cell.concurrency_ratio} for cell in cells], indent=1)
    )


def _plain(value: Any) -> Any:
    fields = getattr(value, "_asdict", None)
    return {name: _plain(each) for name, each in fields().items()} if fields else value


if __name__ == "__main__":
    main()
