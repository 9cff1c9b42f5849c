"""What of a run is the user's own code: a dialect, a query_model(). It is imported here, and nowhere else."""

import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, cast

from harness import userfile
from harness.dialects import adopt, is_known, is_own
from harness.dialects.own import make_dialect
from harness.options import Options, UsageMistakes, resolve
from harness.options import read_some as resolve_some

DIALECT, QUERY_MODEL = "--dialect", "--query-model"
FUNCTION = "query_model"
SEPARATOR = "\x1e"
_IMPORT_LIMIT_S = 60
T = TypeVar("T")

QueryModel = Callable[[str, int], Any]
"""A generator of strings: `query_model(prompt, max_resp_tokens)`."""


def read(raw: Mapping[str, Any], called: Mapping[str, str] | None = None) -> Options:
    """As `harness.options.resolve`, with the dialects of the user's own that are named there."""
    return _with_dialects(raw, partial(resolve, raw, called))


def read_some(raw: Mapping[str, Any]) -> dict[str, Any]:
    """As `harness.options.read_some`, with the dialects of the user's own that are named there."""
    return _with_dialects(raw, partial(resolve_some, raw))


def _with_dialects(raw: Mapping[str, Any], read: Callable[[], T]) -> T:
    # First of all: a dialect may have a variable of its own for the key.
    mistakes = adopt_all(raw)
    try:
        found = read()
    except UsageMistakes as error:
        mistakes += error.mistakes
    if mistakes:
        raise UsageMistakes(mistakes)
    return found


def adopt_all(raw: Mapping[str, Any]) -> list[str]:
    """Have every dialect of the user's own known that options in text name. What cannot be, a sentence each."""
    mistakes: list[str] = []
    for name in dict.fromkeys(_named(raw)):
        try:
            adopt_own(name)
        except UsageMistakes as error:
            mistakes += error.mistakes
    return mistakes


def adopt_those_of(options: Options) -> None:
    """Have every dialect of the user's own known by which a run asks its targets. Raises UsageMistakes."""
    for target in options.all_targets:
        adopt_own(target.dialect)


def adopt_those_of_judges(options: Options) -> None:
    """And those by which others are asked about the answers, by the machine that scores them. Raises UsageMistakes."""
    for other in (options.judge, options.moderation):
        if other is not None:
            adopt_own(other.dialect)


def _named(raw: Mapping[str, Any]) -> Iterator[str]:
    yield raw.get("dialect") or "chat"
    targets = raw.get("targets") or ()
    besides = [raw.get(key) or "" for key in ("judge", "moderation")]
    for words in [*([targets] if isinstance(targets, str) else targets), *besides]:
        yield from re.findall(r"(?:^|\s)[\"']?dialect=([^\s\"']+)", str(words))


def adopt_own(name: str) -> None:
    """Have the dialect of that name known, if it is one of the user's own. Raises UsageMistakes."""
    if is_known(name) or not is_own(name):
        return
    try:
        dialect = make_dialect(_module(name), name)
    except ValueError as error:
        raise UsageMistakes([f"{DIALECT} {name!r} is no dialect: {error}; see `llocust init dialect`."]) from None
    adopt(name, dialect)


def load_query_model(given: str) -> QueryModel:
    """The function in that file, imported into this process. Raises UsageMistakes."""
    module = userfile.load(given, QUERY_MODEL)
    function = getattr(module, FUNCTION, None)
    flaw = _flaw(function)
    if flaw is not None:
        raise UsageMistakes([f"{QUERY_MODEL} {given!r}: {flaw}; `llocust init query-model` writes one to begin with."])
    return cast(QueryModel, function)


def check_query_model(given: str | None) -> None:
    """Raises UsageMistakes for a file that is not there, cannot be imported, or has no such function.

    It is imported by a child: what it does to a process, such as patching it or never coming back, is not for this one.
    """
    if given is None:
        return
    userfile.find(given, QUERY_MODEL)
    command = [sys.executable, "-P", "-m", "harness.own", given]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, and the file is the user's to choose
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_IMPORT_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        why = f"importing it takes more than {_IMPORT_LIMIT_S} s; ask nobody at import, only in {FUNCTION}()"
        raise UsageMistakes([f"{QUERY_MODEL} {given!r}: {why}."]) from None
    said = done.stdout.decode(errors="replace").rpartition(SEPARATOR)
    if not said[1]:
        raise UsageMistakes([f"{QUERY_MODEL} {given!r}: importing it ended Python (exit {done.returncode}); mend it."])
    if said[2]:
        raise UsageMistakes([said[2]])


def load_those_of(options: Options) -> None:
    """Import the function that a run asks by, if it does. Raises UsageMistakes."""
    if options.query_model is not None:
        load_query_model(options.query_model)


def expect_unchanged(options: Options, wanted: Mapping[str, str]) -> None:
    """Raises UsageMistakes where a file of the user's own is not the one that the run was begun with."""
    others = [option for option, found in digests(options).items() if wanted.get(option) != found]
    if others:
        what = "the file here is not the one that the run was begun with: bring that one here, or begin a new run"
        raise UsageMistakes([f"{option}: {what}." for option in others])


def _flaw(function: Any) -> str | None:
    """Why this cannot be called as we call it."""
    if not callable(function):
        return f"it has no function {FUNCTION}(prompt, max_resp_tokens)"
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return f"its {FUNCTION}() is asynchronous; write it with a plain `def`"
    try:
        inspect.signature(function).bind("", 0)
    except TypeError:
        return f"its {FUNCTION}() does not take two arguments, prompt and max_resp_tokens"
    except ValueError:
        return None  # a function that does not tell what it takes
    return None


def digests(options: Options) -> dict[str, str]:
    """Of the files of the user's own that make the requests, by the option that names them."""
    paths = {}
    if options.query_model is not None:
        paths[QUERY_MODEL] = userfile.find(options.query_model, QUERY_MODEL)
    for target in options.all_targets:
        if target.dialect is not None and is_own(target.dialect):
            paths[f"{DIALECT} {target.dialect}"] = Path(str(_module(target.dialect).__file__))
    return {option: userfile.digest(path) for option, path in paths.items()}


def _module(dialect: str) -> ModuleType:
    load = userfile.load if dialect.endswith(".py") else userfile.load_named
    return load(dialect, DIALECT)


def _tell() -> None:
    """In the child: a separator, and behind it what is wrong, if anything is."""
    try:
        load_query_model(sys.argv[1])
        wrong = ""
    except UsageMistakes as error:
        wrong = str(error)
    sys.stdout.write(SEPARATOR + wrong)


if __name__ == "__main__":
    _tell()
