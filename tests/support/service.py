"""The service in this process, its runs by a stub that is as quick as Python starts."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi.testclient import TestClient
from support.folders import record, refused, write_run

from reports.build import build
from reports.load import load
from reports.render import json
from service import app
from service.app import create_app
from service.settings import Settings

HERE = "http://127.0.0.1:8000"
STUB = Path(__file__).parent / "stub_llocust.py"
RUN = {"host": "http://127.0.0.1:9", "model": "tiny"}
ENDED = ("done", "interrupted", "failed", "cancelled")


def template(folder: Path) -> Path:
    """A reported run folder with one point of three requests, two of which succeeded."""
    write_run(folder, [record(0, seq=1), record(1000, seq=2), refused(2000, seq=3, fault="It is tired.")])
    (folder / "report.json").write_bytes(json.render(build(load(folder))))
    (folder / "report.html").write_text("<script>1</script>")
    return folder


def settings_for(data: Path, made: Path, **changes) -> Settings:
    """Settings whose `llocust` is the stub, which leaves copies of the run folder `made`."""
    return Settings(data=data, program=(sys.executable, "-S", str(STUB), str(made)), **changes)


@contextmanager
def serving(settings: Settings, **headers: str) -> Iterator[TestClient]:
    """A client of a service that has been started, and is stopped behind the block."""
    with TestClient(create_app(settings), base_url=HERE, headers=headers) as client:
        yield client


@contextmanager
def lasting(settings: Settings) -> Iterator[TestClient]:
    """The same for a block in which others are served too: an event loop for each request, and none in between.

    The suite's threads are Locust's, of which only one can have a loop.
    """
    made = create_app(settings)
    app.begin(made, settings)
    try:
        yield TestClient(made, base_url=HERE)
    finally:
        app.end(made)


def ended(client: TestClient, run: str, limit_s: float = 20) -> dict:
    """The run, when it has ended."""
    return await_state(client, run, ENDED, limit_s)


def await_state(client: TestClient, run: str, states: tuple[str, ...], limit_s: float = 20) -> dict:
    """The run, when it is in one of these states."""
    until_s = time.monotonic() + limit_s
    while (shown := client.get(f"/runs/{run}").json())["state"] not in states:
        assert time.monotonic() < until_s, shown
        time.sleep(0.02)
    return shown


def under_way(client: TestClient, run: str, limit_s: float = 20) -> None:
    """Return when the run is in its window, and hears what it is told."""
    until_s = time.monotonic() + limit_s
    while (client.get(f"/runs/{run}").json()["progress"] or {}).get("event") != "tick":
        assert time.monotonic() < until_s
        time.sleep(0.02)
