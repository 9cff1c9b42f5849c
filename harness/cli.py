"""The command line: which verb, and what it prints."""

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from harness import __version__

if TYPE_CHECKING:
    from harness.options import Options
    from harness.quality.scoring import Scored
    from harness.screen import Screen
    from harness.sweep import Request, Swept
    from harness.tokenizer import Tokenizer
    from reports.report import Report

DAMAGED, USAGE_ERROR = 1, 2

USAGE = """\
usage: llocust VERB [options]

  sweep     step user counts against a server, record every request, and report
  worker    make load for `llocust sweep --master` on another machine
  report    rebuild every rendering of a run from its folder
  quality   score the stored answers of a run
  compare   two runs side by side, by the same definitions
  simulate  the embedded server, which knows the truth about itself
  demo      simulate, sweep and report in one, into ./output
  calibrate what this machine adds to the numbers at a load
  init      a file to begin with: query-model, dialect, locustfile, scorer or prices
  serve     benchmarks over HTTP, a store that keeps every result, a dashboard

`llocust VERB --help` tells the rest. The same user class runs in Locust's own interface:
  locust -f locustfiles/chat.py --host URL
"""


def _sweep(argv: list[str]) -> int:
    from harness.options import UsageMistakes
    from harness.run import RunError
    from harness.sweep import prepare, read_command, sweep
    from harness.wire.models import ProbeError

    try:
        request = read_command(argv)
        if request.dry_run:
            return _rehearse(request)
        folder, options = prepare(request, _take_prices)
        if request.resume is None:
            _take_prices(options, into=folder)
    except (UsageMistakes, RunError) as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    except ProbeError as error:
        print(error, file=sys.stderr)
        return DAMAGED
    if options.calibrate and not _calibrate_run(request, folder, options):
        return DAMAGED
    swept = sweep(folder, options, _screen(request, options))
    return _conclude(request, swept)


def _rehearse(request: "Request") -> int:
    """Everything that can be seen without a server. Raises UsageMistakes unless a program reads what is printed."""
    from harness.opening import to_manifest
    from harness.options import UsageMistakes
    from harness.sweep import look_over

    try:
        options = look_over(request, _take_prices)
    except UsageMistakes as error:
        if not request.json_progress:
            raise
        print(json.dumps({"event": "dry-run", "mistakes": error.mistakes, "options": None}))
        return USAGE_ERROR
    if request.json_progress:
        print(json.dumps({"event": "dry-run", "mistakes": [], "options": to_manifest(options)}))
    elif not request.quiet:
        print("Nothing is wrong with the options; without --dry-run they make a run.")
    return 0


def _take_prices(options: "Options", into: Path | None = None) -> None:
    """See that the table of prices can be used, before anybody is asked; have the run folder `into` keep a copy of it.

    Raises UsageMistakes, RunError.
    """
    from harness.options import UsageMistakes

    if options.prices is None:
        return
    from reports.prices import PricesError, keep, read

    path = Path(options.prices)
    try:
        if into is None:
            read(path)
        else:
            keep(into, path)
    except PricesError as error:
        raise UsageMistakes(error.mistakes) from error


def _calibrate_run(request: "Request", folder: Path, options: "Options") -> bool:
    """Whether the run has its calibration; why not has been printed."""
    from harness.calibrate import Uncalibrated, calibrate_run, in_words, to_json
    from harness.options import UsageMistakes

    try:
        calibration = calibrate_run(folder, options)
    except (UsageMistakes, Uncalibrated) as error:
        print(error, file=sys.stderr)
        return False
    if calibration is not None and not request.quiet:
        print(to_json(calibration, event="calibration") if request.json_progress else "\n".join(in_words(calibration)))
    return True


def _screen(request: "Request", options: "Options") -> "Screen":
    from harness.screen import BarScreen, JsonScreen, QuietScreen

    if request.quiet:
        return QuietScreen()
    return JsonScreen() if request.json_progress else BarScreen(options.lang)


def _conclude(request: "Request", swept: "Swept") -> int:
    """Report what the sweep left, whole or not."""
    from harness.run import RunError
    from harness.salvage import salvage
    from reports.write import write

    if swept.trouble:
        print(swept.trouble, file=sys.stderr)
    try:
        for brought in salvage(swept.folder):
            print(brought, file=sys.stderr)
        scored = _score_swept(request, swept)
        report = write(swept.folder, _tokenizer(swept.options))
    except RunError as error:
        # Say, of a full disk: the records are there, and `llocust report` makes the rest when there is room.
        print(error, file=sys.stderr)
        return DAMAGED
    code = _exit_code(report, swept, scored)
    _tell(report, swept.folder, code, quiet=request.quiet, json_progress=request.json_progress)
    return code


def _tell(report: "Report", folder: Path, code: int, *, quiet: bool, json_progress: bool) -> None:
    path = folder / "report.html"
    if json_progress:
        print(json.dumps({"event": "report", "path": str(path), "verdict": report.verdict, "exit": code}))
        return
    if not quiet:
        from rich.console import Console

        from reports.render.screen import summary

        Console().print(summary(report))
    from reports.cli import where

    print("\n".join(where(folder)))


