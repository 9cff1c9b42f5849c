"""Whether an answer is right: each check compares it with the expected one in a way of its own.

Only the last of what an answer says is judged, as far as a check looks for something in it; `numbers` and `choice` say what
that is. A text in which nothing of the kind is found is a wrong answer; an expected one that the check cannot read leaves
the answer without a score, since nobody knows what would be right.
"""

import json
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from typing import Any

from harness.quality import choice, documents, folding, formulas, numbers, patterns
from harness.quality.answer import Answer, Found
from harness.score import BY_NAME

KEY = "check"
"""In a prompt's metadata: the check that `accuracy` makes of its answers."""
_REMEMBERED = 1 << 15
_SHOWN_CHARS = 60
_RESULT = "####"
"""Sets such as GSM8K give the whole way to the result as the answer, and the result after this."""


class Check:
    """One check for all prompts, or, as `accuracy`, the one that each calls for."""

    version = 1
    asks = False
    lacking = 'No prompt in the run folder has an expected answer to check against: give the set a field "expected", and run it again.'

    def __init__(self, name: str, tolerance: float) -> None:
        self.meaning = BY_NAME[name]
        self.settings: dict[str, Any] = _settings(name, tolerance)

        # A server asked the same thing at temperature 0 says the same thing a thousand times.
        @lru_cache(_REMEMBERED)
        def compare(how: str, text: str, expected: str) -> Found:
            return CHECKS[how](text, expected, tolerance)

        self._compare = compare
        self._form = lru_cache(_REMEMBERED)(form)

    def applies(self, answer: Answer) -> bool:
        return answer.expected is not None and bool(answer.expected.strip())

    def score(self, answer: Answer) -> Found:
        if not answer.expected:
            return Found(None, why="Its prompt has no expected answer.")
        how = self.meaning.name
        if how == "accuracy":
            named = answer.prompt.metadata.get(KEY)
            how = named if named is not None else self._form(answer.expected)
            if not isinstance(how, str) or how not in CHECKS:
                return Found(None, why=f"Its prompt names the check {how!r}; there are {', '.join(CHECKS)}.")
        return self._compare(how, answer.text, answer.expected)


def check(name: str, tolerance: float) -> Check:
    """`name` is accuracy or one of CHECKS. Raises ImportError where the library of `math` is missing."""
    if name == "math":
        import math_verify  # noqa: F401 - to miss it now and not at the first answer
    return Check(name, tolerance)


def form(expected: str) -> str:
    """The check that an expected answer calls for by its form; the name is one of CHECKS."""
    plain = expected.strip()
    if choice.read(plain) is not None:
        return "choice"
    if numbers.read(_result(plain)) is not None:
        return "numeric"
    if plain[:1] in ("{", "[") and _is_document(plain):
        return "json"
    return "math" if formulas.looks_like_one(plain) else "contains"


def choose(text: str, expected: str, tolerance: float) -> Found:  # noqa: ARG001 - as for any check
    wanted = choice.read(expected)
    if wanted is None:
        return Found(None, why=f"The expected answer {_shown(expected)} is no letter A to J.")
    letter = choice.choose(text)
    return Found(float(letter == wanted), label=letter)


def equal(text: str, expected: str, tolerance: float) -> Found:  # noqa: ARG001 - as for any check
    return Found(float(folding.bare(text) == folding.bare(expected)))


def contain(text: str, expected: str, tolerance: float) -> Found:  # noqa: ARG001 - as for any check
    return Found(float(folding.contains(text, expected)))


def match(text: str, expected: str, tolerance: float) -> Found:  # noqa: ARG001 - as for any check
    try:
        found = patterns.search(expected, text)
    except patterns.NoPattern as error:
        return Found(None, why=f"The expected answer {_shown(expected)} is no regular expression: {error}.")
    except patterns.Endless:
        return Found(None, why=f"The search for {_shown(expected)} had not ended after {patterns.BOUND_S:g} s.")
    return Found(float(found is not None), label=found.group()[:_SHOWN_CHARS] if found else None)


def count(text: str, expected: str, tolerance: float) -> Found:
    wanted = numbers.read(_result(expected)) or numbers.find(_result(expected))
    if wanted is None:
        return Found(None, why=f"The expected answer {_shown(expected)} is no number.")
    number = numbers.find(text)
    if number is None:
        return Found(0.0)
    label = f"{number.value:f}" if abs(number.value.adjusted()) < 20 else f"{number.value:e}"
    return Found(
        float(numbers.agree(number, wanted, tolerance)), label=label[:_SHOWN_CHARS] + ("%" if number.percent else "")
    )


def derive(text: str, expected: str, tolerance: float) -> Found:  # noqa: ARG001 - as for any check
    try:
        return Found(float(formulas.equivalent(text, expected)))
    except formulas.Undecided as error:
        return Found(None, why=str(error))
    except ImportError:
        return Found(None, why="The library math-verify is missing: pip install 'llocust[quality]'.")


def parse(text: str, expected: str, tolerance: float) -> Found:  # noqa: ARG001 - as for any check
    try:
        wanted = documents.read(expected)
    except documents.NoDocument as error:
        return Found(None, why=f"The expected answer {_shown(expected)} is no JSON document: {error}")
    try:
        document = documents.find(text)
    except documents.NoDocument:
        return Found(0.0, label="no JSON")
    return Found(float(documents.same(document, wanted)))


CHECKS: dict[str, Callable[[str, str, float], Found]] = {
    "choice": choose,
    "exact": equal,
    "contains": contain,
    "regex": match,
    "numeric": count,
    "math": derive,
    "json": parse,
}


def _settings(name: str, tolerance: float) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if name in ("accuracy", "numeric"):
        settings["tolerance"] = tolerance
    if name in ("accuracy", "math"):
        try:
            settings["math-verify"] = version_of("math-verify")
        except PackageNotFoundError:
            settings["math-verify"] = None
    return settings


def _result(expected: str) -> str:
    return expected.rpartition(_RESULT)[2].strip()


def _is_document(text: str) -> bool:
    try:
        documents.read(text)
    except documents.NoDocument:
        return False
    return True


def _shown(expected: str) -> str:
    return json.dumps(expected[:_SHOWN_CHARS], ensure_ascii=False)
