"""The run folder: its layout, its manifest, and how both are written so that a crash leaves something readable.

output/20260131T120000Z-sweep/
  run.json                           manifest; state running|done|interrupted; rewritten atomically
  config.toml                        the options given, to run it once more
  prompts.jsonl                      what was asked, one prompt a line; not where no text is kept
  points/03-users-8/
    records-<worker>.jsonl           written as it happens, by one writer
    health-<worker>.jsonl            loop lag, CPU, one line a second
    locust.json                      Locust's statistics of this point
  report.json report.md report.html points.csv requests.csv requests.parquet plots/
  tokens.json                        counts of a tokenizer of the user's own
  quality.jsonl                      scores of the answers, where somebody scored them
  judgements.jsonl                   what judges said, word by word, so that nothing is asked twice
  prices.toml                        what tokens and machines cost, as the user says
"""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import msgspec

SCHEMA = 1
MANIFEST = "run.json"
CONFIG = "config.toml"
PROMPTS = "prompts.jsonl"
QUALITY = "quality.jsonl"
JUDGEMENTS = "judgements.jsonl"
PRICES = "prices.toml"

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
    """The target of all its users; `mixed` where they have several, and `shares` says how many have which."""
    shares: dict[str, int] = {}
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


class TargetInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One server, or one model of it, that was asked; `weight` is its part of the users of a mixed point."""

    name: str
    url: str
    model: str
    dialect: str
    probe: str | None = None
    weight: int = 1
    network: dict[str, str] = {}


class PromptText(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of prompts.jsonl. `prompt` is the name that records give it."""

    prompt: str
    text: str
    """All of its messages; a lone one of the user as it is, otherwise each with its role before it."""
    turns: list[str] = []
    """What the user says at each turn, where the prompt can be held as a conversation of several."""
    expected: str | None = None
    """The right answer, of the set; never sent."""
    metadata: dict[str, Any] = {}
    """What the set says of the prompt besides."""


class LengthProbe(msgspec.Struct, frozen=True):
    """A request that was made to see how many tokens the server counts in so many characters."""

    chars: int
    tokens: int


class Yardstick(msgspec.Struct, frozen=True, kw_only=True):
    """What the lengths of synthetic prompts were measured with."""

    source: Literal["characters", "tokenizer", "usage"]
    tokenizer: str | None = None
    """Digest of the tokenizer's file."""
    chars_per_token: float | None = None
    overhead_tokens: float | None = None
    """What the server counts beside the text, its chat template above all."""
    probes: list[LengthProbe] = []
    """From which the two were worked out."""


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
    """Of the first target, as are `model`, `dialect`, `network` and `probe`."""
    model: str
    dialect: str
    targets: list[TargetInfo] = []
    """All of them, in the order given; empty in runs of versions that knew but one."""
    testset: TestsetInfo
    canaries: TestsetInfo | None = None
    """The prompts that --canary-every asks; None without it."""
    stamps: Literal["kernel", "user", "yield"] = "user"
    files: dict[str, str] = {}
    """Digests of the files of the user's own that make the requests, by the option that names each."""
    network: dict[str, str] = {}
    """Proxy and CA settings taken from the environment, without credentials."""
    probe: str | None = None
    """The one request made to a target before the sweep, and what it answered; None if none was made."""
    synthetic: Yardstick | None = None
    """None where the prompts are those of a set."""
    calibration: Calibration | None = None
    """Made before the sweep, on the same machine; None if it was not asked for."""
    processes: list[Process] = []
    points: list[Point] = []
    notes: list[str] = []

    @property
    def dialects(self) -> frozenset[str]:
        """Of all targets."""
        return frozenset(target.dialect for target in self.all_targets)

    @property
    def all_targets(self) -> list[TargetInfo]:
        """The targets, also of a run that lists none."""
        return self.targets or [
            TargetInfo(
                name="default",
                url=self.url,
                model=self.model,
                dialect=self.dialect,
                probe=self.probe,
                network=self.network,
            )
        ]


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


def write_config(folder: Path, config: str) -> None:
    """Write the file of options with which the run can be repeated."""
    write_atomically(folder / CONFIG, config.encode())


def write_prompts(folder: Path, prompts: Iterable[PromptText]) -> None:
    """Write prompts.jsonl, a line at a time. Raises RunError."""
    encoder = msgspec.json.Encoder()
    path = folder / PROMPTS
    try:
        with path.open("wb") as file:
            file.writelines(encoder.encode(prompt) + b"\n" for prompt in prompts)
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror}.") from error


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
