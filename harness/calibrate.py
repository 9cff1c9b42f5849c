"""What this machine adds to the numbers at a load: a short sweep against the embedded server, whose sends are known.

The server runs on the same machine and takes its share of it, so that a generator with the machine to itself does better.
"""

import argparse
import http.client
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from harness import run
from harness.accuracy import Accuracy, Sent, Span, Spread, bounded_ratio, compare, cpu_ratio, seen
from harness.demo import embedded_server
from harness.opening import open_run
from harness.options import Options, UsageMistakes
from harness.record import Health, from_line
from harness.run import Calibration, ErrorBar, Point, health_path, read_manifest, records_path, write_manifest
from harness.screen import QuietScreen
from harness.sweep import sweep
from harness.values import duration_s

SPAWN_WITHIN_S = 2.0
_SETTLE_S, _DRAIN_S = 10.0, 10.0
_LOCAL = "127.0.0.1"


class Uncalibrated(Exception):
    """Nothing could be measured; the message is a sentence for the user."""


class Load(NamedTuple):
    """What the embedded server does, and for how many."""

    users: int = 64
    ttft_s: float = 0.1
    itl_s: float = 0.02
    tokens: int = 64
    window_s: float = 8.0


class Asked(NamedTuple):
    """What was typed."""

    load: Load
    as_json: bool


class Limit(NamedTuple):
    """A figure above it has its verdict; shares of the asked concurrency count by what is missing."""

    doubtful: float
    invalid: float


ERROR_S = Limit(0.001, 0.010)
"""Of TTFT and of gaps between tokens, at p99."""
MISSING_RATIO = Limit(0.03, 0.1)
CPU_RATIO = Limit(0.8, 0.95)
BOUNDED_RATIO = Limit(0.01, 0.10)


def read_command(argv: list[str]) -> Asked:
    """Raises UsageMistakes with every mistake found."""
    typed = vars(_make_parser().parse_args(argv))
    as_json = typed.pop("json")
    mistakes: list[str] = []
    values: dict[str, Any] = {name: _read(name, text, mistakes) for name, text in typed.items() if text is not None}
    if mistakes:
        raise UsageMistakes(mistakes)
    return Asked(Load(**values), as_json)


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "llocust calibrate", description="What this machine adds to the numbers at a load."
    )
    default = Load()
    parser.add_argument("-u", "--users", metavar="N", help=f"streams at a time (default {default.users})")
    parser.add_argument("--ttft", dest="ttft_s", metavar="S", help=f"the server's (default {default.ttft_s:g} s)")
    parser.add_argument(
        "--itl", dest="itl_s", metavar="S", help=f"time between its tokens (default {default.itl_s:g} s)"
    )
    parser.add_argument("--tokens", metavar="N", help=f"tokens of an answer (default {default.tokens})")
    parser.add_argument("--seconds", dest="window_s", metavar="S", help=f"measured (default {default.window_s:g} s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of sentences")
    return parser


def _read(name: str, text: str, mistakes: list[str]) -> float:
    # As --run-time of the sweep is read, so that 20ms and 0.02 are the same.
    read, wanted = _READERS[name]
    try:
        value = read(text)
    except ValueError:
        value = 0.0
    if value <= 0:
        mistakes.append(f"--{name.removesuffix('_s').replace('window', 'seconds')} {text!r}: give {wanted}.")
    return value


_COUNT = "a whole number of one or more"
_TIME = "a time longer than zero, such as 0.02 or 20ms"
_READERS: dict[str, tuple[Callable[[str], float], str]] = {
    "users": (int, _COUNT),
    "tokens": (int, _COUNT),
    "ttft_s": (duration_s, _TIME),
    "itl_s": (duration_s, _TIME),
    "window_s": (duration_s, _TIME),
}


def calibrate(load: Load) -> Calibration:
    """Start the embedded server, sweep one point against it, compare. Raises UsageMistakes and Uncalibrated."""
    arguments = ("--port", 0, "--ttft", load.ttft_s, "--itl", load.itl_s, "--tokens", load.tokens)
    with (
        tempfile.TemporaryDirectory(prefix="llocust-calibrate-") as work_dir,
        _without_proxy(),
        embedded_server(*map(str, arguments)) as url,
    ):
        folder = _sweep(load, url, work_dir)
        return _compare(load, folder, _fetch_truth(url))


def _sweep(load: Load, url: str, work_dir: str) -> Path:
    options = Options(
        host=url,
        users=(load.users,),
        run_time_s=load.window_s,
        settle_s=_SETTLE_S + load.ttft_s + load.itl_s * load.tokens,
        drain_s=_DRAIN_S,
        spawn_rate=load.users / SPAWN_WITHIN_S,
        max_tokens=load.tokens,
        work_dir=work_dir,
        name="calibrate",
    )
    opened = open_run(
        options, kind="sweep", command=["llocust", "calibrate"], points=[Point(index=1, users=load.users)]
    )
    trouble = sweep(opened.folder, options, QuietScreen()).trouble
    if trouble is not None:
        raise Uncalibrated(f"The calibration is not whole: {trouble}")
    return opened.folder


@contextmanager
def _without_proxy() -> Iterator[None]:
    """The embedded server is asked directly, whatever the environment says about the way to others."""
    before = {name: os.environ.get(name) for name in ("no_proxy", "NO_PROXY")}
    os.environ.update({name: f"{value},{_LOCAL}" if value else _LOCAL for name, value in before.items()})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _fetch_truth(url: str) -> dict[str, Sent]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        connection.request("GET", "/truth/requests")
        body = connection.getresponse().read()
    finally:
        connection.close()
    rows = (msgspec.json.decode(line, type=Sent) for line in body.splitlines())
    return {row.id: row for row in rows}


