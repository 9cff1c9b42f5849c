"""What a run can be told: one table of options, one frozen result, and all mistakes at once.

The same table makes the parser of `llocust sweep` and the additions to Locust's own. Values come in as text wherever
they come from (command line, environment, config file, web form) and are read here and nowhere else.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from harness import values
from harness.call import Timeouts
from harness.dialects import DIALECTS
from harness.formats import FORMATS
from harness.metrics import SLO_METRICS


class UsageMistakes(Exception):
    """What is wrong with the options: a sentence each."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


DEFAULT_USERS = (1, 2, 4, 8, 16)
DRAWN_IMAGES = 32


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """A run's options, resolved. Never holds a secret: keys are named by their environment variable."""

    host: str
    model: str | None = None
    dialect: str = "chat"
    testset: str = "chat"
    testset_format: str | None = None
    testset_columns: dict[str, str] = {}
    """For fields of a prompt, what the set calls them."""
    images: str | None = None
    image_size: tuple[int, int] | None = None
    """Width and height in pixels."""
    image_pool: int = DRAWN_IMAGES
    images_per_request: int = 1
    users: tuple[int, ...] = DEFAULT_USERS
    run_time_s: float = 30.0
    requests: int | None = None
    settle_s: float = 30.0
    drain_s: float = 120.0
    spawn_rate: float | None = None
    connect_timeout_s: float = 10.0
    first_byte_timeout_s: float = 120.0
    idle_timeout_s: float = 60.0
    timeout_s: float = 600.0
    max_tokens: int = 256
    api_key_env: str = "OPENAI_API_KEY"
    headers: tuple[str, ...] = ()
    """As given: `Name: value` or `Name: env:VARIABLE`."""
    slo: dict[str, float] = {}
    """Bounds in seconds, by the names of SLO_METRICS."""
    stream: bool = True
    keep_text: bool = True
    salt: bool = False
    seed: int = 0
    processes: int = 0
    """Workers that are started beside the master; 0: the load is made in one process."""
    master: bool = False
    master_bind_host: str = "*"
    master_bind_port: int = 5557
    expect_workers: int = 1
    expect_workers_max_wait_s: float = 0.0
    """0: as long as it takes."""
    on_worker_loss: str = "stop"
    probe: bool = True
    calibrate: bool = False
    work_dir: str = "."
    name: str = "sweep"
    desc: str = ""
    locustfile: str | None = None
    fail_on: str | None = None
    lang: str = "en"

    @property
    def timeouts(self) -> Timeouts:
        """The four clocks of a request."""
        return Timeouts(self.connect_timeout_s, self.first_byte_timeout_s, self.idle_timeout_s, self.timeout_s)


class Option(NamedTuple):
    """One option: its key in `Options`, its flags, how its text is read, and what it says about itself."""

    key: str
    flags: tuple[str, ...]
    read: Callable[[str], Any]
    default: str
    """As documentation shows it."""
    help: str
    metavar: str | None = None
    many: bool = False
    switch: bool = False
    locusts: bool = False
    """Locust has an option of this name and meaning, so plain `locust` does not get ours."""


