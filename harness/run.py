"""The run folder: its layout, its manifest, and how both are written so that a crash leaves something readable.

output/20260131T120000Z-sweep/
  run.json                           manifest; state running|done|interrupted; rewritten atomically
  points/03-users-8/
    records-<worker>.jsonl           written as it happens, by one writer
    health-<worker>.jsonl            loop lag, CPU, one line a second
    locust.json                      Locust's statistics of this point
  report.json report.md report.html points.csv requests.csv requests.parquet plots/
"""

import os
import tempfile
from pathlib import Path
from typing import Any, Literal

import msgspec

SCHEMA = 1
MANIFEST = "run.json"

State = Literal["running", "done", "interrupted"]
PointState = Literal["planned", "running", "done", "interrupted"]


class RunError(Exception):
    """A run folder that cannot be made, read or used; the message is a sentence for the user."""


class Anchor(msgspec.Struct, frozen=True):
    """The two clocks of a process read at one moment."""

    wall_ns: int
    monotonic_ns: int


class Process(msgspec.Struct, kw_only=True):
    """One load process. `offset_ns` is its wall clock minus the master's, known to `offset_within_ns`."""

    worker: str
    host: str
    pid: int
    start: Anchor
    end: Anchor | None = None
    offset_ns: int = 0
    offset_within_ns: int | None = None
    """None for a process whose clock was not compared."""
    lost: bool = False
    spool: str | None = None
    """Where a worker keeps its part before it is shipped, on its own host."""


class Phases(msgspec.Struct, kw_only=True):
    """Where each phase of a point began, on one process's CLOCK_MONOTONIC; `end_ns` is where the last one ended.

    spawn [spawn_ns, settle_ns) settle [.., window_ns) window [.., cooldown_ns) cooldown [.., end_ns)
    """

    spawn_ns: int
    settle_ns: int | None = None
    window_ns: int | None = None
    cooldown_ns: int | None = None
    end_ns: int | None = None

    def at(self, now_ns: int) -> Literal["settle", "window", "cooldown"]:
        """The phase in which a request sent then belongs; spawning counts as settling."""
        if self.window_ns is None or now_ns < self.window_ns:
            return "settle"
        return "window" if self.cooldown_ns is None or now_ns < self.cooldown_ns else "cooldown"


class Point(msgspec.Struct, kw_only=True):
    """One row of the sweep. `index` is unique in the run; a point that was run again has a new one."""

    index: int
    users: int
    target: str = "default"
    state: PointState = "planned"
    phases: dict[str, Phases] = {}
    """By worker."""
    disk_full: bool = False

    @property
    def folder(self) -> str:
        """The point's folder, relative to the run's."""
        return f"points/{self.index:02d}-users-{self.users}"


class Git(msgspec.Struct, frozen=True):
    """State of the repository in which the command was typed."""

    commit: str
    dirty: bool


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """The machine that made the load."""

    name: str
    system: str
    kernel: str
    machine: str
    cpu: str
    cores: int
    memory_bytes: int


class TestsetInfo(msgspec.Struct, frozen=True):
    """What was sent: name, where it came from, SHA-256 of its bytes, how many prompts."""

    name: str
    source: str
    digest: str
    prompts: int


class ErrorBar(msgspec.Struct, frozen=True, kw_only=True):
    """Absolute differences between what was reported and what is true, in seconds; None where `n` is 0."""

    n: int
    p50: float | None
    p99: float | None
    max: float | None


CalibrationVerdict = Literal["trusted", "doubtful", "invalid"]


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """What the load generator's machine added to the numbers, against a server whose sends are known."""

    users: int
    ttft_s: float
    itl_s: float
    tokens: int
    """Of each answer."""
    window_s: float
    ttft_error_s: ErrorBar
    itl_error_s: ErrorBar
    e2e_error_s: ErrorBar
    server_late_s: ErrorBar
    """How late that server sent by its own plan; no part of the errors."""
    concurrency_ratio: float
    """Requests that the server had in hand, mean / users."""
    cpu_ratio: float | None
    """Of the load process, CPU / wall."""
    bounded_ratio: float
    """Of content events."""
    verdict: CalibrationVerdict


class Manifest(msgspec.Struct, kw_only=True):
    """Who, what, where, when, which versions. Options never hold a secret."""

    schema: int = SCHEMA
    id: str
    name: str
    description: str = ""
    kind: Literal["sweep", "plain"] = "sweep"
    state: State = "running"
    begun: str
    """ISO 8601, UTC."""
    ended: str | None = None
    command: list[str]
    options: dict[str, Any]
    versions: dict[str, str]
    machine: Host
    git: Git | None = None
    url: str
    model: str
    dialect: str
    testset: TestsetInfo
    stamps: Literal["kernel", "user"] = "user"
    network: dict[str, str] = {}
    """Proxy and CA settings taken from the environment, without credentials."""
    probe: str | None = None
    """The one request made before the sweep, and what it answered; None if none was made."""
    calibration: Calibration | None = None
    """Made before the sweep, on the same machine; None if it was not asked for."""
    processes: list[Process] = []
    points: list[Point] = []
    notes: list[str] = []


def write_atomically(path: Path, data: bytes) -> None:
    """Replace `path` whole or not at all, also when the machine stops in between."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write run.json."""
    write_atomically(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")


def read_manifest(folder: Path) -> Manifest:
    """Raises RunError with a sentence where `folder` is no run folder or is of a newer schema."""
    path = folder / MANIFEST
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise RunError(f"{folder} is not a run folder: it holds no {MANIFEST}.") from None
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        schema = msgspec.json.decode(data, type=dict[str, Any]).get("schema")
        if schema != SCHEMA:
            raise RunError(f"{path} has schema {schema}; this version of llocust reads schema {SCHEMA}.")
        return msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RunError(f"{path} is not a manifest: {error}.") from error


def create(work_dir: Path, run_id: str) -> Path:
    """A new folder for a run in `work_dir`/output, and `output/latest` pointing at it.

    A run of the same second and name gets a number appended. Raises RunError where the folder cannot be made.
    """
    output = work_dir / "output"
    try:
        output.mkdir(parents=True, exist_ok=True)
        folder = _make_unique(output / run_id)
        (folder / "points").mkdir()
        point_latest(folder)
    except OSError as error:
        raise RunError(
            f"Results cannot be written to {output}: {error.strerror}. Choose another directory with --work-dir."
        ) from error
    return folder


def _make_unique(wanted: Path) -> Path:
    for number in range(1, 1000):
        folder = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise RunError(f"{wanted} exists a thousand times over; clear the directory.")


def point_latest(folder: Path) -> None:
    """Make `latest` beside `folder` a relative link to it."""
    latest = folder.parent / "latest"
    temporary = folder.parent / f".latest-{os.getpid()}"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(folder.name)
    temporary.replace(latest)


def records_path(folder: Path, point: Point, worker: str) -> Path:
    """Where a worker's records of a point are kept."""
    return folder / point.folder / f"records-{worker}.jsonl"


def health_path(folder: Path, point: Point, worker: str) -> Path:
    """Where a worker's health lines of a point are kept."""
    return folder / point.folder / f"health-{worker}.jsonl"


def locust_path(folder: Path, point: Point) -> Path:
    """Where Locust's own statistics of a point are kept."""
    return folder / point.folder / "locust.json"
