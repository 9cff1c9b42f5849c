"""A share that depends on how many requests are in hand: points, and straight lines between them. Pure."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Curve:
    """`points` are (requests in hand, share 0..1), in the order of the first."""

    points: tuple[tuple[int, Fraction], ...]

    def at(self, in_hand: int) -> Fraction:
        """The share; before the first point and after the last it is that point's."""
        for (low, before), (high, after) in pairwise(self.points):
            if low <= in_hand < high:
                return before + (after - before) * (in_hand - low) / (high - low)
        first, last = self.points[0], self.points[-1]
        return first[1] if in_hand < first[0] else last[1]


ALWAYS = Curve(((1, Fraction(1)),))


def parse_curve(text: str) -> Curve:
    """From `1=0.95,8=0.9,16=0.6`, or one share for any load. Raises ValueError with the end of a sentence."""
    parts = [part.partition("=") for part in text.split(",")]
    if len(parts) == 1 and not parts[0][1]:
        return Curve(((1, _share(parts[0][0])),))
    points = tuple((_load(load), _share(share)) for load, _, share in parts)
    if any(one[0] >= next_one[0] for one, next_one in pairwise(points)):
        raise ValueError("numbers of requests must rise")
    return Curve(points)


def _load(text: str) -> int:
    if not text.strip().isdecimal() or int(text) < 1:
        raise ValueError(f"{text.strip()!r} is no number of requests")
    return int(text)


def _share(text: str) -> Fraction:
    return parse_share(text.strip())


def parse_share(text: str) -> Fraction:
    """Such as 0.25 or 1/3. Raises ValueError with the end of a sentence."""
    try:
        share = Fraction(text)
    except (ValueError, ZeroDivisionError):
        share = Fraction(-1)
    if not 0 <= share <= 1:
        raise ValueError(f"{text!r} is no share from 0 to 1")
    return share