OPTIONS: tuple[Option, ...] = (
    Option(
        "host",
        ("-H", "--host"),
        values.url,
        "required",
        "base URL of the server, or the full endpoint",
        "URL",
        locusts=True,
    ),
    Option(
        "model", ("--model",), str, "the only one the server lists", "model to ask for, as the server names it", "NAME"
    ),
    Option("dialect", ("--dialect",), values.one_of(*DIALECTS), "chat", "the API that the server speaks", "NAME"),
    Option(
        "testset", ("--testset", "--test-set"), str, "chat", "a shipped prompt set, or a file of prompts", "NAME|PATH"
    ),
    Option(
        "testset_format",
        ("--testset-format",),
        values.one_of(*FORMATS),
        "–",
        "format of the set, where suffix and shape do not tell it: " + ", ".join(FORMATS),
        "NAME",
    ),
    Option(
        "testset_columns",
        ("--testset-columns",),
        values.columns,
        "–",
        "what the set calls the fields of a prompt, such as prompt=question,expected=answer",
        "FIELD=COLUMN,...",
    ),
    Option("images", ("--images",), str, "–", "folder of images; some of them go with every prompt", "DIR"),
    Option(
        "image_size",
        ("--image-size",),
        values.size,
        "–",
        "instead of --images: images are drawn, so many pixels wide and high, such as 512x512",
        "WxH",
    ),
    Option(
        "image_pool",
        ("--image-pool",),
        values.positive,
        str(DRAWN_IMAGES),
        "how many different images --image-size draws",
        "N",
    ),
    Option(
        "images_per_request",
        ("--images-per-request",),
        values.positive,
        "1",
        "how many of those images go with a prompt, chosen by --seed, user and request",
        "N",
    ),
    Option(
        "users",
        ("-u", "--users", "--test-runs"),
        values.positive,
        "1 2 4 8 16",
        "user counts, one point of the sweep each, in this order",
        "N",
        many=True,
        locusts=True,
    ),
    Option(
        "run_time_s",
        ("-t", "--run-time", "--test-duration"),
        values.positive_s,
        "30s",
        "the measured window of a point, and nothing else; a bare number is seconds",
        "T",
        locusts=True,
    ),
    Option(
        "requests",
        ("--requests",),
        values.positive,
        "–",
        "instead of --run-time: send exactly this many requests a point",
        "N",
    ),
    Option(
        "settle_s",
        ("--settle",),
        values.duration_s,
        "30s",
        "upper bound of the warm-up before a window; it ends when every user has finished a request, after 2 s at least",
        "T",
    ),
    Option(
        "drain_s",
        ("--drain",),
        values.duration_s,
        "120s",
        "how long requests of the window are followed after it; what is left is aborted",
        "T",
    ),
    Option(
        "spawn_rate",
        ("-r", "--spawn-rate"),
        values.rate,
        "all users within 5 s",
        "users that begin per second, spread evenly",
        "R",
        locusts=True,
    ),
    Option("connect_timeout_s", ("--connect-timeout",), values.positive_s, "10s", "for setting up a connection", "T"),
    Option(
        "first_byte_timeout_s",
        ("--first-byte-timeout",),
        values.positive_s,
        "120s",
        "from sent to the first byte back",
        "T",
    ),
    Option("idle_timeout_s", ("--idle-timeout",), values.positive_s, "60s", "between two reads of an answer", "T"),
    Option(
        "timeout_s", ("--timeout",), values.whole_exchange_s, "600s", "for the whole exchange, connecting included", "T"
    ),
    Option("max_tokens", ("--max-tokens",), values.positive, "256", "bound of an answer, in tokens", "N"),
    Option(
        "api_key_env",
        ("--api-key-env",),
        values.variable,
        "by dialect",
        "environment variable that holds the API key, such as OPENAI_API_KEY for chat; unset or empty: no key is sent",
        "VARIABLE",
    ),
    Option(
        "headers",
        ("--header",),
        values.header,
        "–",
        'a header for every request, "Name: value", or "Name: env:VARIABLE" for a secret; may be repeated',
        "HEADER",
        many=True,
    ),
    Option(
        "slo",
        ("--slo",),
        values.slo,
        "–",
        "bounds a request must meet to count as goodput: " + ", ".join(SLO_METRICS) + "; e.g. ttft=500ms tpot=50ms",
        "NAME=T",
        many=True,
    ),
    Option(
        "stream",
        ("--stream", "--no-stream"),
        values.switch,
        "on",
        "have answers streamed; else each comes whole, and its only stamp is its end",
        switch=True,
    ),
    Option(
        "keep_text", ("--keep-text", "--no-keep-text"), values.switch, "on", "store the generated text", switch=True
    ),
    Option(
        "salt",
        ("--salt",),
        values.switch,
        "off",
        "begin every request with a unique prefix, against prefix caches",
        switch=True,
    ),
    Option("seed", ("--seed",), values.seed, "0", "seed of the order of prompts", "N"),
    Option(
        "processes",
        ("--processes",),
        values.processes,
        "0",
        "make the load in so many worker processes on this machine, beside one that conducts; 0: all in one process",
        "N",
        locusts=True,
    ),
    Option(
        "master",
        ("--master",),
        values.switch,
        "off",
        "conduct workers on other machines, each started with `llocust worker`",
        switch=True,
        locusts=True,
    ),
    Option(
        "master_bind_host",
        ("--master-bind-host",),
        str,
        "*",
        "address that --master listens on for its workers; * is all of them",
        "HOST",
        locusts=True,
    ),
    Option(
        "master_bind_port",
        ("--master-bind-port",),
        values.port,
        "5557",
        "port that --master listens on for its workers",
        "PORT",
        locusts=True,
    ),
    Option(
        "expect_workers",
        ("--expect-workers",),
        values.positive,
        "1",
        "how many workers --master waits for before the first point",
        "N",
        locusts=True,
    ),
    Option(
        "expect_workers_max_wait_s",
        ("--expect-workers-max-wait",),
        values.duration_s,
        "0",
        "how long --master waits for them; 0 is as long as it takes",
        "T",
        locusts=True,
    ),
    Option(
        "on_worker_loss",
        ("--on-worker-loss",),
        values.one_of("stop", "continue"),
        "stop",
        "what becomes of a run that loses a worker: ended and reported, or gone on with by the others; "
        "the point in which it was lost is invalid in either case",
        "WHAT",
    ),
    Option(
        "probe",
        ("--probe", "--no-probe"),
        values.switch,
        "on",
        "ask the server once for its list of models before the sweep",
        switch=True,
    ),
    Option(
        "calibrate",
        ("--calibrate",),
        values.switch,
        "off",
        "measure first what this machine adds to the numbers, at the largest user count, and keep it with the run",
        switch=True,
    ),
    Option("work_dir", ("--work-dir",), str, ".", "results go to DIR/output", "DIR"),
    Option("name", ("--name",), str, "sweep", "name of the run, part of its folder's name", "NAME"),
    Option("desc", ("--desc",), str, "empty", "a sentence about the run, kept in the report", "TEXT"),
    Option(
        "locustfile",
        ("-f", "--locustfile"),
        str,
        "locustfiles/chat.py",
        "file with the user class to run",
        "FILE",
        locusts=True,
    ),
    Option(
        "fail_on",
        ("--fail-on",),
        values.one_of("doubtful", "invalid"),
        "off",
        "exit 3 when the verdict is this or worse",
        "VERDICT",
    ),
    Option("lang", ("--lang",), values.one_of("en", "zh"), "en", "language of the status line", "LANG"),
)