def _score_swept(request: "Request", swept: "Swept") -> "Scored | None":
    """Scores of the answers, where they were asked for; never of a run that is not whole, which may be gone on with."""
    from harness.quality.asking import Asking
    from harness.quality.cli import score
    from harness.run import read_manifest

    if not swept.options.quality:
        return None
    manifest = read_manifest(swept.folder)
    if manifest.state != "done":
        print(f"The answers were not scored: `llocust quality {swept.folder}` scores those there are.", file=sys.stderr)
        return None
    asking = Asking(swept.folder, manifest, swept.options)
    return score(asking, quiet=request.quiet, json_progress=request.json_progress)


def _tokenizer(options: "Options") -> "Tokenizer | None":
    from harness.opening import read_tokenizer
    from harness.options import UsageMistakes

    try:
        return read_tokenizer(options)
    except UsageMistakes as error:
        # It was there when the run began; what was measured is reported all the same.
        print(error, file=sys.stderr)
        return None


def _exit_code(report: "Report", swept: "Swept", scored: "Scored | None") -> int:
    from reports.cli import CHECK_FAILED, fails

    is_damaged = swept.trouble or (scored is not None and scored.trouble)
    if is_damaged or any(point.requests.ok == 0 for point in report.points if point.state == "done"):
        return DAMAGED
    return CHECK_FAILED if fails(report, swept.options.fail_on) else 0


def _worker(argv: list[str]) -> int:
    from harness.errand import NoMaster, await_master, read_command, run_worker
    from harness.options import UsageMistakes

    try:
        errand = read_command(argv)
        await_master(errand)
    except UsageMistakes as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    except NoMaster as error:
        print(error, file=sys.stderr)
        return DAMAGED
    return run_worker(errand)


def _demo(argv: list[str]) -> int:
    from harness.demo import SERVER, demo_arguments, embedded_server
    from harness.options import UsageMistakes

    try:
        with embedded_server(*SERVER) as url:
            return _sweep(demo_arguments(url, argv))
    except UsageMistakes as error:
        print(error, file=sys.stderr)
        return DAMAGED


def _calibrate(argv: list[str]) -> int:
    from harness.calibrate import Uncalibrated, calibrate, in_words, read_command, seconds_needed, to_json
    from harness.options import UsageMistakes

    try:
        asked = read_command(argv)
        print(f"Calibrating; this takes about {seconds_needed(asked.load):.0f} s.", file=sys.stderr)
        calibration = calibrate(asked.load)
    except UsageMistakes as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    except Uncalibrated as error:
        print(error, file=sys.stderr)
        return DAMAGED
    print(to_json(calibration) if asked.as_json else "\n".join(in_words(calibration)))
    return 0


def _init(argv: list[str]) -> int:
    from harness.init import write
    from harness.options import UsageMistakes

    try:
        written = write(argv)
    except UsageMistakes as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    print(f"{written.path} is there. When it fits your server:\n  {written.command}")
    return 0


def _simulate(argv: list[str]) -> int:
    from harness.simulator.__main__ import main

    return main(argv)


def _report(argv: list[str]) -> int:
    from harness.salvage import salvage
    from reports.cli import report_main

    return report_main(argv, gather=salvage)


def _quality(argv: list[str]) -> int:
    from harness.options import UsageMistakes
    from harness.quality.cli import score
    from harness.quality.command import prepare, read_command
    from harness.run import RunError
    from harness.salvage import salvage
    from reports.write import write

    try:
        command = read_command(argv)
        for brought in salvage(command.folder):
            print(brought, file=sys.stderr)
        asking = prepare(command)
        if command.raw["prices"] is not None:
            _take_prices(asking.options, into=asking.folder)
    except (UsageMistakes, RunError) as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    scored = score(asking, quiet=command.quiet, json_progress=command.json_progress, again=command.again)
    try:
        report = write(asking.folder, _tokenizer(asking.options) if command.raw["tokenizer"] is not None else None)
    except RunError as error:
        print(error, file=sys.stderr)
        return DAMAGED
    code = DAMAGED if scored.trouble or scored.is_useless else 0
    _tell(report, asking.folder, code, quiet=command.quiet, json_progress=command.json_progress)
    return code


def _compare(argv: list[str]) -> int:
    from reports.cli import compare_main

    return compare_main(argv)


def _serve(argv: list[str]) -> int:
    try:
        from service.cli import serve_main
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] in ("service", "harness", "reports"):
            raise
        print(f"`llocust serve` needs {error.name}: pip install 'llocust[service]'.", file=sys.stderr)
        return USAGE_ERROR
    return serve_main(argv)


VERBS: dict[str, Callable[[list[str]], int]] = {
    "sweep": _sweep,
    "worker": _worker,
    "report": _report,
    "quality": _quality,
    "compare": _compare,
    "simulate": _simulate,
    "demo": _demo,
    "calibrate": _calibrate,
    "init": _init,
    "serve": _serve,
}


def main() -> None:
    """Exit: 0 done · 1 nothing succeeded, or damaged · 2 usage · 3 an explicit check failed. SIGTERM is as good as Ctrl-C."""
    argv = sys.argv[1:]
    verb = argv[0] if argv else "--help"
    if verb in ("-h", "--help"):
        print(USAGE, end="")
        sys.exit(0 if argv else 2)
    if verb in ("-V", "--version"):
        print(f"llocust {__version__}")
        sys.exit(0)
    if verb not in VERBS:
        print(f"llocust: {verb!r} is not a verb; there are {', '.join(VERBS)}.", file=sys.stderr)
        sys.exit(2)
    # What containers and services are told to end with. The first process of a container would not even hear it otherwise.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(VERBS[verb](argv[1:]))
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.exit(DAMAGED)


if __name__ == "__main__":
    main()
