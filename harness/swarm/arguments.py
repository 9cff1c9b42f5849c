"""Our options in Locust's own parser and web form, and back from there.

Locust keeps what it has (host, users, run time, spawn rate, locustfile). Ours come as text and are read by the one
table in harness.options, because Locust's form keeps types badly.
"""

from argparse import SUPPRESS, Action, ArgumentParser, Namespace
from typing import Any

from locust.env import Environment

from harness import own
from harness.dialects import is_known
from harness.launch import NOWHERE
from harness.options import OPTIONS, Option, Options, UsageMistakes, resolve
from harness.sources import with_files

RUN_FLAG = "--llocust-run"
"""How `llocust sweep` tells its load process which run folder to fill."""


STEPS_FLAG = "--user-steps"
_STEPS_HELP = (
    "in the web page: sweep these user counts, one measured window each, e.g. 1 2 4 8; they take the place of the number "
    "of users, and the run time is that of each window (default: off)"
)

_ONLY_SWEEP = frozenset({"calibrate", "fail_on", "lang", "prices", "requests", "targets", "target_mode"})
# The form would print what is typed into these, or has no use for them.
_NOT_IN_FORM = frozenset(
    {
        "headers",
        "api_key_env",
        "work_dir",
        "plots",
        "probe",
        "slo",
        "on_worker_loss",
        "extra_body",
        "stop",
        "tokenizer",
        "query_model",
    }
)


def add_arguments(parser: ArgumentParser) -> None:
    """Listens to Locust's init_command_line_parser."""
    group = parser.add_argument_group("LLM options", "What llocust adds; `llocust sweep --help` tells more.")
    for option in OPTIONS:
        if not option.locusts and option.key not in _ONLY_SWEEP:
            _mark(_add(group, option), in_form=option.key not in _NOT_IN_FORM)
    _mark(group.add_argument(STEPS_FLAG, dest="user_steps", metavar="N…", help=_STEPS_HELP), in_form=True)
    _mark(group.add_argument(RUN_FLAG, dest="llocust_run", help=SUPPRESS), in_form=False)


def _add(group: Any, option: Option) -> Action:
    shared = {"dest": option.key, "default": None, "help": f"{option.help} (default: {option.default})"}
    if option.switch:
        # The form shows the first choice where nothing is chosen, so that has to be the default.
        choices = ("off", "on") if option.default == "off" else ("on", "off")
        switch: Action = group.add_argument(option.flags[0], choices=choices, nargs="?", const="on", **shared)
        return switch
    many = {"action": "append"} if option.many else {}
    action: Action = group.add_argument(*option.flags, metavar=option.metavar, **many, **shared)
    return action


def _mark(action: Action, *, in_form: bool) -> None:
    # Locust's parser sets these in its own add_argument, which an argument group does not go through.
    for name, value in (("include_in_web_ui", in_form), ("is_secret", False), ("is_required", False)):
        setattr(action, name, value)
    setattr(action, "is_multiple", False)  # noqa: B010 - no attribute of argparse's


def adopt_typed(environment: Environment) -> None:
    """Have code of the user's own that was typed at the command known. Raises UsageMistakes.

    The form comes later, and can name of it only what is known by then: no page shall have files of this machine run.
    """
    parsed = environment.parsed_options or Namespace()
    mistakes = own.adopt_all(vars(parsed))
    if mistakes:
        raise UsageMistakes(mistakes)
    if getattr(parsed, "query_model", None) and not environment.host:
        environment.host = NOWHERE


def read_arguments(environment: Environment) -> Options:
    """The options of a run that Locust's own command or form began. Raises UsageMistakes."""
    parsed = environment.parsed_options or Namespace()
    raw = {option.key: getattr(parsed, option.key, None) for option in OPTIONS if not option.locusts}
    raw = {key: value for key, value in raw.items() if value not in (None, "", [])}
    raw |= _of_the_crew(parsed)
    if _steps(parsed):
        raw |= _of_a_sweep(parsed)
    host = environment.host or next((cls.host for cls in environment.user_classes if cls.host), None)
    raw = {"name": "locust", **with_files(raw)} | ({} if "query_model" in raw else {"host": host})
    try:
        return _known(resolve(raw))
    except UsageMistakes as error:
        if not _steps(parsed):
            raise
        raise UsageMistakes([mistake.replace("--users", STEPS_FLAG) for mistake in error.mistakes]) from None


def _known(options: Options) -> Options:
    unknown = [target.dialect for target in options.all_targets if not is_known(target.dialect)]
    if unknown:
        raise UsageMistakes(
            [f"--dialect {name!r}: name a dialect of your own on the command line." for name in unknown]
        )
    return options


def _of_the_crew(parsed: Namespace) -> dict[str, Any]:
    # With --processes Locust makes itself a master, which it was not told to be.
    processes = getattr(parsed, "processes", None)
    return {"processes": processes} if processes else {"master": bool(getattr(parsed, "master", False))}


def read_steps(environment: Environment) -> tuple[int, ...]:
    """The user counts of a sweep begun in the web page, in order; none for any other run. Raises UsageMistakes."""
    parsed = environment.parsed_options or Namespace()
    return read_arguments(environment).users if _steps(parsed) else ()


def _steps(parsed: Namespace) -> str:
    return (getattr(parsed, "user_steps", None) or "").strip()


def _of_a_sweep(parsed: Namespace) -> dict[str, Any]:
    if parsed.headless or parsed.autostart:
        raise UsageMistakes([f"{STEPS_FLAG} is for the web page's form: without it, use `llocust sweep --users`."])
    return {"users": _steps(parsed), "run_time_s": parsed.run_time or None, "spawn_rate": parsed.spawn_rate or None}
