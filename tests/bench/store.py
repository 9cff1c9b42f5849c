"""How long the store takes for a large run, and for averages over many results.

    python tests/bench/store.py [REQUESTS] [RESULTS] [URL]

A run of REQUESTS (1,000,000) is loaded into SQLite, or into URL where one is given (an empty PostgreSQL database); then averages are
asked for over RESULTS (10,000,000) in SQLite: a year with a hundred runs of a thousand requests a second each, windows that begin and
end anywhere within them. Prints the figures beside the targets; asserts nothing.
"""

import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from sqlalchemy import Connection
from support.folders import T0, manifest, phases, point, record

from harness.record import to_line
from harness.run import PromptText, records_path, write_manifest, write_prompts
from service.store.averages import Sums
from service.store.buckets import LEVELS_S
from service.store.nouns import ResultFilter
from service.store.store import Store
from service.store.tables import results, to_us

LOAD_TARGET_S, LOAD_TARGET_BYTES, AVERAGE_TARGET_S = 120.0, 1_000_000_000, 0.1
USERS = (100, 200, 400, 800)
EVENTS_MS = (100.0, 120.5, 140.25, 160.0, 181.0, 200.0, 222.0, 240.0)
RUNS, RATE = 100, 1000
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
WINDOWS, REPEATS = 50, 5


