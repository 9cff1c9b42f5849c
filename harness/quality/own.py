"""A scorer of the user's own: a file with a function `score`, and a few names beside it.

Whatever that raises is the missing score of the one answer and no end of the scoring.
"""

import inspect
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import msgspec

from harness import userfile
from harness.complaint import words
from harness.options import Options, UsageMistakes
from harness.quality.answer import NOTHING_TO_SCORE, Answer, Found
from harness.quality.registry import is_own
from harness.score import BY_NAME, Better, Kind, Meaning

OPTION = "--scorers"
_CHOICES: dict[str, tuple[str, ...]] = {"kind": get_args(Kind), "better": get_args(Better)}
_NAMES: dict[str, type] = {"label": str, "definition": str, "checks": bool, "asks": bool, "version": int}
"""What a file may say of its scorer, and as what, beside the choices."""
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_NONE = "The scorer gave none."


class NoScore(ValueError):
    """What a scorer gave is none; the words say why."""


class OwnScorer:
    """Made from a file. Its settings hold the file's digest: once it is changed, all answers are scored again."""

    lacking = NOTHING_TO_SCORE

    def __init__(self, module: ModuleType, meaning: Meaning, path: Path) -> None:
        self.meaning = meaning
        self.version: int = getattr(module, "version", 1)
        self.settings: dict[str, Any] = {"file": path.name, "digest": userfile.digest(path)}
        self.asks: bool = getattr(module, "asks", False)
        self._score: Callable[[Answer], Any] = module.score
        self._applies: Callable[[Answer], Any] | None = getattr(module, "applies", None)
        self._path = str(path)

    def applies(self, answer: Answer) -> bool:
        """As the file says, or to every answer; also where it raises, so that `score` can say so."""
        try:
            return self._applies is None or bool(self._applies(answer))
        except (Exception, SystemExit):  # noqa: BLE001 - whatever somebody else's code raises
            return True

    def score(self, answer: Answer) -> Found:
        """What the file finds; no value, and why, where it raises or gives what is no score."""
        try:
            if self._applies is not None:
                self._applies(answer)
            return self._found(self._score(answer))
        except NoScore as error:
            return Found(None, why=f"The scorer gave {error}.")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever somebody else's code raises
            return Found(None, why=f"The scorer {words(error, self._path, userfile.secrets())}.")

    def score_again(self, answer: Answer) -> Found:
        """As `score`: who asks somebody in a file of his own keeps no answers for the next time."""
        return self.score(answer)

    def _found(self, given: Any) -> Found:
        if isinstance(given, Found):
            value = None if given.value is None else self._value(given.value)
            return _written(given._replace(value=value, why=(given.why or _NONE) if value is None else given.why))
        return Found(None, why=_NONE) if given is None else Found(self._value(given))

    def _value(self, given: Any) -> float:
        # numpy's numbers and Decimals have __float__ as well; a string has not.
        if not hasattr(given, "__float__"):
            raise NoScore(f"a {type(given).__name__}, and not a number or None")
        value = float(given)
        if not math.isfinite(value):
            raise NoScore(f"{value}, which is no finite number")
        if self.meaning.kind == "ratio" and value not in (0.0, 1.0):
            raise NoScore(f'{value:g}, and its kind is "ratio": 0 or 1')
        return value


class _Besides(msgspec.Struct):
    """Fields of Found, as a line of JSON has them."""

    label: str | None
    why: str | None
    passing: bool
    detail: dict[str, Any]


def _written(found: Found) -> Found:
    """Raises NoScore where it is not as a Found has to be, or is nothing that JSON has."""
    try:
        msgspec.json.decode(msgspec.json.encode(found._asdict()), type=_Besides)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise NoScore(f"a Found that cannot be written down: {error}") from error
    return found


def check(options: Options) -> None:
    """Look at the files among the scorers of a run. Raises UsageMistakes: a file is no scorer, or two have one name."""
    mistakes: list[str] = []
    places: dict[str, str] = {}
    for given in filter(is_own, options.quality):
        try:
            name = load(given).meaning.name
        except UsageMistakes as error:
            mistakes += error.mistakes
            continue
        if places.setdefault(name, given) != given:
            mistakes.append(f"{OPTION} {given!r}: its scores would be called as those of {places[name]!r}: rename one.")
    if mistakes:
        raise UsageMistakes(mistakes)


def load(given: str) -> OwnScorer:
    """The scorer in that file. Raises UsageMistakes where there is none."""
    module = userfile.load(given, OPTION)
    path = userfile.find(given, OPTION)
    mistakes = list(_mistakes(module, path))
    if mistakes:
        sentence = f"{OPTION} {given!r} is no scorer: {'; '.join(mistakes)}; see `llocust init scorer`."
        raise UsageMistakes([sentence])
    return OwnScorer(module, _meaning(module, path), path)


def _meaning(module: ModuleType, path: Path) -> Meaning:
    label = getattr(module, "label", path.stem)
    told = getattr(module, "definition", None) or (module.__doc__ or "").strip().partition("\n")[0]
    kind: Kind = getattr(module, "kind", "mean")
    better: Better = getattr(module, "better", "neither")
    return Meaning(path.stem, label, kind, better, told or label, checks=getattr(module, "checks", False))


def _mistakes(module: ModuleType, path: Path) -> Iterator[str]:
    if not _NAME.fullmatch(path.stem):
        yield "its file name has to be of small letters, digits, - and _, as it is the name of its scores"
    elif path.stem in BY_NAME:
        yield f"{path.stem} is the name of a shipped scorer: call the file otherwise"
    yield from _of_functions(module)
    for key, choices in _CHOICES.items():
        if getattr(module, key, choices[0]) not in choices:
            yield f"its {key} {getattr(module, key)!r} is none of {', '.join(choices)}"
    for key, kind in _NAMES.items():
        value = getattr(module, key, None)
        if value is not None and type(value) is not kind:
            yield f"its {key} is of type {type(value).__name__}, and has to be {kind.__name__}"
    if getattr(module, "checks", False) is True and getattr(module, "kind", "mean") != "ratio":
        yield 'it says checks = True, and so has to say kind = "ratio"'


def _of_functions(module: ModuleType) -> Iterator[str]:
    if not callable(getattr(module, "score", None)):
        yield "it has no function score(answer)"
    for name in ("score", "applies"):
        function = getattr(module, name, None)
        if callable(function) and not _takes_one(function):
            yield f"its {name}() has to be a plain function of one argument, answer"
        elif name == "applies" and function is not None and not callable(function):
            yield "its applies is no function of an answer"


def _takes_one(function: Callable[..., Any]) -> bool:
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        return False
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        return False
    except ValueError:
        return True  # a function that does not tell what it takes
    return True
