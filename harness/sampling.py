"""How a server is to choose its tokens, and for how long: what is asked in the request, in no API's terms."""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """None, False and empty are "not said": the server does as it does by itself."""

    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    ignore_eos: bool = False
    """Go on beyond the token that ends an answer, up to the bound of its length."""
    min_tokens: int | None = None

    @property
    def said(self) -> dict[str, Any]:
        """What is to be sent, by the names of the fields."""
        fields = msgspec.structs.asdict(self)
        # Compared by identity: a temperature of 0 is said, and equal to False.
        return {
            name: value for name, value in fields.items() if value is not None and value is not False and value != ()
        }


GREEDY = Sampling(temperature=0.0, seed=0)
"""The likeliest token each time; the seed is for servers that still draw lots between equals."""

OPTION_OF = {
    "temperature": "--temperature",
    "top_p": "--top-p",
    "seed": "--sampling-seed",
    "stop": "--stop",
    "ignore_eos": "--ignore-eos",
    "min_tokens": "--min-tokens",
}
"""How each field is asked for."""


def without(body: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """`body` without these keys, wherever in it they are."""
    return {
        key: without(value, names) if isinstance(value, Mapping) else value
        for key, value in body.items()
        if key not in names
    }


def merged(body: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """`body` with `extra` in it. Where both have an object under a key, these are merged; else `extra` prevails."""
    both = dict(body)
    for key, value in extra.items():
        before = both.get(key)
        both[key] = merged(before, value) if isinstance(before, Mapping) and isinstance(value, Mapping) else value
    return both