def make_run(folder: Path, requests: int) -> int:
    """Returns the bytes written."""
    points = [point(index, users, phases={"w0": phases(60.0)}) for index, users in enumerate(USERS, 1)]
    write_manifest(folder, manifest(points))
    write_prompts(folder, [PromptText(f"chat/{n}", f"Prompt {n} asks for a short answer.") for n in range(1000)])
    size = 0
    for row in points:
        line = to_line(
            record(
                0, EVENTS_MS, id="ID", prompt="PROMPT", point=row.index, text="A short answer of nine words, or of ten."
            )
        )
        path = records_path(folder, row, "w0")
        path.parent.mkdir(parents=True)
        size += _write(path, line, requests // len(points), row.index)
    return size


def _write(path: Path, line: bytes, requests: int, index: int) -> int:
    """Encoding a million records would take longer than loading them: only what differs is put into one that is ready."""
    sent = f'"sent_ns":{T0}'.encode()
    with path.open("wb") as file:
        for n in range(requests):
            each = line.replace(b'"ID"', b'"%04x-w0-%d-%06d"' % (7732, index, n)).replace(
                b'"PROMPT"', b'"chat/%d"' % (n % 1000)
            )
            file.write(each.replace(sent, b'"sent_ns":%d' % (T0 + (index * 3600 + n / RATE) * 1_000_000_000)))
        return file.tell()


def load(folder: Path, url: str) -> None:
    """What the child process does."""
    store = Store(url)
    store.migrate()
    added = store.load_run("bench", folder)
    store.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(added, peak)


def bench_load(home: Path, requests: int, url: str) -> None:
    folder = home / "run"
    folder.mkdir()
    size = make_run(folder, requests)
    before = time.perf_counter()
    words = [sys.executable, __file__, "--load", str(folder), url]
    said = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    wall_s = time.perf_counter() - before
    print(f"loading {int(said[0]):,} requests of a run folder of {size / 1e6:.0f} MB, into {url.partition(':')[0]}")
    print(f"  wall    {wall_s:7.1f} s     target {LOAD_TARGET_S:g} s for a million")
    print(f"  memory  {int(said[1]) / 1e6:7.0f} MB    target {LOAD_TARGET_BYTES / 1e6:.0f} MB", flush=True)


FILL = """
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {count})
INSERT INTO results (at_us, source, cohort, point, users, token_count, time_to_first_token, time_per_output_token,
                     total_generation_time, prompt, request_id, generated_text)
SELECT {begin} + n / {per_run} * {gap} + n % {per_run} * {step}, 1, 1 + n % 6, 1, 100, 64 + n % 192,
       80.0 + n % 97, 12.0 + n % 13, 1500.0 + n % 1009, 1, printf('bench-%08d', n), 'A short answer of nine words, or of ten.'
FROM numbers
"""


def fill(connection: Connection, count: int) -> None:
    """Results and their sums, as loading would leave them, but by the database alone."""
    connection.exec_driver_sql("INSERT INTO sources (run) VALUES ('bench')")
    connection.exec_driver_sql("INSERT INTO prompts (digest, text) VALUES (x'00', 'Why is the sky blue?')")
    for n in range(6):
        outcome = "ok" if n < 5 else "timeout_idle"
        connection.exec_driver_sql(
            f"INSERT INTO cohorts (model, outcome, phase) VALUES ('model-{n % 5}', '{outcome}', 'window')"
        )
    for index in results.indexes:
        index.drop(connection)
    gap = 365 * 86_400_000_000 // RUNS
    connection.exec_driver_sql(
        FILL.format(count=count, begin=to_us(BEGIN), per_run=count // RUNS, gap=gap, step=1_000_000 // RATE)
    )
    for index in results.indexes:
        index.create(connection)
    for level_s in LEVELS_S:
        connection.exec_driver_sql(_roll_up(level_s))


def _roll_up(level_s: int) -> str:
    figures = ("token_count", "time_to_first_token", "time_per_output_token", "total_generation_time")
    sums = ", ".join(f"sum({name}), count({name})" for name in figures)
    names = ", ".join(Sums.__slots__)
    bucket = f"at_us - at_us % {level_s * 1_000_000}"
    return f"""INSERT INTO rollups (level_s, begin_us, cohort, {names})
               SELECT {level_s}, {bucket}, cohort, count(*), {sums} FROM results GROUP BY {bucket}, cohort"""


def fill_anew(url: str, count: int) -> None:
    """What another child process does, as sorting for the indexes takes memory that averages do not."""
    store = Store(url)
    store.migrate()
    with store._database.writing() as connection:
        fill(connection, count)
    store.close()


def bench_averages(home: Path, count: int) -> None:
    url = f"sqlite:///{home / 'many.db'}"
    before = time.perf_counter()
    subprocess.run([sys.executable, __file__, "--fill", url, str(count)], check=True)
    size = sum(each.stat().st_size for each in home.glob("many.db*"))
    print(
        f"\naverages over {count:,} results, {size / 1e9:.1f} GB of SQLite, filled in {time.perf_counter() - before:.0f} s"
    )
    store = Store(url)
    windows = _windows(count)
    _time("all", [store.average])
    _time("all, by model", [lambda: store.average(by_model=True)])
    _time("a window", [lambda each=each: store.average(each) for each in windows])
    _time("a window, by model", [lambda each=each: store.average(each, by_model=True) for each in windows])
    _time("a page of a window", [lambda each=each: store.results(each) for each in windows])
    _compare(store, windows[0])
    print(f"  memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6:.0f} MB")
    store.close()


def _windows(count: int) -> list[ResultFilter]:
    """Both edges within a run, where the most rows lie beside them."""
    draw = random.Random(1)
    length_s = count / RUNS / RATE

    def moment(run: int) -> datetime:
        return BEGIN + run * timedelta(days=365) / RUNS + timedelta(seconds=draw.uniform(0, length_s))

    ends = [sorted((moment(draw.randrange(RUNS)), moment(draw.randrange(RUNS)))) for _ in range(WINDOWS)]
    return [ResultFilter(begin=begin, end=end) for begin, end in ends]


def _time(name: str, calls: list[Callable[[], object]]) -> None:
    for call in calls:
        call()  # warm
    took_s = []
    for call in calls * REPEATS:
        before = time.perf_counter()
        call()
        took_s.append(time.perf_counter() - before)
    figures = f"median {median(took_s) * 1e3:6.1f} ms   slowest of {len(took_s):3} {max(took_s) * 1e3:6.1f} ms"
    print(f"  {name:20} {figures}   target {AVERAGE_TARGET_S * 1e3:g} ms", flush=True)


def _compare(store: Store, window: ResultFilter) -> None:
    begin_us, end_us = to_us(window.begin), to_us(window.end)
    with store._database.reading() as connection:
        query = f"SELECT count(*), avg(total_generation_time) FROM results WHERE at_us BETWEEN {begin_us} AND {end_us} AND cohort <> 6"
        before = time.perf_counter()
        count, mean = connection.exec_driver_sql(query).one()
    (found,) = store.average(window)
    assert (found.count, round(found.total_generation_time, 6)) == (count, round(mean, 6)), (
        "the sums are not those of the rows"
    )
    print(f"  from the rows alone  {(time.perf_counter() - before) * 1e3:6.0f} ms, the same average of {count:,} rows")


def main() -> None:
    if sys.argv[1:2] == ["--load"]:
        load(Path(sys.argv[2]), sys.argv[3])
        return
    if sys.argv[1:2] == ["--fill"]:
        fill_anew(sys.argv[2], int(sys.argv[3]))
        return
    requests, count = (int(word) for word in (*sys.argv[1:3], *("1000000", "10000000")[len(sys.argv[1:3]) :]))
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        url = sys.argv[3] if len(sys.argv) > 3 else f"sqlite:///{home / 'store.db'}"
        bench_load(home, requests, url)
    if count:
        with tempfile.TemporaryDirectory() as name:
            bench_averages(Path(name), count)


if __name__ == "__main__":
    main()
