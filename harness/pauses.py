"""How long a user thinks before the next turn of a conversation: a distribution, and the draws from it. Pure.

A draw follows from the seed, the user, the conversation and the turn, and from nothing else: it is the same on every
machine, with however many workers, and whatever became of the user's other conversations.
"""

import math
import random
from collections.abc import Callable

import msgspec

from harness.metrics import US_PER_S
from harness.values import duration_s

_ALLOWED = "a pause such as 2s, uniform:1s,5s (between these two) or exponential:3s (its mean)"


class Constant(msgspec.Struct, frozen=True, tag_field="shape", tag="constant"):
    """Always the same."""

    pause_s: float

    def at(self, share: float) -> float:  # noqa: ARG002 - as the others are asked
        return self.pause_s


class Uniform(msgspec.Struct, frozen=True, tag_field="shape", tag="uniform"):
    """Anything between two bounds, with the same chance."""

    low_s: float
    high_s: float

    def at(self, share: float) -> float:
        return self.low_s + (self.high_s - self.low_s) * share


class Exponential(msgspec.Struct, frozen=True, tag_field="shape", tag="exponential"):
    """Mostly short, at times long: a pause that may end at any moment, whenever it began."""

    mean_s: float

    def at(self, share: float) -> float:
        return -self.mean_s * math.log1p(-share)


ThinkTime = Constant | Uniform | Exponential
"""Each with `at(share)`: the pause in seconds that is longer than this share (0 ≤ share < 1) of all pauses."""


_SHAPES: dict[str, Callable[..., ThinkTime]] = {"constant": Constant, "uniform": Uniform, "exponential": Exponential}


def think_time(text: str) -> ThinkTime:
    """`2s`, `constant:2s`, `uniform:1s,5s` or `exponential:3s`. Raises ValueError like the readers of harness.values."""
    shape, colon, times = text.strip().partition(":")
    if not colon:
        shape, times = "constant", shape
    try:
        pause = _SHAPES[shape](*map(duration_s, times.split(",")))
    except (KeyError, TypeError, ValueError):
        raise ValueError(_ALLOWED) from None
    if isinstance(pause, Uniform) and pause.low_s >= pause.high_s:
        raise ValueError("the shorter bound first, such as uniform:1s,5s")
    if pause.at(0.5) == 0:
        raise ValueError("a pause longer than zero, or leave it out")
    return pause


def draw_us(pause: ThinkTime, seed: int, user: int, conversation: int, turn: int) -> int:
    """Microseconds that global user `user` thinks before this turn of its `conversation`-th one. Costs about 15 µs."""
    chance = random.Random(f"{seed}/think/{user}/{conversation}/{turn}")  # noqa: S311 - no secret is wanted here
    return round(pause.at(chance.random()) * US_PER_S)
