"""The TOML file of options, read and written. Pure: what a file says is no mistake of a value yet, but text to resolve.

Keys are the long options without their dashes, at the top or in the table of their group; a target is a table of its own:

    run-time = "60s"
    users = [1, 2, 4]
    [request]
    temperature = 0
    [[targets]]
    name = "a"
    host = "http://127.0.0.1:8000"
"""

import difflib
import shlex
import tomllib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
import tomli_w

from harness import targets
from harness.options import GROUPS, OPTIONS, Option, split
from harness.parser import COMMANDS_OWN

TARGETS = "targets"
_SAID_IN_WORDS = frozenset({"judge", "moderation"})
"""Somebody who is asked beside the targets, as one of them is told."""
_OWN_TABLE = "results"
"""The group in which the command's own options may stand."""


class Config(NamedTuple):
    """What a file says: values as `resolve` takes them, what a sentence calls each, and a sentence for each mistake."""

    raw: dict[str, Any]
    called: dict[str, str]
    mistakes: list[str]


def _names(option: Option) -> list[str]:
    """By which an option goes in a file. `target` is the table; the targets themselves are many."""
    if option.key == TARGETS:
        return [TARGETS]
    flags = (flag.removeprefix("--") for flag in option.flags if flag.startswith("--") and not flag.startswith("--no-"))
    return [*flags, *(["headers"] if option.key == "headers" else [])]


_BY_NAME = {name: option for option in (*OPTIONS, *COMMANDS_OWN) for name in _names(option)}
_GROUP_OF = {option.key: group for group, options in GROUPS.items() for option in options} | {
    option.key: _OWN_TABLE for option in COMMANDS_OWN
}


def read(text: str, file: str) -> Config:
    """`file` is what its mistakes call it."""
    config = Config({}, {}, [])
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        config.mistakes.append(f"{file} is not TOML: {error}.")
        return config
    for key, value in document.items():
        if key not in GROUPS or (key in _BY_NAME and not isinstance(value, dict)):
            _take(config, file, key, value)
        elif isinstance(value, dict):
            for inner, each in value.items():
                _take(config, file, inner, each, table=key)
        else:
            config.mistakes.append(f"{file}: {key} is {_kind(value)}: it is a table, [{key}].")
    return config


def _take(config: Config, file: str, key: str, value: Any, table: str | None = None) -> None:
    option = _BY_NAME.get(key.replace("_", "-"))
    if option is None:
        config.mistakes.append(f"{file}: {_unknown(key, value, table)}")
    elif table not in (None, _GROUP_OF[option.key]):
        config.mistakes.append(f"{file}: {key} belongs under [{_GROUP_OF[option.key]}], not under [{table}].")
    elif option.key in config.called:
        config.mistakes.append(f"{file}: {key} stands there twice; keep one of them.")
    else:
        config.called[option.key] = f"{file}: {key}"
        try:
            config.raw[option.key] = _plain(option, value)
        except ValueError as error:
            config.mistakes.extend(f"{file}: {key} {each}" for each in error.args)
            if isinstance(error, _Partly):
                config.raw[option.key] = error.told


def _unknown(key: str, value: Any, table: str | None) -> str:
    if isinstance(value, dict) and table is None:
        return f"there is no table [{key}]{_meant(key, [*GROUPS], '[{}]')}"
    where = "" if table is None else f" in [{table}]"
    return f"there is no option {key!r}{where}{_meant(key.replace('_', '-'), _BY_NAME, '{}')}"


def _meant(key: str, names: Iterable[str], form: str) -> str:
    near = difflib.get_close_matches(key, list(names), n=1)
    return f"; did you mean {form.format(near[0])}?" if near else "."


def _kind(value: Any) -> str:
    kinds = ((bool, "true or false"), (dict, "a table"), (list, "a list"), (str, "a string"), (int | float, "a number"))
    return next((words for kind, words in kinds if isinstance(value, kind)), "a date or a time")


# Native values as text


def _plain(option: Option, value: Any) -> Any:
    """Raises ValueError with ends of sentences that begin with the key."""
    if option.key == TARGETS:
        return _targets(value)
    if option.switch:
        return _of_kind(value, bool, "true or false")
    if isinstance(value, dict) and option.key in _TABLES:
        return _TABLES[option.key](value)
    if isinstance(value, list) and option.many:
        return [_scalar(each, "values, each a string or a number") for each in value]
    return _scalar(value, "a list of values" if option.many else "a string or a number")


