"""Whether two formulas are equivalent, by math-verify (Hugging Face), which parses LaTeX and asks SymPy.

math-verify sets an alarm signal against formulas without end, so this runs in the main thread only.
"""

import re
from functools import lru_cache
from typing import Any

from harness.quality import boxed

TIMEOUT_S = 2
_REMEMBERED = 1024
_MATHEMATICAL = re.compile(r"\$|\\\(|\\\[|\\boxed")
_COMMAND = re.compile(r"\\[A-Za-z%]+|\^|_\{")


class Undecided(Exception):
    """The library found no end, or failed, or the expected answer is no formula. The message is a sentence."""


def looks_like_one(expected: str) -> bool:
    """Whether the text is LaTeX, or holds some between dollars."""
    return "\\boxed" in expected or expected.count("$") >= 2 or re.search(r"\\[A-Za-z]{2,}", expected) is not None


def equivalent(text: str, expected: str) -> bool:
    """Whether the formula that the answer `text` ends in is equivalent to `expected`. Raises Undecided, ImportError."""
    if _are_alike(text, expected):
        return True
    from math_verify import verify
    from math_verify.errors import TimeoutException

    try:
        wanted = _parsed(_as_formula(expected))
        found = _parse(_as_formula(text)) if wanted else []
        right = bool(verify(wanted, found, timeout_seconds=TIMEOUT_S, raise_on_error=True))
    except TimeoutException:
        raise Undecided(f"math-verify had not decided after {TIMEOUT_S} s.") from None
    except Exception as error:  # SymPy raises of every kind, and a formula of an answer may be any nonsense
        raise Undecided(f"math-verify failed with {type(error).__name__}.") from error
    if not wanted:
        raise Undecided(f"The expected answer {expected!r} is no formula that math-verify can read.")
    return right


def _are_alike(text: str, expected: str) -> bool:
    """Whether the same is written, which takes microseconds to see, and the library milliseconds."""
    found, wanted = _core(text), _core(expected)
    return bool(wanted) and found == wanted


def _core(text: str) -> str:
    inside = boxed.last(text)
    core = (text if inside is None else inside).strip().strip("$").removesuffix(".")
    return "".join(core.split())


def _as_formula(text: str) -> str:
    r"""Between dollars where it is a formula and nothing but: `\sqrt{2}` as it stands the library does not see."""
    line = text.strip()
    if _MATHEMATICAL.search(line) or "\n" in line or not _COMMAND.search(line):
        return text
    return f"${line}$"


def _parse(text: str) -> list[Any]:
    from math_verify import parse

    parsed: list[Any] = parse(text, parsing_timeout=TIMEOUT_S, raise_on_error=True)
    return parsed


@lru_cache(_REMEMBERED)
def _parsed(expected: str) -> list[Any]:
    return _parse(expected)
