"""`llocust quality`: what was typed, and the run that it is about."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from harness import own, run
from harness.opening import options_of
from harness.options import OPTIONS, Options, UsageMistakes
from harness.options.quality import QUALITY
from harness.options.scored import without_means
from harness.parser import COMMANDS_OWN, Parser
from harness.quality.asking import Asking
from harness.quality.own import check as check_scorers
from harness.score import BY_NAME

_LATEST = "output/latest"
_OF_THE_REPORT = ("tokenizer", "prices")
_SWITCHES = ("quiet", "json_progress")


class Command(NamedTuple):
    """What was asked for."""

    folder: Path
    raw: dict[str, Any]
    """Options as text, those that were typed."""
    again: bool
    quiet: bool
    json_progress: bool


def read_command(argv: Sequence[str]) -> Command:
    """Raises UsageMistakes for what the parser cannot take; values are read later."""
    typed = _make_parser().parse(argv)
    folder, again = Path(typed.pop("run")), typed.pop("again")
    quiet, json_progress = (bool(typed.pop(key)) for key in _SWITCHES)
    if quiet and json_progress:
        raise UsageMistakes(["--quiet and --json-progress exclude each other."])
    return Command(folder, typed, again, quiet, json_progress)


def _make_parser() -> Parser:
    parser = Parser(
        prog="llocust quality",
        description="Score the stored answers of a run, and rebuild its report. What is scored already is left as it is.",
        allow_abbrev=False,
        epilog="What is not typed is as the run itself was told, the scorers included.",
    )
    parser.add_argument("run", nargs="?", default=_LATEST, metavar="RUN", help=f"a run folder (default: {_LATEST})")
    for option in (*QUALITY, *(each for each in OPTIONS if each.key in _OF_THE_REPORT)):
        parser.add(option)
    parser.add_argument("--again", action="store_true", help="score anew what is scored already, and ask judges anew")
    for option in COMMANDS_OWN:
        if option.key in _SWITCHES:
            parser.add(option)
    return parser


def prepare(command: Command) -> Asking:
    """The run, with what was typed in place of what it was told. Raises UsageMistakes, RunError."""
    manifest = run.read_manifest(command.folder)
    typed = own.read_some(command.raw)
    options = msgspec.structs.replace(options_of(manifest), **typed)
    mistakes = list(without_means(msgspec.structs.asdict(options)))
    if not options.quality:
        mistakes.append(f"--scorers is missing: name one or more of {', '.join(BY_NAME)}, or a file of your own.")
    if mistakes:
        raise UsageMistakes(mistakes)
    check_scorers(options)
    _adopt(options)
    return Asking(command.folder, manifest, options)


def _adopt(options: Options) -> None:
    """Have the dialects known by which somebody is asked now. Raises UsageMistakes."""
    needs = {BY_NAME[name].needs for name in options.quality if name in BY_NAME}
    if needs & {"judge", "moderation"}:
        own.adopt_those_of_judges(options)
    if "texts" in needs:
        own.adopt_those_of(options)
