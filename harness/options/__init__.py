"""What a run can be told: one table of options, one frozen result, and all mistakes at once.

The same table makes the parser of `llocust sweep` and the additions to Locust's own. Values come in as text wherever
they come from (command line, environment, config file, web form) and are read here and nowhere else.
"""

from collections.abc import Mapping
from typing import Any

from harness.dialects import dialect_of
from harness.options.consistency import contradictions
from harness.options.load import LOAD
from harness.options.option import Option
from harness.options.request import REQUEST
from harness.options.resolved import Options, UsageMistakes
from harness.options.results import RESULTS
from harness.options.target import TARGET
from harness.options.workload import WORKLOAD

__all__ = ["GROUPS", "OPTIONS", "Option", "Options", "UsageMistakes", "flag", "resolve"]

GROUPS: dict[str, tuple[Option, ...]] = {
    "target": TARGET,
    "request": REQUEST,
    "workload": WORKLOAD,
    "load": LOAD,
    "results": RESULTS,
}
"""The options, by what they are about."""

OPTIONS: tuple[Option, ...] = tuple(option for group in GROUPS.values() for option in group)

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
    resolved.setdefault("api_key_env", dialect_of(resolved.get("dialect") or "chat").key_env)
    mistakes += contradictions(resolved, given)
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
