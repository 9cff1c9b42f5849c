"""What a master costs: records of many workers, over Locust's own connection, into one run folder.

    python tests/bench/master.py [--workers 40] [--rate 20000] [--events 64] [--seconds 10]

Each worker is Locust's own runner with our spool and shipper, and tells its counts as a worker does; in place of users,
ready-made records are written to its spool once a second, as the recorder does. Several workers share a process. The master is
alone in its own: it keeps the blocks, adds up the counts as its conductor does, and takes Locust's heartbeats and statistics.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

import psutil
from support.folders import health, manifest, phases, process, record
from watch import Watch

from harness.block import Stream, pack, unpack
from harness.record import to_line
from harness.run import Point, records_path
from harness.simulator.words import _TOKENS as TOKENS
from harness.spool import read_lines

TARGET_RATE, TARGET_CPU, TARGET_WORKER_CPU = 20_000, 0.25, 0.01
FEEDERS = 2
WARM_S = 4.0
DISTINCT = 2000
ROW = Point(index=1, users=4000)


def make_lines(events: int) -> list[bytes]:
    """Records with stamps, token sizes and texts that differ like real ones, in the simulator's language."""
    draw = random.Random(events)
    return [to_line(_record(draw, seq, events)) for seq in range(DISTINCT)]


def _record(draw: random.Random, seq: int, events: int):
    at_ms, tokens = draw.gauss(200, 30), draw.choices(TOKENS, k=events)
    events_ms = [at_ms := at_ms + abs(draw.gauss(20, 3)) for _ in range(events)]
    chars = [len(token) for token in tokens]
    return record(
        seq / 2, events_ms, chars, seq=seq, user=draw.randrange(4000), id=f"5f0c-w0-1-{seq:06d}", text="".join(tokens)
    )


# The master


def run_master(folder: Path, workers: int) -> None:
    """Until told to end on standard input; then says what it saw, as JSON."""
    import gevent
    from locust.env import Environment

    from harness.swarm import papers
    from harness.swarm.depot import Depot
    from harness.swarm.orders import Count, count_of

    runner = Environment().create_master_runner("127.0.0.1", 0)
    counts = {"in": 0, "out": 0, "packed_bytes": 0}
    said: dict[str, Count] = {}

    def answer(message, node):
        counts["out"] += 1
        runner.send_message(papers.RECEIPT, message, client_id=node)

    def take(msg, **_):
        counts["in"] += 1
        counts["packed_bytes"] += len(msg.data["data"])
        depot.take(msg.data, msg.node_id)

    def take_count(msg, **_):
        said[msg.node_id] = count_of(msg.data)

    labels = [process(f"w{rank}") for rank in range(workers)]
    depot = Depot(folder, manifest([ROW], processes=labels), answer)
    runner.register_message(papers.BLOCK, take)
    runner.register_message(papers.COUNT, take_count)
    depot.start()
    late_ms: list[float] = []
    gevent.spawn(_probe, late_ms)
    gevent.spawn(_conduct, said)
    _say({"port": runner.server.port})
    while _listen() == "look\n":
        late, late_ms[:] = sorted(late_ms), []
        there = sum(depot.held(label.worker, ROW)["records"] for label in labels)
        _say(counts | {"workers": len(said), "bytes": there, "late_ms": late[int(0.99 * len(late))]})
    depot.stop()


def _conduct(said) -> None:
    """What a conductor does all the time."""
    import gevent

    from harness.swarm.campaign import TICK_S
    from harness.swarm.crew import add_up

    while True:
        if said:
            add_up(list(said.values()))
        gevent.sleep(TICK_S)


def _probe(late_ms: list[float]) -> None:
    import gevent

    while True:
        begun_s = time.monotonic()
        gevent.sleep(0.02)
        late_ms.append((time.monotonic() - begun_s - 0.02) * 1000)


# The workers


def run_feeder(work_dir: Path, port: int, ranks: list[int], rate: float, events: int) -> None:
    """Until its standard input is closed; then ships what is left and says how much it wrote."""
    import gevent
    import gevent.event

    lines = make_lines(events)
    ending = gevent.event.Event()
    workers = [gevent.spawn(_feed, work_dir, port, rank, rate, lines, ending) for rank in ranks]
    _say({"ready": True})
    _listen()
    ending.set()
    gevent.joinall(workers, raise_error=True)
    written = [worker.value for worker in workers]
    _say({"records": sum(row[0] for row in written), "drained": all(row[1] for row in written)})