def _compare(load: Load, folder: Path, sent: dict[str, Sent]) -> Calibration:
    manifest = read_manifest(folder)
    (process,), (point,) = manifest.processes, manifest.points
    phases = point.phases[process.worker]
    if phases.window_ns is None or phases.cooldown_ns is None:
        raise Uncalibrated("The calibration never came to its window; give it more --seconds or fewer --users.")
    span = Span(phases.window_ns, phases.cooldown_ns)
    records = [from_line(line) for line in records_path(folder, point, process.worker).read_bytes().splitlines()]
    lines = health_path(folder, point, process.worker).read_bytes().splitlines()
    health = [msgspec.json.decode(line, type=Health) for line in lines]
    accuracy = compare(map(seen, (each for each in records if each.sent_ns is not None)), sent, span)
    return conclude(load, accuracy, cpu_ratio(health, span), bounded_ratio(records, span))


def conclude(load: Load, accuracy: Accuracy, cpu_ratio: float | None, bounded_ratio: float) -> Calibration:
    """The figures with their verdict. Raises Uncalibrated where there is nothing to compare."""
    if not accuracy.ttft_error_s.n or not accuracy.itl_error_s.n:
        raise Uncalibrated("No answer was both sent and seen in the measured time; give it more --seconds.")
    concurrency_ratio = accuracy.concurrency / load.users
    return Calibration(
        **load._asdict(),
        ttft_error_s=_bar(accuracy.ttft_error_s),
        itl_error_s=_bar(accuracy.itl_error_s),
        e2e_error_s=_bar(accuracy.e2e_error_s),
        server_late_s=_bar(accuracy.late_s),
        concurrency_ratio=concurrency_ratio,
        cpu_ratio=cpu_ratio,
        bounded_ratio=bounded_ratio,
        verdict=_worst(
            (accuracy.ttft_error_s.p99, ERROR_S),
            (accuracy.itl_error_s.p99, ERROR_S),
            (1 - concurrency_ratio, MISSING_RATIO),
            (cpu_ratio, CPU_RATIO),
            (bounded_ratio, BOUNDED_RATIO),
        ),
    )


def _bar(spread: Spread) -> ErrorBar:
    return ErrorBar(**spread._asdict())


def _worst(*figures: tuple[float | None, Limit]) -> run.CalibrationVerdict:
    known = [(figure, limit) for figure, limit in figures if figure is not None]
    if any(figure > limit.invalid for figure, limit in known):
        return "invalid"
    return "doubtful" if any(figure > limit.doubtful for figure, limit in known) else "trusted"


def calibrate_run(folder: Path, options: Options) -> Calibration | None:
    """Calibrate at a run's largest user count and keep the figures in its manifest; None if it has them already.

    Raises UsageMistakes and Uncalibrated; the run is then left as interrupted.
    """
    manifest = read_manifest(folder)
    if manifest.calibration is not None:
        return None
    try:
        manifest.calibration = calibrate(Load(users=max(options.users)))
    except BaseException:
        manifest.state = "interrupted"
        raise
    finally:
        write_manifest(folder, manifest)
    return manifest.calibration


def in_words(calibration: Calibration) -> list[str]:
    """Sentences for people; nothing of a verdict is left to the reader's own sums."""
    ttft, itl, late = calibration.ttft_error_s, calibration.itl_error_s, calibration.server_late_s
    rate = f"{calibration.users:,} user{'' if calibration.users == 1 else 's'} × {1 / calibration.itl_s:.3g} tokens/s"
    cpu = "–" if calibration.cpu_ratio is None else f"{calibration.cpu_ratio:.0%}"
    errors = (
        f"At {rate} this machine reports TTFT {_ms(ttft.p50)} late at the median, {_ms(ttft.p99)} at p99 and "
        f"{_ms(ttft.max)} at most, over {ttft.n:,} requests."
    )
    kept = (
        f"Of {calibration.users:,} streams {calibration.concurrency_ratio * calibration.users:,.1f} were kept open; the "
        f"load process used {cpu} of a core; {calibration.bounded_ratio:.2%} of the stamps are bounds and not exact."
    )
    return [
        errors,
        f"Gaps between tokens are off by {_ms(itl.p50)} at the median, {_ms(itl.p99)} at p99 and {_ms(itl.max)} at most.",
        kept,
        f"The embedded server shared the machine; it sent {_ms(late.p99)} late at p99, which is not counted above.",
        f"Verdict: {calibration.verdict}. {_MEANING[calibration.verdict]}",
    ]


_MEANING = {
    "trusted": "At this load, differences larger than these are the server's.",
    "doubtful": "Read the figures before you trust small differences; fewer users, or a quieter machine, make them better.",
    "invalid": "At this load this machine measures itself; use fewer users, or another machine.",
}


def _ms(value_s: float | None) -> str:
    if value_s is None:
        return "–"
    value_ms = value_s * 1000
    return f"{value_ms:.3f} ms" if value_ms < 1 else f"{value_ms:.1f} ms"


def to_json(calibration: Calibration, **more: Any) -> str:
    """One object on one line."""
    return msgspec.json.encode({**more, **msgspec.structs.asdict(calibration)}).decode()


def seconds_needed(load: Load) -> float:
    """About how long it takes: processes begin, users begin, settle and end."""
    answer_s = load.ttft_s + load.itl_s * load.tokens
    return 3.0 + SPAWN_WITHIN_S + max(answer_s, 2.0) + load.window_s + answer_s
