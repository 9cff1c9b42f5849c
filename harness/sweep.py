"""The sweep as its caller sees it: the run folder is made, the load process fills it, and what it left is put in order.

The parent itself measures nothing: it imports neither Locust nor gevent, and has all the time it needs.
"""

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from harness import run
from harness.launch import LoadProcess, check_port, find_locustfile, last_words
from harness.opening import check, from_manifest, open_run
from harness.options import OPTIONS, Options, UsageMistakes, flag, resolve
from harness.parser import make_parser
from harness.run import Manifest, Point, RunError
from harness.screen import Screen


class Request(NamedTuple):
    """What was typed."""

    raw: dict[str, Any]
    """Options as text, by key."""
    resume: Path | None
    quiet: bool
    json_progress: bool
    command: list[str]


class Swept(NamedTuple):
    """What a sweep left."""

    folder: Path
    options: Options
    trouble: str | None
    """Why it is not whole, in a sentence."""


def read_command(argv: list[str]) -> Request:
    """Raises UsageMistakes for what the parser cannot take; values are read later."""
    parsed = vars(make_parser().parse_args(argv))
    typed = vars(make_parser(elsewhere=False).parse_args(argv))
    shown = {key: parsed.pop(key) for key in ("resume", "quiet", "json_progress", "config")}
    given = [flag(option.key) for option in OPTIONS if typed[option.key] is not None]
    if shown["resume"] and given:
        raise UsageMistakes([f"--resume takes its options from the run; leave out {', '.join(given)}."])
    if shown["quiet"] and shown["json_progress"]:
        raise UsageMistakes(["--quiet and --json-progress exclude each other."])
    for one, other in (("requests", "run_time_s"), ("run_time_s", "requests")):
        if typed[one] is not None and typed[other] is None:
            parsed[other] = None  # what is typed comes before a bound of the other kind that stands elsewhere
    resume = Path(shown["resume"]) if shown["resume"] else None
    return Request(parsed, resume, shown["quiet"], shown["json_progress"], ["llocust", "sweep", *argv])


def prepare(request: Request) -> tuple[Path, Options]:
    """A run folder whose points wait to be run. Raises UsageMistakes, ProbeError, RunError."""
    if request.resume is not None:
        return _reopen(request.resume)
    options = resolve(request.raw)
    mistakes = []
    for look in (partial(find_locustfile, options.locustfile), partial(check, options), partial(check_port, options)):
        try:
            look()
        except UsageMistakes as error:
            mistakes += error.mistakes
    if mistakes:
        raise UsageMistakes(mistakes)
    points = [Point(index=index, users=users) for index, users in enumerate(options.users, 1)]
    opened = open_run(options, kind="sweep", command=request.command, points=points)
    return opened.folder, options


def _reopen(folder: Path) -> tuple[Path, Options]:
    """Unfinished points are run again, whole and in folders of their own; what they had stays, as interrupted."""
    manifest = run.read_manifest(folder)
    if manifest.kind != "sweep":
        raise RunError(f"{folder} is no sweep, and cannot be resumed.")
    options = from_manifest(manifest)
    check_port(options)
    for point in manifest.points:
        if point.state == "running":
            point.state = "interrupted"
    missing = _missing(options, manifest)
    if not missing and all(point.state != "planned" for point in manifest.points):
        raise RunError(f"{folder} has no unfinished points; nothing is left to resume.")
    following = max(point.index for point in manifest.points) + 1
    manifest.points += [Point(index=index, users=users) for index, users in enumerate(missing, following)]
    manifest.state, manifest.ended = "running", None
    run.write_manifest(folder, manifest)
    run.point_latest(folder.resolve())
    return folder, options


def _missing(options: Options, manifest: Manifest) -> list[int]:
    """User counts that were asked for and are neither done nor waiting, in the order asked."""
    there = Counter(point.users for point in manifest.points if point.state in ("done", "planned"))
    missing = []
    for users in options.users:
        if there[users] > 0:
            there[users] -= 1
        else:
            missing.append(users)
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