def _feed(work_dir: Path, port: int, rank: int, rate: float, lines: list[bytes], ending) -> tuple[int, bool]:
    """One worker: Locust's runner, a spool, a shipper; `rate` records a second."""
    import gevent
    from locust.env import Environment

    from harness.spool import Spool
    from harness.swarm import papers
    from harness.swarm.recorder import Recorder
    from harness.swarm.shipper import Shipper

    environment = Environment()
    runner = environment.create_worker_runner("127.0.0.1", port)
    spool = Spool(work_dir, "bench", f"w{rank}")
    shipper = Shipper(spool, lambda message: runner.send_message(papers.BLOCK, message))
    runner.register_message(papers.RECEIPT, lambda msg, **_: shipper.acknowledge(msg.data))
    recorder = Recorder(spool.folder, ROW, spool.worker)
    shipper.begin(ROW)
    shipper.start()
    telling = gevent.spawn(_tell_counts, runner)
    begun_s, written, draw = time.monotonic() + rank * 0.37 % 1, 0, random.Random(rank)
    (second,) = health(1)
    while not ending.wait(max(0, begun_s + written / rate + 1 - time.monotonic())):
        due = int((time.monotonic() - begun_s) * rate) - written
        recorder._records.write(b"".join(lines[(written + number) % DISTINCT] for number in range(due)))
        recorder.write_health(second)
        written += due
        for _ in range(min(due, 100)):  # enough to fill Locust's histograms as real ones are
            environment.stats.log_request("POST", "chat", draw.lognormvariate(7, 0.3), 900)
    recorder.close()
    shipper.finish(ROW)
    drained = shipper.drain(30)
    telling.kill()
    runner.quit()
    return written, drained


def _tell_counts(runner) -> None:
    import gevent

    from harness.swarm import papers
    from harness.swarm.orders import Count, to_message
    from harness.swarm.tally import Tally
    from harness.swarm.worker import COUNT_EVERY_S

    tally = Tally(0)
    for number in range(1000):
        tally.add(record(seq=number, events_ms=(100 + number / 7, 500)))
    crowd = {"arrived": 100, "answered": 100, "ended": 1000, "in_flight": 100, "awaited": 0, "quiet_ns": 1000}
    spent = {"tickets": None, "tickets_left": 0, "first_send_ns": 1, "last_end_ns": 2, "trouble": None}
    while True:
        totals = tally.totals(time.monotonic_ns())
        runner.send_message(papers.COUNT, to_message(Count(heard=0, phases=phases(), totals=totals, **crowd, **spent)))
        gevent.sleep(COUNT_EVERY_S)


def _listen() -> str:
    """The next line of standard input, read in a thread; empty at its end."""
    import gevent

    return gevent.get_hub().threadpool.apply(sys.stdin.readline)


def _say(facts: dict) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


# The parent


class Look(NamedTuple):
    """The master at one moment."""

    at_ns: int
    cpu_s: float
    blocks: int
    receipts: int
    packed_bytes: int
    bytes: int
    workers: int
    late_ms: float


@contextmanager
def started(*words: str) -> Iterator[Popen]:
    """One of us in another process; killed if it is still there at the end."""
    with Popen([sys.executable, __file__, *words], stdin=PIPE, stdout=PIPE, text=True) as child:
        try:
            yield child
        finally:
            if child.poll() is None:
                child.kill()


def heard(child: Popen) -> dict:
    """What it says next."""
    return json.loads(child.stdout.readline())


def look(master: Popen) -> Look:
    times = psutil.Process(master.pid).cpu_times()
    at_ns, cpu_s = time.monotonic_ns(), times.user + times.system
    master.stdin.write("look\n")
    master.stdin.flush()
    said = heard(master)
    figures = (said[name] for name in ("in", "out", "packed_bytes", "bytes", "workers", "late_ms"))
    return Look(at_ns, cpu_s, *figures)


def measure(options: argparse.Namespace, work_dir: Path) -> None:
    folder = work_dir / "output" / "bench"
    folder.mkdir(parents=True)
    rate = str(options.rate / options.workers)
    with started("--as", "master", "--folder", str(folder), "--workers", str(options.workers)) as master:
        port = str(heard(master)["port"])
        ranks = [",".join(map(str, range(first, options.workers, FEEDERS))) for first in range(FEEDERS)]
        shared = (
            "--as",
            "feeder",
            "--folder",
            str(work_dir),
            "--port",
            port,
            "--rate",
            rate,
            "--events",
            str(options.events),
        )
        with started(*shared, "--ranks", ranks[0]) as one, started(*shared, "--ranks", ranks[1]) as other:
            feeders = (one, other)
            for feeder in feeders:
                heard(feeder)
            time.sleep(WARM_S)
            watch = Watch(master)
            before, feeding_s = look(master), _cpu_s(feeders)
            while time.monotonic_ns() < before.at_ns + options.seconds * 1e9:
                watch._sample()
                time.sleep(0.25)
            after, feeding_s = look(master), _cpu_s(feeders) - feeding_s
            told = []
            for feeder in feeders:
                feeder.stdin.close()
                told.append(heard(feeder))
        tell(options, before, after, watch, feeding_s)
        check(folder, work_dir, told, options.workers)


