"""Makes ceval-zh.jsonl: multiple choice in Chinese, asked the way of C-Eval, out of the questions in ceval-questions.toml.

Each line is a conversation: a system message, the worked examples of its subject, and the question. Run
`python -m testsets.make_ceval` after a change and put the new digest into README.md. The order of the choices has a
generator of its own for every question, seeded with a string, so that no letter is right more often by habit.
"""

import json
import random
import tomllib
from pathlib import Path

import msgspec

LETTERS = "ABCD"
SHOTS = 2


class Question(msgspec.Struct, frozen=True):
    """What is asked, the right answer, and three wrong ones."""

    question: str
    right: str
    wrong: list[str]


class Subject(msgspec.Struct, frozen=True):
    """The first SHOTS questions are the worked examples of the others."""

    name: str
    key: str
    questions: list[Question]


def read_subjects() -> list[Subject]:
    """The subjects in ceval-questions.toml."""
    text = Path(__file__).with_name("ceval-questions.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text)["subjects"], list[Subject])


def make(subjects: list[Subject]) -> bytes:
    """The whole file, subject by subject."""
    rows = (row for subject in subjects for row in _rows(subject))
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _rows(subject: Subject) -> list[dict[str, object]]:
    told = [_laid_out(question) for question in subject.questions]
    opening = {
        "role": "system",
        "content": f"以下是{subject.name}的单项选择题，请直接给出正确答案的选项字母。",
    }
    shots = [turn for text, letter in told[:SHOTS] for turn in (_says("user", text), _says("assistant", letter))]
    return [
        {
            "id": f"{subject.key}-{number}",
            "messages": [opening, *shots, _says("user", text)],
            "expected": letter,
            "subject": subject.name,
        }
        for number, (text, letter) in enumerate(told[SHOTS:], start=1)
    ]


def _says(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _laid_out(question: Question) -> tuple[str, str]:
    """The question with its choices, and the letter of the right one."""
    choices = [question.right, *question.wrong]
    random.Random(f"llocust ceval {question.question}").shuffle(choices)  # noqa: S311 - an order is wanted, not a secret
    lines = [f"{letter}. {choice}" for letter, choice in zip(LETTERS, choices, strict=True)]
    return "\n".join([question.question, *lines, "答案："]), LETTERS[choices.index(question.right)]


if __name__ == "__main__":
    Path(__file__).with_name("ceval-zh.jsonl").write_bytes(make(read_subjects()))
