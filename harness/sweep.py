"""The sweep as its caller sees it: the run folder is made, the load process fills it, and what it left is put in order.

The parent itself measures nothing: it imports neither Locust nor gevent, and has all the time it needs.
"""

from pathlib import Path
from typing import Any, NamedTuple

from harness import run
from harness.launch import LoadProcess, find_locustfile, last_words
from harness.opening import from_manifest, open_run
from harness.options import Options, UsageMistakes, resolve
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
    shown = {key: parsed.pop(key) for key in ("resume", "quiet", "json_progress", "config")}
    resume = Path(shown["resume"]) if shown["resume"] else None
    given = sorted(key for key, value in parsed.items() if value is not None)
    if resume is not None and given:
        raise UsageMistakes([f"--resume takes its options from the run; leave out {', '.join(given)}."])
    if shown["quiet"] and shown["json_progress"]:
        raise UsageMistakes(["--quiet and --json-progress exclude each other."])
    return Request(parsed, resume, shown["quiet"], shown["json_progress"], ["llocust", "sweep", *argv])


def prepare(request: Request) -> tuple[Path, Options]:
    """A run folder whose points wait to be run. Raises UsageMistakes, ProbeError, RunError."""
    if request.resume is not None:
        return _reopen(request.resume)
    options = resolve(request.raw)
    find_locustfile(options.locustfile)
    points = [Point(index=index, users=users) for index, users in enumerate(options.users, 1)]
    opened = open_run(options, kind="sweep", command=request.command, points=points)
    return opened.folder, options


def _reopen(folder: Path) -> tuple[Path, Options]:
    """Unfinished points are run again, whole and in folders of their own; what they had stays, as interrupted."""
    manifest = run.read_manifest(folder)
    if manifest.kind != "sweep":
        raise RunError(f"{folder} is no sweep, and cannot be resumed.")
    unfinished = [point for point in manifest.points if point.state != "done" and not _was_repeated(point, manifest)]
    if not unfinished:
        raise RunError(f"{folder} has no unfinished points; nothing is left to resume.")
    following = max(point.index for point in manifest.points) + 1
    for point in unfinished:
        if point.state != "planned":
            point.state = "interrupted"
            manifest.points.append(Point(index=following, users=point.users, target=point.target))
            following += 1
    manifest.state, manifest.ended = "running", None
    run.write_manifest(folder, manifest)
    run.point_latest(folder.resolve())
    return folder, from_manifest(manifest)


def _was_repeated(point: Point, manifest: Manifest) -> bool:
    return any(
        other.index > point.index and (other.users, other.target) == (point.users, point.target)
        for other in manifest.points
        if point.state == "interrupted" and other.state in ("done", "planned")
    )


def sweep(folder: Path, options: Options, screen: Screen) -> Swept:
    """Run the waiting points. A Ctrl-C ends the run early and cleanly; a second one at once."""
    process = LoadProcess(folder, options, find_locustfile(options.locustfile))
    trouble = None
    messages = process.messages()
    while True:
        try:
            for message in messages:
                screen.show(message)
                trouble = message.get("trouble") or trouble
            status = process.wait()
            break
        except KeyboardInterrupt:
            if trouble is not None:
                process.kill()
            trouble = "The sweep was interrupted; --resume runs what is missing."
            process.stop()
    screen.close()
    return Swept(folder, options, _put_in_order(folder, trouble, status))


def _put_in_order(folder: Path, trouble: str | None, status: int) -> str | None:
    """Mark what a process that died left as running; say what is wrong, if anything is."""
    manifest = run.read_manifest(folder)
    if manifest.state == "running":
        for point in manifest.points:
            if point.state == "running":
                point.state = "interrupted"
        manifest.state = "interrupted"
        run.write_manifest(folder, manifest)
        trouble = trouble or f"The load process ended before the sweep did (exit {status}).\n{last_words(folder)}"
    elif manifest.state == "interrupted":
        trouble = trouble or "The run is not whole."
    return trouble