_BY_KEY = {option.key: option for option in OPTIONS}


def flag(key: str) -> str:
    """The long flag of an option, for sentences about it."""
    return next(flag for flag in _BY_KEY[key].flags if flag.startswith("--"))


def resolve(raw: Mapping[str, Any]) -> Options:
    """Options from text. A missing key or None is the default; `many` options are lists (or text split at blanks).

    Raises UsageMistakes with every mistake found.
    """
    mistakes: list[str] = []
    given = {key: value for key, value in raw.items() if value is not None and key in _BY_KEY}
    resolved = {key: _read(_BY_KEY[key], value, mistakes) for key, value in given.items()}
    # A key of one company must not go to another, only because it lies in the environment.
    resolved.setdefault("api_key_env", DIALECTS[resolved.get("dialect") or "chat"].key_env)
    mistakes += _contradictions(resolved, given)
    if mistakes:
        raise UsageMistakes(mistakes)
    return Options(**resolved)


def _read(option: Option, value: Any, mistakes: list[str]) -> Any:
    if option.switch:
        return value if isinstance(value, bool) else _read_one(option, str(value), mistakes)
    if not option.many:
        return _read_one(option, str(value), mistakes)
    texts = _split(option, value)
    read = [_read_one(option, text, mistakes) for text in texts]
    if option.key == "slo":
        return dict(pair for pair in read if pair is not None)
    return tuple(read)


def _split(option: Option, value: Any) -> list[str]:
    texts = [value] if isinstance(value, str | int) else list(value)
    if option.key == "headers":
        return [str(text) for text in texts]
    return [part for text in texts for part in str(text).replace(",", " ").split()]


def _read_one(option: Option, text: str, mistakes: list[str]) -> Any:
    try:
        return option.read(text)
    except ValueError as error:
        shown = "" if option.key in ("api_key_env", "headers", "host") else f" {text!r}"
        mistakes.append(f"{flag(option.key)}{shown}: give {error}.")
        return None


def _contradictions(resolved: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    mistakes = []
    if resolved.get("master") and resolved.get("processes"):
        mistakes.append("--master and --processes exclude each other: workers are on other machines, or started here.")
    if resolved.get("calibrate") and (resolved.get("master") or resolved.get("processes")):
        mistakes.append(
            "--calibrate measures one load process: leave it out, and run `llocust calibrate --users N` with the share of "
            "one process."
        )
    mistakes += _picture_contradictions(resolved, given)
    if "host" not in given:
        mistakes.append("--host is missing: give the server's URL, e.g. --host http://127.0.0.1:8000.")
    if "requests" in given and "run_time_s" in given:
        mistakes.append("--requests and --run-time exclude each other: bound a point by one of them.")
    if resolved.get("probe") is False and not given.get("model"):
        mistakes.append("--no-probe leaves the model unknown: name it with --model.")
    users = [count for count in resolved.get("users", DEFAULT_USERS) if count]
    requests = resolved.get("requests")
    if requests and users and requests < max(users):
        mistakes.append(
            f"--requests {requests} is fewer than the {max(users)} users of a point: some would have nothing to send."
        )
    if "users" in resolved and not resolved["users"]:
        mistakes.append("--users is empty: give one or more user counts, e.g. --users 1 2 4 8.")
    name = resolved.get("name")
    if name is not None and not re.fullmatch(r"[\w.-]{1,80}", name):
        mistakes.append(f"--name {name!r}: give letters, digits, dots, dashes and underscores, 80 at most.")
    return mistakes


def _picture_contradictions(resolved: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    mistakes = []
    if "images" in given and "image_size" in given:
        mistakes.append("--images and --image-size exclude each other: images are in a folder, or drawn.")
    if (resolved.get("image_pool") or DRAWN_IMAGES) != DRAWN_IMAGES and "image_size" not in given:
        mistakes.append("--image-pool needs --image-size: it is the number of images that are drawn.")
    if (resolved.get("images_per_request") or 1) > 1 and not {"images", "image_size"} & given.keys():
        mistakes.append("--images-per-request needs --images DIR or --image-size WxH, where the images come from.")
    return mistakes
