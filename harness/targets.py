"""The servers, or models of one, that a run is about: how they are written down, and which user asks which, and when.

    --target "name=vllm host=http://127.0.0.1:8000 model=llama weight=3"

Nothing is drawn by chance: whom a user asks follows from its global index, the same with one worker or many.
"""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

DEFAULT, MIXED = "default", "mixed"
"""What the only target of a run is called, and the target of a point in which users have different ones."""
MODES = ("interleaved", "sequential", MIXED)
LARGEST_WEIGHT = 1000
_NAME = re.compile(r"[\w.-]{1,40}")


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One of them, whole."""

    name: str
    host: str
    model: str | None = None
    """None: the only one that the server lists."""
    dialect: str
    api_key_env: str
    headers: tuple[str, ...] = ()
    weight: int = 1
    """Its part of the users, where the targets of a point share them."""


KEYS = {
    "name": "name",
    "host": "host",
    "model": "model",
    "dialect": "dialect",
    "api-key-env": "api_key_env",
    "header": "headers",
    "weight": "weight",
}
"""The words of a target, and the fields that they fill."""

_WORDS = "KEY=VALUE words, their keys of " + ", ".join(KEYS)


class Leg(NamedTuple):
    """One point of a run, before it has a number. `shares`: users of each target, where a point has several."""

    users: int
    target: str
    shares: dict[str, int] = {}


Said = Mapping[str, Any]
"""Those fields of a target that were given."""


def reader(readers: Mapping[str, Callable[[str], Any]]) -> Callable[[str], Said]:
    """A reader of a target's words, each by the reader of its field; one that raises ValueError is quoted."""
    known = {"name": name, "weight": weight, **readers}

    def read(text: str) -> Said:
        fields: dict[str, Any] = {}
        for key, value in _pairs(text):
            field = KEYS[key]
            try:
                found = known[field](value)
            except ValueError as error:
                raise ValueError(f"as {key} {error}") from None
            if field in fields and field != "headers":
                raise ValueError(f"{key} once")
            fields[field] = (*fields.get(field, ()), found) if field == "headers" else found
        return fields

    return read


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        words = shlex.split(text)
    except ValueError:
        raise ValueError(f"{_WORDS}; a quotation mark is not closed") from None
    pairs = [(key.replace("_", "-"), value) for key, _, value in (word.partition("=") for word in words)]
    if not pairs or any(key not in KEYS or not value for key, value in pairs):
        raise ValueError(f'{_WORDS}; such as "name=a host=http://127.0.0.1:8000"')
    return pairs


def name(text: str) -> str:
    """What a target is called in records and report."""
    if not _NAME.fullmatch(text) or text == MIXED:
        raise ValueError(f"letters, digits, dots, dashes and underscores, 40 at most, and not {MIXED}")
    return text


def weight(text: str) -> int:
    """1, 2, 3 … LARGEST_WEIGHT."""
    if not text.isdecimal() or not 0 < int(text) <= LARGEST_WEIGHT:
        raise ValueError(f"a whole number, 1 to {LARGEST_WEIGHT}")
    return int(text)


def words(target: Target) -> str:
    """A target as it is typed."""
    said = msgspec.structs.asdict(target)
    pairs = [
        f"{key}={each}"
        for key, field in KEYS.items()
        if said[field] is not None
        for each in (said[field] if field == "headers" else (said[field],))
    ]
    return shlex.join(pairs)


def legs(users: Sequence[int], weights: Mapping[str, int], mode: str) -> list[Leg]:
    """The points of a run over its targets, which `weights` names in order."""
    if mode == MIXED and len(weights) > 1:
        return [Leg(count, MIXED, shares(weights, count)) for count in users]
    if mode == "sequential":
        return [Leg(count, target) for target in weights for count in users]
    return [Leg(count, target) for count in users for target in weights]


def shares(weights: Mapping[str, int], users: int) -> dict[str, int]:
    """How many of so many users have each target."""
    names, cycle = tuple(weights), deal(tuple(weights.values()))
    dealt = [names[cycle[user % len(cycle)]] for user in range(users)]
    return {name: dealt.count(name) for name in names}


@lru_cache
def deal(weights: tuple[int, ...]) -> tuple[int, ...]:
    """For each user of a cycle the place of its target among `weights`; further users begin a new cycle.

    Each user goes to the target that is furthest behind its weight, so that any number of first users is shared nearly
    as the weights say, and every whole cycle exactly so.
    """
    whole = sum(weights)
    had = [0] * len(weights)
    cycle = []
    for users in range(1, whole + 1):
        place = max(range(len(weights)), key=lambda at: (users * weights[at] - had[at] * whole, -had[at], -at))
        had[place] += 1
        cycle.append(place)
    return tuple(cycle)


def fewest_users(weights: tuple[int, ...]) -> int:
    """With how many users every target has one."""
    return max(deal(weights).index(place) for place in range(len(weights))) + 1
