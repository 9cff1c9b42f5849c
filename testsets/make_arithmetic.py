"""Makes arithmetic.jsonl: sums with one right answer each, bare and in a sentence, from one step to three.

Run `python -m testsets.make_arithmetic` after a change and put the new digest into README.md. The result depends on
nothing but this file: every exercise has its own generator, seeded with a string.
"""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

EXERCISES = 60
ASKED_FOR = "Give only the final number."


class Exercise(NamedTuple):
    """What is asked, and the number that is right."""

    question: str
    answer: int


def make() -> bytes:
    """The whole file. Exercise i is of kind i modulo their number."""
    rows = (_row(_KINDS[number % len(_KINDS)], number) for number in range(EXERCISES))
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _row(kind: Callable[[random.Random], Exercise], number: int) -> dict[str, str]:
    rng = random.Random(f"llocust arithmetic {number}")  # noqa: S311 - an exercise is wanted here, not a secret
    question, answer = kind(rng)
    return {
        "id": f"arithmetic-{number + 1:02d}",
        "prompt": f"{question} {ASKED_FOR}",
        "expected": str(answer),
        "kind": kind.__name__.strip("_"),
    }


def _sum(rng: random.Random) -> Exercise:
    first, second, third = (rng.randint(100, 999) for _ in range(3))
    return Exercise(f"What is {first} + {second} - {third}?", first + second - third)


def _product(rng: random.Random) -> Exercise:
    first, second, third = rng.randint(12, 48), rng.randint(11, 29), rng.randint(100, 400)
    return Exercise(f"What is {first} × {second} + {third}?", first * second + third)


def _quotient(rng: random.Random) -> Exercise:
    divisor, result, extra = rng.randint(3, 19), rng.randint(21, 90), rng.randint(2, 9)
    return Exercise(f"What is ({divisor * result} ÷ {divisor}) × {extra}?", result * extra)


def _boxes(rng: random.Random) -> Exercise:
    boxes, each, broken = rng.randint(6, 24), rng.randint(12, 36), rng.randint(3, 40)
    question = (
        f"A potter packs {boxes} boxes with {each} cups each. On the road {broken} cups break, and nothing else does. "
        "How many whole cups arrive?"
    )
    return Exercise(question, boxes * each - broken)


def _ferry(rng: random.Random) -> Exercise:
    crossings, minutes, rest = rng.randint(4, 14), rng.randint(15, 55), rng.randint(5, 20)
    question = (
        f"A ferry makes {crossings} crossings of {minutes} minutes and lies still for {rest} minutes between any two of "
        "them. How many minutes pass from the start of the first to the end of the last?"
    )
    return Exercise(question, crossings * minutes + (crossings - 1) * rest)


def _orchard(rng: random.Random) -> Exercise:
    rows, trees, kilos = rng.randint(5, 18), rng.randint(3, 10) * 2, rng.randint(2, 9) * 10
    question = (
        f"An orchard has {rows} rows of {trees} trees, and half of all its trees bear fruit, {kilos} kg each. "
        "How many kilograms is that?"
    )
    return Exercise(question, rows * trees * kilos // 2)


_KINDS = (_sum, _product, _quotient, _boxes, _ferry, _orchard)


if __name__ == "__main__":
    Path(__file__).with_name("arithmetic.jsonl").write_bytes(make())
