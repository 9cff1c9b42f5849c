"""Where options come from: what is typed prevails over the environment, that over config files, and these over defaults."""

import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from harness.config import Config, read
from harness.options import OPTIONS, Option
from harness.parser import COMMANDS_OWN, ENVIRONMENT_PREFIX, variable_of

CONFIG_FILES = ("~/.llocust.toml", "llocust.toml")
"""Read where they are there, the later over the earlier; then that of --config."""
_CONFIG_VARIABLE = ENVIRONMENT_PREFIX + "CONFIG"
_RIVALS = (("requests", "run_time_s"), ("images", "image_size"))
"""Two that exclude each other: one that stands nearer replaces the other too."""


def gather(typed: Mapping[str, Any], named: str | None) -> Config:
    """All that is given, from the nearest place each. `typed`: what was typed, by key; `named`: the file of --config."""
    mistakes: list[str] = []
    layers = [
        *_files(named or os.environ.get(_CONFIG_VARIABLE) or None, mistakes),
        _environment(mistakes),
        Config({key: value for key, value in typed.items() if value is not None}, {}, []),
    ]
    whole = Config({}, {}, mistakes)
    for layer in layers:
        _lay_over(whole, layer)
    return Config(with_files(whole.raw), whole.called, mistakes)


def _lay_over(whole: Config, layer: Config) -> None:
    for one, other in (*_RIVALS, *((other, one) for one, other in _RIVALS)):
        if one in layer.raw and other not in layer.raw:
            whole.raw.pop(other, None)
    for key in layer.raw:
        whole.called.pop(key, None)
    whole.raw.update(layer.raw)
    whole.called.update(layer.called)


def with_files(raw: Mapping[str, Any]) -> dict[str, Any]:
    """`raw` with what is in a file in the place of the file's path, where an option takes either."""
    given = raw.get("extra_body")
    if not isinstance(given, str) or given.lstrip().startswith("{"):
        return dict(raw)
    try:
        return {**raw, "extra_body": Path(given).read_text(encoding="utf-8")}
    except (OSError, ValueError):
        return dict(raw)  # who reads the option says that it is neither


class _File(NamedTuple):
    path: Path
    name: str


def _files(named: str | None, mistakes: list[str]) -> Iterable[Config]:
    found = [_File(Path(name).expanduser(), name) for name in CONFIG_FILES]
    files = [file for file in found if file.path.is_file()]
    if named is not None:
        files.append(_File(Path(named).expanduser(), named))
    for file in files:
        try:
            config = read(file.path.read_text(encoding="utf-8"), file.name)
        except FileNotFoundError:
            mistakes.append(f"--config {file.name}: there is no such file.")
        except OSError as error:
            mistakes.append(f"{file.name} cannot be read: {error.strerror}.")
        except UnicodeDecodeError:
            mistakes.append(f"{file.name} is not TOML: it is not encoded in UTF-8.")
        else:
            mistakes += config.mistakes
            yield config


def _environment(mistakes: list[str]) -> Config:
    found = Config({}, {}, [])
    for option in (*OPTIONS, *COMMANDS_OWN):
        name = variable_of(option)
        if text := os.environ.get(name):
            found.called[option.key] = name
            try:
                found.raw[option.key] = _listed(option, text)
            except ValueError as error:
                mistakes.append(f"{name}: give {error}.")
    return found


def _listed(option: Option, text: str) -> Any:
    """Several values that may hold blanks stand in the list of TOML."""
    if not option.whole or not text.startswith("["):
        return text
    try:
        listed: list[Any] = tomllib.loads(f"listed = {text}")["listed"]
    except tomllib.TOMLDecodeError:
        raise ValueError('one value, or a list such as ["a", "b"]') from None
    return [str(each) for each in listed]
