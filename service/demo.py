"""`llocust serve --demo`: a service with an embedded server to measure, and samples of what it finds, in a directory that goes with it."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from service.api.submission import Submission
from service.jobs.child import find
from service.jobs.directory import Directory
from service.jobs.intake import take_in
from service.jobs.jobs import Jobs
from service.settings import Settings
from service.store.store import Store

SERVER = ("--port", "0", "--tokens", "8", "--step-ms", "12", "--step-ms-per-seq", "0.6", "--max-batch", "8")
"""The server that the form begins with: an engine that serves eight at once."""
SLOW_SERVER = ("--port", "0", "--tokens", "8", "--step-ms", "16", "--step-ms-per-seq", "1.2", "--max-batch", "8")
"""What the first sample measures, so that there is something to compare."""
_WORDS = "A sample, measured on this machine when `llocust serve --demo` began, against the embedded server"


class DemoFailed(Exception):
    """Why there is no demo, in a sentence."""


@contextmanager
def demo(settings: Settings) -> Iterator[Settings]:
    """The settings to serve with. Servers, runs and data go when this ends. Raises DemoFailed, OSError, StoreError."""
    with (
        tempfile.TemporaryDirectory(prefix="llocust-demo-", ignore_cleanup_errors=True) as data,
        _simulator(settings, SLOW_SERVER) as slow,
        _simulator(settings, SERVER) as quick,
    ):
        changed = replace(settings, data=Path(data), database=None, suggested_host=quick)
        try:
            ask_for_samples(changed, slow, quick)
            yield changed
        finally:
            _end_runs(changed)


@contextmanager
def _simulator(settings: Settings, words: tuple[str, ...]) -> Iterator[str]:
    """The URL of an embedded server that lives as long as this."""
    process = subprocess.Popen(  # noqa: S603 - our own program and words
        [*settings.program, "simulate", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        url = next((word for word in process.stdout.readline().split() if word.startswith("http")), None)
        if url is None:
            raise DemoFailed("The embedded server did not start; `llocust simulate` shows why.")
        yield url
    finally:
        process.terminate()
        process.wait()


def ask_for_samples(settings: Settings, slow: str, quick: str) -> None:
    """Put the samples into the queue, where the service finds them when it starts. Raises Refused, OSError, StoreError."""
    for directory in (settings.runs, settings.testsets, settings.imports):
        directory.mkdir(parents=True, exist_ok=True)
    store = Store(settings.database_url)
    try:
        store.migrate()
        jobs = Jobs(settings, store)  # never started here: it only writes down what waits
        for number, host in enumerate((slow, quick, quick), 1):
            take_in(settings, jobs, _sample(number, host))
    finally:
        store.close()


def _sample(number: int, host: str) -> Submission:
    return Submission(
        host=host,
        users=[1, 4, 8],
        run_time="5s",
        settle="1s",
        spawn_rate=40.0,
        slo={"ttft": "100ms", "tpot": "20ms"},
        name=f"sample-{number}",
        desc=f"{_WORDS}, {'as it was' if number == 1 else 'made faster'}.",
    )


def _end_runs(settings: Settings) -> None:
    """A run outlives its service; one of a demo has nothing to live for."""
    for path in settings.runs.iterdir() if settings.runs.is_dir() else ():
        child = find(Directory(path))
        if child is not None:
            child.kill()