def _cpu_s(children) -> float:
    return sum(sum(psutil.Process(child.pid).cpu_times()[:2]) for child in children)


def tell(options: argparse.Namespace, before: Look, after: Look, watch: Watch, feeding_s: float) -> None:
    elapsed_s = (after.at_ns - before.at_ns) / 1e9
    size = sum(map(len, make_lines(options.events))) / DISTINCT
    kept, cpu = (after.bytes - before.bytes) / size / elapsed_s, (after.cpu_s - before.cpu_s) / elapsed_s
    blocks, receipts = (after.blocks - before.blocks) / elapsed_s, (after.receipts - before.receipts) / elapsed_s
    packed = (after.packed_bytes - before.packed_bytes) / elapsed_s
    queued = watch.samples[-1].queued_s - watch.samples[0].queued_s
    is_target = (options.rate, options.events) == (TARGET_RATE, 64)
    target_rate, target_cpu = (
        (f"   target {TARGET_RATE:,}", f"   target: at most {TARGET_CPU:.0%}") if is_target else ("", "")
    )
    each = options.rate / options.workers
    print(
        f"workers   {after.workers} of {each:,.0f} records/s each, {options.events} events and {size:,.0f} bytes a record"
    )
    print(f"kept      {kept:,.0f} records/s, {kept * size / 1e6:.1f} MB/s{target_rate}")
    print(f"CPU       {cpu:.1%} of one core, {cpu / kept * 1e6:.1f} us a record{target_cpu}")
    print(f"messages  {blocks:.0f} blocks/s in, {receipts:.0f} receipts/s out")
    print(f"network   {packed / 1e6:.1f} MB/s, {kept * size / packed:.1f} times smaller than the records")
    print(f"memory    {max(sample.rss_bytes for sample in watch.samples) / 1e6:.0f} MB")
    print(f"loop lag  p99 {after.late_ms:.1f} ms; robbed {queued / elapsed_s:.1%} of the time by others on its core")
    print(
        f"feeders   {feeding_s / elapsed_s / kept * 1e6:.1f} us a record: writing, shipping and Locust's reports together"
    )


def check(folder: Path, work_dir: Path, told: list[dict], workers: int) -> None:
    """Byte for byte, what every worker wrote is in the run folder."""
    same = 0
    for rank in range(workers):
        (spool,) = (work_dir / "output" / ".spools").glob(f"bench-w{rank}-*")
        same += records_path(spool, ROW, f"w{rank}").read_bytes() == records_path(folder, ROW, f"w{rank}").read_bytes()
    records = sum(path.read_bytes().count(b"\n") for path in (folder / ROW.folder).glob("records-*.jsonl"))
    written = sum(row["records"] for row in told)
    print(
        f"exactly   {records:,} records in the folder, {written:,} written; files of {same} of {workers} workers identical"
    )


def tell_shipping(events: int) -> None:
    """What a worker pays to ship: reading and packing, without Locust's part."""
    rate = 32_000 / events
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "records.jsonl"
        path.write_bytes(b"".join(make_lines(events)))
        size, begin, packed_bytes, unpacking_s = path.stat().st_size, 0, 0, 0.0
        begun_s = time.process_time()
        while lines := read_lines(path, begin, size):
            block = pack(Stream("w0", 1, "records"), begin, lines)
            begin += len(lines)
            packed_bytes += len(block.data)
            before_s = time.process_time()
            unpack(block)
            unpacking_s += time.process_time() - before_s
        spent_s = time.process_time() - begun_s - unpacking_s
    each_us = spent_s / DISTINCT * 1e6
    share = f"{each_us * rate / 1e6:.2%} of a core at {rate:.0f} records/s"
    print(f"shipping  {each_us:.1f} us a record at the worker: {share}   target: about {TARGET_WORKER_CPU:.0%}")
    print(
        f"unpacking {unpacking_s / DISTINCT * 1e6:.1f} us a record at the master; {size / packed_bytes:.1f} times smaller"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=40)
    parser.add_argument("--rate", type=float, default=TARGET_RATE, help="records/s of all workers together")
    parser.add_argument("--events", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=10)
    for hidden in ("--as", "--folder", "--port", "--ranks"):
        parser.add_argument(hidden, dest=f"own_{hidden[2:]}", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.own_as == "master":
        run_master(Path(options.own_folder), options.workers)
    elif options.own_as == "feeder":
        ranks = [int(rank) for rank in options.own_ranks.split(",")]
        run_feeder(Path(options.own_folder), int(options.own_port), ranks, options.rate, options.events)
    else:
        with tempfile.TemporaryDirectory() as name:
            measure(options, Path(name))
        tell_shipping(options.events)


if __name__ == "__main__":
    if "--as" in sys.argv:
        import locust  # noqa: F401 - before anything that imports requests
    main()
