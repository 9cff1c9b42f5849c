"""Makes long.jsonl: long documents out of building blocks, each with a question whose answer stands in it once.

Run `python -m testsets.make_long` after a change and put the new digest into README.md. The result depends on nothing
but this file and long-blocks.toml: every document has its own generator, seeded with a string.
"""

import json
import random
import tomllib
from pathlib import Path

import msgspec

DOCUMENTS = 24
SHORTEST_WORDS = 1500
STEP_WORDS = 100

Words = dict[str, list[str]]


class Kind(msgspec.Struct, frozen=True):
    """A sort of document. `needle` is the paragraph that occurs once; `question` and `answer` are about it."""

    opening: str
    needle: str
    question: str
    answer: str
    paragraphs: list[str]


class Blocks(msgspec.Struct, frozen=True):
    """What documents are built of; `words` are the lists that fill the fields of the texts."""

    words: Words
    kinds: list[Kind]


def read_blocks() -> Blocks:
    """The blocks in long-blocks.toml."""
    text = Path(__file__).with_name("long-blocks.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Blocks)


def make(blocks: Blocks) -> bytes:
    """The whole file. Document i is of kind i modulo their number and has about SHORTEST_WORDS + i * STEP_WORDS words."""
    rows = (_row(blocks.words, blocks.kinds[number % len(blocks.kinds)], number) for number in range(DOCUMENTS))
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _row(words: Words, kind: Kind, number: int) -> dict[str, str]:
    rng = random.Random(f"llocust long {number}")  # noqa: S311 - a document is wanted here, not a secret
    hidden = _pick(rng, words)
    paragraphs = _paragraphs(rng, words, kind, SHORTEST_WORDS + STEP_WORDS * number)
    paragraphs.insert(rng.randint(1, len(paragraphs) - 1), kind.needle.format_map(hidden))
    opening = kind.opening.format_map(_pick(rng, words))
    text = "\n\n".join([opening, *paragraphs, f"Question: {kind.question}"])
    return {"id": f"long-{number + 1:02d}", "prompt": text, "expected": kind.answer.format_map(hidden)}


def _paragraphs(rng: random.Random, words: Words, kind: Kind, length: int) -> list[str]:
    paragraphs: list[str] = []
    while length > 0:
        paragraphs.append(rng.choice(kind.paragraphs).format_map(_pick(rng, words)))
        length -= len(paragraphs[-1].split())
    return paragraphs


def _pick(rng: random.Random, words: Words) -> dict[str, str | int]:
    picked: dict[str, str | int] = {field: rng.choice(choices) for field, choices in words.items()}
    numbers = {"n": rng.randint(11, 98), "m": rng.randint(4, 60), "h": rng.randint(2, 9)}
    return picked | numbers | {"letter": rng.choice("ABCDEFGH")}


if __name__ == "__main__":
    Path(__file__).with_name("long.jsonl").write_bytes(make(read_blocks()))
