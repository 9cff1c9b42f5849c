"""Our options in Locust's own parser and web form, and back from there.

Locust keeps what it has (host, users, run time, spawn rate, locustfile). Ours come as text and are read by the one
table in harness.options, because Locust's form keeps types badly.
"""

from argparse import SUPPRESS, Action, Namespace
from typing import Any

from configargparse import ArgumentParser
from locust.env import Environment

from harness.options import OPTIONS, Option, Options, resolve

RUN_FLAG = "--llocust-run"
"""How `llocust sweep` tells its load process which run folder to fill."""


_ONLY_SWEEP = frozenset({"calibrate", "fail_on", "lang", "requests"})
# The form would print what is typed into these, or has no use for them.
_NOT_IN_FORM = frozenset({"headers", "api_key_env", "work_dir", "probe", "slo"})


def add_arguments(parser: ArgumentParser) -> None:
    """Listens to Locust's init_command_line_parser."""
    group = parser.add_argument_group("LLM options", "What llocust adds; `llocust sweep --help` tells more.")
    for option in OPTIONS:
        if not option.locusts and option.key not in _ONLY_SWEEP:
            _mark(_add(group, option), in_form=option.key not in _NOT_IN_FORM)
    _mark(group.add_argument(RUN_FLAG, dest="llocust_run", help=SUPPRESS), in_form=False)


def _add(group: Any, option: Option) -> Action:
    shared = {"dest": option.key, "default": None, "help": f"{option.help} (default: {option.default})"}
    if option.switch:
        switch: Action = group.add_argument(option.flags[0], choices=("on", "off"), nargs="?", const="on", **shared)
        return switch
    many = {"action": "append"} if option.many else {}
    action: Action = group.add_argument(*option.flags, metavar=option.metavar, **many, **shared)
    return action


def _mark(action: Action, *, in_form: bool) -> None:
    # Locust's parser sets these in its own add_argument, which an argument group does not go through.
    for name, value in (("include_in_web_ui", in_form), ("is_secret", False), ("is_required", False)):
        setattr(action, name, value)
    setattr(action, "is_multiple", False)  # noqa: B010 - no attribute of argparse's


def read_arguments(environment: Environment) -> Options:
    """The options of a run that Locust's own command began. Raises UsageMistakes."""
    parsed = environment.parsed_options or Namespace()
    raw = {option.key: getattr(parsed, option.key, None) for option in OPTIONS if not option.locusts}
    raw = {key: value for key, value in raw.items() if value not in (None, "", [])}
    host = environment.host or next((cls.host for cls in environment.user_classes if cls.host), None)
    return resolve({"name": "locust", **raw, "host": host})
