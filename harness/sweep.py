"""The sweep as its caller sees it: the run folder is made, the load process fills it, and what it left is put in order.

The parent itself measures nothing: it imports neither Locust nor gevent, and has all the time it needs.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from harness import own, run
from harness.config import Config, render
from harness.launch import LoadProcess, check_port, find_locustfile, last_words
from harness.opening import check, from_manifest, open_run, read_tokenizer
from harness.options import OPTIONS, Option, Options, UsageMistakes, flag
from harness.parser import COMMANDS_OWN, parse
from harness.quality.means import check_means
from harness.run import Manifest, Point, RunError
from harness.screen import Screen
from harness.sources import gather
from harness.targets import Leg, legs


class Request(NamedTuple):
    """What was asked for, typed or elsewhere."""

    given: Config
    resume: Path | None
    quiet: bool
    json_progress: bool
    dry_run: bool
    command: list[str]

    def resolve(self) -> Options:
        """The options. Raises UsageMistakes with all that is wrong with files, variables and values."""
        return _resolve(self.given)


Look = Callable[[Options], object]
"""At what an option names."""


class Swept(NamedTuple):
    """What a sweep left."""

    folder: Path
    options: Options
    trouble: str | None
    """Why it is not whole, in a sentence."""


def read_command(argv: list[str]) -> Request:
    """Raises UsageMistakes for what the parser cannot take; values are read later."""
    typed = parse(argv)
    resume, config = typed.pop("resume"), typed.pop("config")
    names = [flag(option.key) for option in OPTIONS if typed[option.key] is not None]
    names += [] if config is None else ["--config"]
    if resume and names:
        raise UsageMistakes([f"--resume takes its options from the run; leave out {', '.join(names)}."])
    given = gather(typed, config)
    quiet, json_progress, dry_run = (_is_on(given, option) for option in COMMANDS_OWN)
    if quiet and json_progress:
        raise UsageMistakes(["--quiet and --json-progress exclude each other."])
    if dry_run and resume:
        raise UsageMistakes(["--dry-run looks at options, which --resume takes from a run; leave out one of the two."])
    command = ["llocust", "sweep", *argv]
    return Request(given, Path(resume) if resume else None, quiet, json_progress, dry_run, command)


def _is_on(given: Config, option: Option) -> bool:
    """A switch of the command itself. Raises UsageMistakes."""
    value = given.raw.pop(option.key, False)
    try:
        return value if isinstance(value, bool) else bool(option.read(str(value)))
    except ValueError as error:
        raise UsageMistakes([f"{given.called[option.key]} {value!r}: give {error}."]) from None


def _resolve(given: Config) -> Options:
    try:
        options = own.read(given.raw, given.called)
    except UsageMistakes as error:
        raise UsageMistakes([*given.mistakes, *error.mistakes]) from None
    if given.mistakes:
        raise UsageMistakes(given.mistakes)
    return options


def prepare(request: Request, *besides: Look) -> tuple[Path, Options]:
    """A run folder whose points wait to be run; `besides`: as of look_over. Raises UsageMistakes, ProbeError, RunError."""
    if request.resume is not None:
        return _reopen(request.resume)
    options = look_over(request, *besides)
    points = _numbered(_legs(options), 1)
    opened = open_run(options, kind="sweep", command=request.command, points=points)
    run.write_config(opened.folder, render(request.given.raw))
    return opened.folder, options


def look_over(request: Request, *besides: Look) -> Options:
    """The options, looked at with all that this machine has for them, and with nobody asked; `besides`: looks of the
    caller's, which raise UsageMistakes too. Raises UsageMistakes.
    """
    options = request.resolve()
    mistakes = []
    looks: tuple[Callable[[], object], ...] = (
        partial(find_locustfile, options.locustfile),
        partial(check, options),
        partial(check_port, options),
        partial(read_tokenizer, options),
        partial(own.check_query_model, options.query_model),
        partial(check_means, options),
        *(partial(other, options) for other in besides),
    )
    for look in looks:
        try:
            look()
        except UsageMistakes as error:
            mistakes += error.mistakes
    if mistakes:
        # The tokenizer is looked for twice: for the prompts, and for the report.
        raise UsageMistakes(list(dict.fromkeys(mistakes)))
    return options


def _legs(options: Options) -> list[Leg]:
    return legs(options.users, {target.name: target.weight for target in options.all_targets}, options.target_mode)


def _numbered(planned: Sequence[Leg], first: int) -> list[Point]:
    return [Point(index=index, **leg._asdict()) for index, leg in enumerate(planned, first)]


def _reopen(folder: Path) -> tuple[Path, Options]:
    """Unfinished points are run again, whole and in folders of their own; what they had stays, as interrupted."""
    manifest = run.read_manifest(folder)
    if manifest.kind != "sweep":
        raise RunError(f"{folder} is no sweep, and cannot be resumed.")
    options = from_manifest(manifest)
    own.adopt_those_of_judges(options)
    check_port(options)
    own.check_query_model(options.query_model)
    own.expect_unchanged(options, manifest.files)
    for point in manifest.points:
        if point.state == "running":
            point.state = "interrupted"
    missing = _missing(options, manifest)
    if not missing and all(point.state != "planned" for point in manifest.points):
        raise RunError(f"{folder} has no unfinished points; nothing is left to resume.")
    following = max(point.index for point in manifest.points) + 1
    manifest.points += _numbered(missing, following)
    manifest.state, manifest.ended = "running", None
    run.write_manifest(folder, manifest)
    run.point_latest(folder.resolve())
    return folder, options


def _missing(options: Options, manifest: Manifest) -> list[Leg]:
    """Points that were asked for and are neither done nor waiting, in the order asked."""
    there = Counter((point.users, point.target) for point in manifest.points if point.state in ("done", "planned"))
    missing = []
    for leg in _legs(options):
        if there[leg.users, leg.target] > 0:
            there[leg.users, leg.target] -= 1
        else:
            missing.append(leg)
    return missing


def sweep(folder: Path, options: Options, screen: Screen) -> Swept:
    """Run the waiting points. A Ctrl-C ends the run early and follows what is in flight, a second one aborts that."""
    process = LoadProcess(folder, options, find_locustfile(options.locustfile))
    end_it = iter((process.drain, process.stop))
    earlier = len(run.read_manifest(folder).processes)
    trouble = None
    while True:
        try:
            for message in process.messages():
                screen.show(message)
                trouble = message.get("trouble") or trouble
            status = process.wait()
            break
        except KeyboardInterrupt:
            next(end_it, process.kill)()
            trouble = "The sweep was interrupted; --resume runs what is missing."
    screen.close()
    return Swept(folder, options, _put_in_order(folder, trouble, status, earlier))


def _put_in_order(folder: Path, trouble: str | None, status: int, earlier: int) -> str | None:
    """Mark what a process that died left as running; say what is wrong, if anything is."""
    manifest = run.read_manifest(folder)
    if manifest.state == "running":
        for point in manifest.points:
            if point.state == "running":
                point.state = "interrupted"
        manifest.state = "interrupted"
        trouble = trouble or f"The load process ended before the sweep did (exit {status}).\n{last_words(folder)}"
        try:
            run.write_manifest(folder, manifest)
        except OSError as error:
            trouble += f"\nThe manifest cannot be written: {error.strerror}."
    elif manifest.state == "interrupted":
        trouble = trouble or "The run is not whole."
    lost = [process.worker for process in manifest.processes[earlier:] if process.lost]
    if lost and trouble is None:
        trouble = f"The run lost {', '.join(lost)}; the points that saw it are invalid."
    return trouble
