"""The parser of `llocust sweep`, made from the one table of options. It collects text; harness.options reads it."""

from argparse import BooleanOptionalAction, Namespace
from typing import Any

import configargparse

from harness.options import OPTIONS, Option, UsageMistakes

CONFIG_FILES = ["~/.llocust.conf", "llocust.conf"]
ENVIRONMENT_PREFIX = "LLOCUST_"


class _Parser(configargparse.ArgumentParser):  # type: ignore[misc]
    def parse_args(self, args: Any = None, *positional: Any, **named: Any) -> Namespace:
        parsed, rest = self.parse_known_args(args, *positional, **named)
        if rest:
            # Their names only: somebody may have tried to pass a key.
            names = [word.partition("=")[0] for word in rest if word.startswith("-")]
            self.error(
                "there is no option " + ", ".join(names) if names else "there is a word that belongs to no option"
            )
        typed: Namespace = parsed
        return typed

    def error(self, message: str) -> Any:
        raise UsageMistakes([f"{message[:1].upper()}{message[1:]}. `llocust sweep --help` lists the options."])


def make_parser(*, elsewhere: bool = True) -> configargparse.ArgumentParser:
    """Every option as text; what was not given is None. Without `elsewhere`, only what is typed counts."""
    parser = _Parser(
        prog="llocust sweep",
        description="Step the number of users against a streaming endpoint and report what they saw.",
        default_config_files=CONFIG_FILES if elsewhere else [],
        auto_env_var_prefix=ENVIRONMENT_PREFIX if elsewhere else None,
        allow_abbrev=False,
        add_env_var_help=False,
        epilog=f"Every option can stand in the environment as {ENVIRONMENT_PREFIX}… or in a config file; "
        "what is typed comes first.",
    )
    parser.add_argument("-c", "--config", is_config_file=elsewhere, metavar="FILE", help="file of options, one a line")
    for option in OPTIONS:
        _add(parser, option)
    parser.add_argument("--resume", metavar="RUN", help="run the unfinished points of that run folder again")
    parser.add_argument("--quiet", action="store_true", help="print nothing but mistakes and the path of the report")
    parser.add_argument(
        "--json-progress", action="store_true", help="print progress as one JSON object a line, for programs"
    )
    return parser


def _add(parser: configargparse.ArgumentParser, option: Option) -> None:
    shared = {"dest": option.key, "default": None, "help": f"{option.help} (default: {option.default})"}
    if option.switch:
        # Of the pair `--x`, `--no-x` argparse wants the first; so `x = false` in a config file has its effect, too.
        action = BooleanOptionalAction if len(option.flags) > 1 else "store_true"
        parser.add_argument(option.flags[0], action=action, **shared)
    elif option.key == "headers":
        parser.add_argument(*option.flags, metavar=option.metavar, action="append", **shared)
    else:
        many = {"nargs": "+"} if option.many else {}
        parser.add_argument(*option.flags, metavar=option.metavar, **many, **shared)
