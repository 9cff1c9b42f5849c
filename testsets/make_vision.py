"""Makes vision.jsonl and the images in vision/: drawn shapes, bars and digits, with questions that have one right answer.

Run `python -m testsets.make_vision` after a change and put the new digest into README.md. The result depends on nothing
but this file and harness/png.py: every drawing has its own generator, seeded with a string.
"""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from harness.png import draw

DRAWINGS = 20
SIDE = 224
"""Pixels of each side; what many vision models cut images into."""

_WHITE = (250, 250, 245)
_COLOURS = {"red": (200, 40, 40), "blue": (40, 80, 200), "green": (40, 150, 70), "orange": (235, 140, 30)}
_DIGITS = {
    "0": "0E11111111110E",
    "1": "040C040404040E",
    "2": "0E11010204081F",
    "3": "1F02040201110E",
    "4": "02060A121F0202",
    "5": "1F101E0101110E",
    "6": "0608101E11110E",
    "7": "1F010204080808",
    "8": "0E11110E11110E",
    "9": "0E11110F01020C",
}
"""Seven rows of five dots each, a byte a row."""
_NUMBER_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven")


class Drawing(NamedTuple):
    """An image, what is asked of it, and the right answer."""

    image: bytes
    question: str
    answer: str


class Sheet:
    """A square of SIDE pixels with up to three colours on white."""

    def __init__(self, *colours: str) -> None:
        self._palette = [_WHITE, *(_COLOURS[name] for name in colours)]
        self._pixels = [bytearray(SIDE) for _ in range(SIDE)]

    def fill(self, colour: int, inside: Callable[[int, int], bool]) -> None:
        """Paint every pixel x, y that is inside."""
        for y, row in enumerate(self._pixels):
            for x in range(SIDE):
                if inside(x, y):
                    row[x] = colour

    def file(self) -> bytes:
        """The image file."""
        packed = bytearray()
        for row in self._pixels:
            for at in range(0, SIDE, 4):
                first, second, third, fourth = row[at : at + 4]
                packed.append(first << 6 | second << 4 | third << 2 | fourth)
        return draw(SIDE, SIDE, self._palette, bytes(packed))


def make() -> dict[str, bytes]:
    """All files by their paths. Drawing i is of kind i modulo their number."""
    files: dict[str, bytes] = {}
    rows = []
    for number in range(1, DRAWINGS + 1):
        kind = _KINDS[(number - 1) % len(_KINDS)]
        rng = random.Random(f"llocust vision {number}")  # noqa: S311 - a drawing is wanted here, not a secret
        image, question, answer = kind(rng)
        path = f"vision/{kind.__name__.strip('_')}-{number:02d}.png"
        files[path] = image
        rows.append({"id": f"vision-{number:02d}", "prompt": question, "images": [path], "expected": answer})
    files["vision.jsonl"] = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    return files


def _count(rng: random.Random) -> Drawing:
    colour, many = rng.choice(list(_COLOURS)), rng.randint(1, 7)
    sheet = Sheet(colour)
    for place in rng.sample(range(9), many):
        x, y, radius = 38 + place % 3 * 74, 38 + place // 3 * 74, rng.randint(14, 26)
        sheet.fill(1, _disc(x, y, radius))
    return Drawing(sheet.file(), "How many discs are in this picture? Answer with one word.", _NUMBER_WORDS[many])


def _colour(rng: random.Random) -> Drawing:
    large, small = rng.sample(list(_COLOURS), 2)
    sheet = Sheet(large, small)
    left = rng.random() < 0.5
    sheet.fill(1, _box(16, 60, 88, 104) if left else _box(120, 60, 88, 104))
    sheet.fill(2, _disc(170, 112, 26) if left else _disc(54, 112, 26))
    return Drawing(sheet.file(), "What colour is the rectangle in this picture? Answer with one word.", large)


def _bars(rng: random.Random) -> Drawing:
    heights = rng.sample(range(40, 200, 20), 4)
    sheet = Sheet("blue", "green")
    for place, height in enumerate(heights):
        sheet.fill(1, _box(20 + place * 50, 212 - height, 34, height))
    sheet.fill(2, _box(8, 212, 208, 4))
    names = ("first", "second", "third", "fourth")
    question = (
        "Which of the four bars, counted from the left, is the tallest? Answer with first, second, third or fourth."
    )
    return Drawing(sheet.file(), question, names[heights.index(max(heights))])


def _number(rng: random.Random) -> Drawing:
    number = str(rng.randint(100, 999))
    colour = rng.choice(list(_COLOURS))
    sheet = Sheet(colour)
    for place, digit in enumerate(number):
        sheet.fill(1, _glyph(digit, 22 + place * 64, 70, 10))
    return Drawing(sheet.file(), "Which number is written in this picture? Answer with the digits.", number)


def _place(rng: random.Random) -> Drawing:
    high, colours = rng.random() < 0.5, rng.sample(list(_COLOURS), 2)
    sheet = Sheet(*colours)
    x = rng.randint(60, 160)
    sheet.fill(1, _disc(x, 58 if high else 166, 34))
    sheet.fill(2, _triangle(x, 136 if high else 20, 70))
    question = "Is the disc above or below the triangle? Answer with one word."
    return Drawing(sheet.file(), question, "above" if high else "below")


_KINDS = (_count, _colour, _bars, _number, _place)


def _disc(x: int, y: int, radius: int) -> Callable[[int, int], bool]:
    return lambda at_x, at_y: (at_x - x) ** 2 + (at_y - y) ** 2 <= radius**2


def _box(x: int, y: int, width: int, height: int) -> Callable[[int, int], bool]:
    return lambda at_x, at_y: x <= at_x < x + width and y <= at_y < y + height


def _triangle(x: int, top: int, height: int) -> Callable[[int, int], bool]:
    return lambda at_x, at_y: 0 <= at_y - top < height and 2 * abs(at_x - x) <= at_y - top


def _glyph(digit: str, x: int, y: int, dot: int) -> Callable[[int, int], bool]:
    rows = bytes.fromhex(_DIGITS[digit])

    def inside(at_x: int, at_y: int) -> bool:
        column, row = (at_x - x) // dot, (at_y - y) // dot
        return 0 <= column < 5 and 0 <= row < 7 and bool(rows[row] >> (4 - column) & 1)

    return inside


if __name__ == "__main__":
    folder = Path(__file__).parent
    (folder / "vision").mkdir(exist_ok=True)
    for name, content in make().items():
        (folder / name).write_bytes(content)
