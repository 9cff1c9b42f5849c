"""What a run can be told: one table of options, one frozen result, and all mistakes at once.

The same table makes the parser of `llocust sweep` and the additions to Locust's own. Values come in as text wherever
they come from (command line, environment, config file, web form) and are read here and nowhere else.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from harness.dialects import dialect_of
from harness.options.consistency import contradictions
from harness.options.load import LOAD
from harness.options.option import Option
from harness.options.quality import QUALITY
from harness.options.querying import meaningless, of_query_model
from harness.options.request import REQUEST
from harness.options.resolved import Options, UsageMistakes
from harness.options.results import RESULTS
from harness.options.target import TARGET
from harness.options.targeting import asked_besides, complete, unsampled
from harness.options.workload import WORKLOAD

__all__ = ["GROUPS", "OPTIONS", "Option", "Options", "UsageMistakes", "flag", "read_some", "resolve", "split"]

GROUPS: dict[str, tuple[Option, ...]] = {
    "target": TARGET,
    "request": REQUEST,
    "workload": WORKLOAD,
    "load": LOAD,
    "results": RESULTS,
    "quality": QUALITY,
}
"""The options, by what they are about."""

OPTIONS: tuple[Option, ...] = tuple(option for group in GROUPS.values() for option in group)

_BY_KEY = {option.key: option for option in OPTIONS}


def flag(key: str) -> str:
    """The long flag of an option, for sentences about it."""
    return next(flag for flag in _BY_KEY[key].flags if flag.startswith("--"))


def resolve(raw: Mapping[str, Any], called: Mapping[str, str] | None = None) -> Options:
    """Options from text. A missing key or None is the default; `many` options are lists (or text split at blanks).

    `called`: for options that were not typed, what a sentence about their value calls them. Raises UsageMistakes with
    every mistake found.
    """
    given = _given(raw)
    resolved, mistakes = _read_all(given, called or {})
    resolved["targets"], of_targets = complete(resolved)
    mistakes += of_targets
    if "targets" in given:
        resolved.setdefault("host", next((target.host for target in resolved["targets"]), None))
    resolved |= of_query_model(given)
    others, of_others = asked_besides(resolved)
    resolved |= others
    mistakes += of_others
    # A key of one company must not go to another, only because it lies in the environment.
    resolved.setdefault("api_key_env", dialect_of(resolved.get("dialect") or "chat").key_env)
    mistakes += contradictions(resolved, given)
    mistakes += [f"{flag(key)}: {why}" for key, why in meaningless(resolved, given)]
    mistakes += unsampled(resolved)
    if mistakes:
        raise UsageMistakes(mistakes)
    return Options(**resolved)


def read_some(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Some options of a run that there is, from text: those that were given. Raises UsageMistakes with every mistake found."""
    resolved, mistakes = _read_all(_given(raw), {})
    others, of_others = asked_besides(resolved)
    if mistakes + of_others:
        raise UsageMistakes(mistakes + of_others)
    return resolved | others


class _Read(NamedTuple):
    resolved: dict[str, Any]
    mistakes: list[str]


def _given(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in raw.items() if value is not None and key in _BY_KEY}


def _read_all(given: Mapping[str, Any], called: Mapping[str, str]) -> _Read:
    mistakes: list[str] = []
    names = {key: flag(key) for key in given} | dict(called)
    return _Read({key: _read(_BY_KEY[key], value, names[key], mistakes) for key, value in given.items()}, mistakes)


def _read(option: Option, value: Any, name: str, mistakes: list[str]) -> Any:
    if option.switch:
        return value if isinstance(value, bool) else _read_one(option, str(value), name, mistakes)
    if not option.many:
        return _read_one(option, str(value), name, mistakes)
    texts = split(option, value)
    numbered = option.key == "targets" and len(texts) > 1
    read = [
        _read_one(option, text, f"{name} {number}" if numbered else name, mistakes)
        for number, text in enumerate(texts, 1)
    ]
    if option.key == "slo":
        return dict(pair for pair in read if pair is not None)
    return tuple(read)


def split(option: Option, value: Any) -> list[str]:
    """The texts of an option that takes many, in whatever form they were given."""
    texts = [value] if isinstance(value, str | int) else list(value)
    if option.whole:
        return [str(text) for text in texts]
    return [part for text in texts for part in str(text).replace(",", " ").split()]


_NOT_REPEATED = frozenset({"api_key_env", "headers", "host", "targets", "extra_body", "judge", "moderation"})
"""Somebody may have put a key there."""


def _read_one(option: Option, text: str, name: str, mistakes: list[str]) -> Any:
    try:
        return option.read(text)
    except ValueError as error:
        shown = "" if option.key in _NOT_REPEATED else f" {text!r}"
        mistakes.append(f"{name}{shown}: give {error}.")
        return None
