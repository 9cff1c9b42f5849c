"""How long a synthetic prompt or answer shall be: a distribution of lengths, and the draws from it. Pure.

A draw follows from the seed, what is drawn, and its number, and from nothing else: it is the same on every machine.
"""

import csv
import math
import random
from bisect import bisect_right
from collections.abc import Callable, Iterable
from itertools import accumulate
from statistics import NormalDist

import msgspec

LONGEST = 10_000_000
"""Tokens or characters; more is a slip of the finger, and would fill the memory."""
_ALLOWED = (
    "a length such as 512, uniform:256,1024 (between these two), normal:512,128 or lognormal:512,256 (mean and standard "
    "deviation, with min=N and max=N behind them if need be) or histogram:FILE"
)
_ROW = "two numbers, a length of one or more and its weight"
_STANDARD = NormalDist()


class Bounds(msgspec.Struct, frozen=True):
    """What falls outside becomes the bound itself."""

    least: int = 1
    most: int = LONGEST

    def within(self, length: float) -> int:
        """A whole number."""
        return min(max(round(length), self.least), self.most)


class Constant(msgspec.Struct, frozen=True, tag_field="shape", tag="constant"):
    """Always the same."""

    length: int

    def at(self, share: float) -> int:  # noqa: ARG002 - as the others are asked
        return self.length


class Uniform(msgspec.Struct, frozen=True, tag_field="shape", tag="uniform"):
    """Any whole number from one bound to the other, both included, with the same chance."""

    least: int
    most: int

    def at(self, share: float) -> int:
        return self.least + int((self.most - self.least + 1) * share)


class Normal(msgspec.Struct, frozen=True, tag_field="shape", tag="normal"):
    """The bell curve. Bounds pile up what falls outside, so that mean and deviation hold only while little does."""

    mean: float
    stdev: float
    bounds: Bounds = Bounds()

    def at(self, share: float) -> int:
        return self.bounds.within(self.mean + self.stdev * _standard(share))


class LogNormal(msgspec.Struct, frozen=True, tag_field="shape", tag="lognormal"):
    """Mostly short, with a long tail, as prompts of people are. `mean` and `stdev` are of the lengths, not of their logarithms."""

    mean: float
    stdev: float
    bounds: Bounds = Bounds()

    def at(self, share: float) -> int:
        # For ln X ~ N(mu, sigma²): E X = exp(mu + sigma²/2) and Var X = (exp(sigma²) - 1) · (E X)².
        variance = math.log1p((self.stdev / self.mean) ** 2)
        mu = math.log(self.mean) - variance / 2
        # Before the exponential, which a far tail would overflow.
        exponent = min(mu + math.sqrt(variance) * _standard(share), math.log(LONGEST))
        return self.bounds.within(math.exp(exponent))


class Histogram(msgspec.Struct, frozen=True, tag_field="shape", tag="histogram"):
    """The lengths in a file, which is yet to be read."""

    file: str


class Weighted(msgspec.Struct, frozen=True):
    """The lengths of a histogram, each as often as its weight says."""

    lengths: tuple[int, ...]
    upto: tuple[float, ...]
    """Of each, its weight and those before it."""

    def at(self, share: float) -> int:
        place = bisect_right(self.upto, share * self.upto[-1])
        return self.lengths[min(place, len(self.lengths) - 1)]


Drawable = Constant | Uniform | Normal | LogNormal | Weighted
"""Each with `at(share)`: the length that is longer than this share (0 ≤ share < 1) of all lengths."""
Lengths = Constant | Uniform | Normal | LogNormal | Histogram
"""As an option gives them."""

_CURVES: dict[str, Callable[[float, float, Bounds], Lengths]] = {"normal": Normal, "lognormal": LogNormal}


def lengths(text: str) -> Lengths:
    """`512`, `constant:512`, `uniform:256,1024`, `normal:512,128,max=2048`, `lognormal:512,256`, `histogram:FILE`.

    Raises ValueError like the readers of harness.values.
    """
    shape, colon, rest = text.strip().partition(":")
    if not colon:
        shape, rest = "constant", shape
    if shape == "histogram" and rest:
        return Histogram(rest)
    parts = [part.strip() for part in rest.split(",")]
    if shape == "constant" and len(parts) == 1:
        return Constant(_whole(parts[0]))
    if shape == "uniform" and len(parts) == 2:
        return _between(_whole(parts[0]), _whole(parts[1]))
    if shape in _CURVES and len(parts) >= 2:
        return _CURVES[shape](_number(parts[0]), _number(parts[1]), _bounds(parts[2:]))
    raise ValueError(_ALLOWED)


def weighted(data: bytes) -> Weighted:
    """A histogram from its file: rows `length,weight`, a line of names above them or not, or a JSON object of the same.

    Raises ValueError with a sentence that names the line, or the length.
    """
    text = data.decode("utf-8-sig")
    rows = _from_json(text) if text.lstrip().startswith("{") else _from_csv(text)
    weights: dict[int, float] = {}
    for length, weight in rows:
        weights[length] = weights.get(length, 0.0) + weight
    if not any(weights.values()):
        raise ValueError("no length in it has a weight above zero")
    in_order = sorted(weights)
    return Weighted(tuple(in_order), tuple(accumulate(weights[length] for length in in_order)))


def draw(drawn: Drawable, seed: int, what: str, number: int) -> int:
    """The length of the `number`-th prompt; `what` keeps the draws for inputs and outputs apart."""
    chance = random.Random(f"{seed}/{what}/{number}")  # noqa: S311 - fairness is wanted here, not secrecy
    return drawn.at(chance.random())


def _standard(share: float) -> float:
    return _STANDARD.inv_cdf(max(share, 2**-53))  # which is infinite at 0


def _whole(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= LONGEST:
        raise ValueError(_ALLOWED)
    return int(text)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(_ALLOWED) from None
    if not 0 < number <= LONGEST:
        raise ValueError(_ALLOWED)
    return number


def _between(least: int, most: int) -> Uniform:
    if least > most:
        raise ValueError("the smaller length first, such as uniform:256,1024")
    return Uniform(least, most)


def _bounds(parts: list[str]) -> Bounds:
    told = dict(part.split("=", 1) for part in parts if "=" in part)
    if len(told) < len(parts) or not told.keys() <= {"min", "max"}:
        raise ValueError(_ALLOWED)
    bounds = Bounds(**{{"min": "least", "max": "most"}[name]: _whole(text) for name, text in told.items()})
    if bounds.least > bounds.most:
        raise ValueError("a min that is not above the max")
    return bounds


def _from_json(text: str) -> Iterable[tuple[int, float]]:
    try:
        told = msgspec.json.decode(text, type=dict[str, float])
    except msgspec.DecodeError as error:
        raise ValueError(f"it is no JSON object of lengths and weights ({error})") from None
    for length, weight in told.items():
        yield _weight(length, str(weight), f"length {length!r}")


def _from_csv(text: str) -> Iterable[tuple[int, float]]:
    for number, row in enumerate(csv.reader(text.splitlines()), 1):
        is_names = number == 1 and not any(cell.strip()[:1].isdigit() for cell in row)
        if row and not is_names:
            if len(row) != 2:
                raise ValueError(f"line {number} is not {_ROW}")
            yield _weight(row[0], row[1], f"line {number}")


def _weight(length: str, weight: str, where: str) -> tuple[int, float]:
    try:
        found = _whole(length.strip()), float(weight)
    except ValueError:
        raise ValueError(f"{where} is not {_ROW}") from None
    if not 0 <= found[1] < math.inf:
        raise ValueError(f"{where} has a weight that is no number of zero or more")
    return found
