"""What is to be answered to which prompts: a file of rules, a JSON object a line."""

import re
from pathlib import Path
from typing import NamedTuple

import msgspec

_LETTERS = dict(zip("ABCDEFGHIJ", "BCDAFEHGJI", strict=True))
"""Each to one that is in hardly fewer lists of choices."""
_LAST_DIGIT = re.compile(r"\d(?=\D*$)", re.ASCII)
_ELSEWISE = {"en": "Something else entirely.", "zh": "完全是另一回事。", "ko": "전혀 다른 이야기입니다."}


class Rule(msgspec.Struct, frozen=True):
    """Where it fits, `right` is said, its texts in turn, or else `wrong`."""

    prompt: str | None
    """All that is said, or the last thing that is."""
    contains: tuple[str, ...]
    """Everything here must occur in what is said."""
    right: tuple[str, ...]
    wrong: str

    def fits(self, prompt: str) -> bool:
        """Whether it is about this prompt."""
        if self.prompt is not None and prompt != self.prompt and not prompt.endswith("\n" + self.prompt):
            return False
        return all(part in prompt for part in self.contains)


class Rules(NamedTuple):
    """Of a file, and what is wrong with it, a sentence each."""

    rules: tuple[Rule, ...]
    mistakes: list[str]


class _Line(msgspec.Struct):
    prompt: str | None = None
    contains: str | list[str] | None = None
    answer: str | list[str] | None = None
    expected: str | None = None
    """So that a prompt set with answers is a file of rules."""
    wrong: str | None = None


def read_rules(path: str) -> Rules:
    """The rules of a file, as far as they can be read."""
    try:
        lines = Path(path).read_bytes().splitlines()
    except OSError as error:
        return Rules((), [f"--answers cannot read {path}: {error.strerror}."])
    rules: list[Rule] = []
    mistakes = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            rules.append(_rule(msgspec.json.decode(line, type=_Line)))
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
            mistakes.append(f"--answers {path}, line {number}: {error}.")
    if not rules and not mistakes:
        mistakes.append(f"--answers {path} is empty; give a JSON object a line.")
    return Rules(tuple(rules), mistakes)


def _rule(line: _Line) -> Rule:
    given = line.answer if line.answer is not None else line.expected
    right = (given,) if isinstance(given, str) else tuple(given or ())
    contains = (line.contains,) if isinstance(line.contains, str) else tuple(line.contains or ())
    if line.prompt is None and not contains:
        raise ValueError('give "prompt", or "contains" with a part of it')
    if not right:
        raise ValueError('give an "answer", as text or as a list of texts')
    return Rule(line.prompt, contains, right, wrong_of(right[0]) if line.wrong is None else line.wrong)


def wrong_of(answer: str) -> str:
    """An answer that is wrong where this one is right: another letter, another number, or something else."""
    letter = answer.strip().upper()
    if letter in _LETTERS:
        return _LETTERS[letter]
    if (digit := _LAST_DIGIT.search(answer)) is not None:
        return answer[: digit.start()] + str((int(digit[0]) + 1) % 10) + answer[digit.end() :]
    return _ELSEWISE[language_of(answer)]


def language_of(text: str) -> str:
    """Of the three in which the simulator has something to say: zh or ko where there is a letter of theirs, or else en."""
    if any("가" <= letter <= "힣" for letter in text):
        return "ko"
    return "zh" if any("一" <= letter <= "鿿" for letter in text) else "en"
