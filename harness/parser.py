"""The parser of `llocust sweep`, made from the one table of options. It collects text; harness.options reads it."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from harness import values
from harness.options import OPTIONS, Option, UsageMistakes

ENVIRONMENT_PREFIX = "LLOCUST_"

COMMANDS_OWN: tuple[Option, ...] = (
    Option(
        "quiet",
        ("--quiet",),
        values.switch,
        "off",
        "print nothing but mistakes and the path of the report",
        switch=True,
    ),
    Option(
        "json_progress",
        ("--json-progress",),
        values.switch,
        "off",
        "print progress as one JSON object a line, for programs",
        switch=True,
    ),
    Option(
        "dry_run",
        ("--dry-run",),
        values.switch,
        "off",
        "say what is wrong with the options, or nothing, and make no run",
        switch=True,
    ),
)
"""About the command itself, and no part of what a run is told."""


def variable_of(option: Option) -> str:
    """The environment variable of an option."""
    long_flag = next(flag for flag in option.flags if flag.startswith("--"))
    return ENVIRONMENT_PREFIX + long_flag.removeprefix("--").replace("-", "_").upper()


class Parser(argparse.ArgumentParser):
    """Raises UsageMistakes for what is no option, in a sentence."""

    def error(self, message: str) -> NoReturn:
        raise UsageMistakes([f"{message[:1].upper()}{message[1:]}. `{self.prog} --help` lists the options."])

    def parse(self, argv: Sequence[str]) -> dict[str, Any]:
        """What is typed, by key; what is not, is None."""
        typed, rest = self.parse_known_args(argv)
        if rest:
            # Their names only: somebody may have tried to pass a key.
            names = [word.partition("=")[0] for word in rest if word.startswith("-")]
            self.error(
                "there is no option " + ", ".join(names) if names else "there is a word that belongs to no option"
            )
        return vars(typed)

    def add(self, option: Option) -> None:
        """An option as text."""
        self.add_argument(*_flags(option), dest=option.key, default=None, help=_help(option), **_form(option))


def parse(argv: Sequence[str]) -> dict[str, Any]:
    """What is typed, by key; what is not, is None. Raises UsageMistakes for what is no option."""
    return make_parser().parse(argv)


def make_parser() -> Parser:
    """Every option as text; what is not typed is None."""
    parser = Parser(
        prog="llocust sweep",
        description="Step the number of users against a streaming endpoint and report what they saw.",
        allow_abbrev=False,
        epilog=f"Every option can stand in the environment as {ENVIRONMENT_PREFIX}… or in a TOML file; "
        "what is typed comes first.",
    )
    parser.add_argument("-c", "--config", metavar="FILE", help="TOML file of options")
    for option in (*OPTIONS, *COMMANDS_OWN):
        parser.add(option)
    parser.add_argument("--resume", metavar="RUN", help="run the unfinished points of that run folder again")
    return parser


def _flags(option: Option) -> tuple[str, ...]:
    # Of the pair `--x`, `--no-x` argparse wants the first.
    return option.flags[:1] if option.switch else option.flags


def _help(option: Option) -> str:
    # To argparse a percent sign in a help text is the beginning of a placeholder.
    return f"{option.help} (default: {option.default})".replace("%", "%%")


def _form(option: Option) -> dict[str, Any]:
    if option.switch:
        return {"action": argparse.BooleanOptionalAction if len(option.flags) > 1 else "store_true"}
    if option.whole:
        return {"metavar": option.metavar, "action": "append"}
    return {"metavar": option.metavar, "nargs": "+" if option.many else None}