def _of_kind(value: Any, kind: Any, wanted: str) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"is {_kind(value)}: give {wanted}.")
    return value


def _scalar(value: Any, wanted: str) -> str:
    return str(_of_kind(value, str | int | float, wanted))


def _pairs(table: Mapping[str, Any], between: str) -> list[str]:
    return [f"{key}{between}{_scalar(each, 'a string or a number for each key')}" for key, each in table.items()]


def _targets(value: Any) -> list[str]:
    """The words of each target. What is wrong with one is raised with the words of all, as far as they can be told."""
    told: list[str] = []
    mistakes: list[str] = []
    for number, table in enumerate(_of_kind(value, list, "a table for each, [[targets]]"), 1):
        if isinstance(table, str):
            told.append(table)
            continue
        found: list[str] = []
        told.append(_words(table, found))
        mistakes += [f"{number}: {each}" for each in found]
    if mistakes:
        raise _Partly(told, mistakes)
    return told


def _asked_besides(table: dict[str, Any]) -> str:
    """The words of somebody who is asked beside the targets."""
    mistakes: list[str] = []
    words = _words(table, mistakes)
    if mistakes:
        raise ValueError(*(f"cannot be told: {each}" for each in mistakes))
    return words


class _Partly(ValueError):
    """A value of which something could be told."""

    def __init__(self, told: Any, mistakes: list[str]) -> None:
        super().__init__(*mistakes)
        self.told = told


def _words(table: Any, mistakes: list[str]) -> str:
    pairs: list[str] = []
    for key, value in _of_kind(table, dict, "a table, [[targets]]").items():
        name = {"headers": "header"}.get(key, key.replace("_", "-"))
        if name not in targets.KEYS:
            mistakes.append(f"there is no key {key!r}{_meant(name, targets.KEYS, '{}')}")
            continue
        try:
            pairs += [f"{name}={each}" for each in _values(name, value)]
        except ValueError as error:
            mistakes += [f"{key} {each}" for each in error.args]
    return shlex.join(pairs)


def _values(name: str, value: Any) -> list[str]:
    if name != "header":
        return [_scalar(value, "a string or a number")]
    if isinstance(value, dict):
        return _pairs(value, ": ")
    return [_scalar(each, "a string") for each in (value if isinstance(value, list) else [value])]


_TABLES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "slo": lambda table: _pairs(table, "="),
    "headers": lambda table: _pairs(table, ": "),
    "testset_columns": lambda table: ",".join(_pairs(table, "=")),
    "extra_body": lambda table: msgspec.json.encode(table).decode(),
    "judge": _asked_besides,
    "moderation": _asked_besides,
}
"""Options that a file can write as a table."""


# And back


def render(raw: Mapping[str, Any]) -> str:
    """What a run was told, as a file that tells it again. `raw` as `resolve` takes it, and as it has taken it."""
    document: dict[str, Any] = {}
    for group, options in GROUPS.items():
        given = {_names(each)[0]: _native(each, raw[each.key]) for each in options if raw.get(each.key) is not None}
        listed = given.pop(TARGETS, None)
        if given:
            document[group] = given
        if listed is not None:
            document[TARGETS] = listed
    return tomli_w.dumps(document)


def _native(option: Option, value: Any) -> Any:
    if option.switch:
        return value if isinstance(value, bool) else option.read(str(value))
    if option.key in _SAID_IN_WORDS:
        return _table(str(value))
    if not option.many:
        return _number(str(value))
    texts = split(option, value)
    return [_table(text) if option.key == TARGETS else _number(text) for text in texts]


def _table(words: str) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for word in shlex.split(words):
        key, _, value = word.partition("=")
        if key == "header":
            table.setdefault(key, []).append(value)
        else:
            table[key] = _number(value)
    return table


def _number(text: str) -> Any:
    """The number whose text this is, if it is one's."""
    for kind in (int, float):
        try:
            if str(kind(text)) == text:
                return kind(text)
        except ValueError:
            continue
    return text
