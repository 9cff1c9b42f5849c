"""Which answers are asked about, where not all are. Pure.

A sample is the ids with the smallest hashes of seed and id: the same in whatever order they come, and the same again
when scoring is gone on with.
"""

import hashlib
import heapq
from collections.abc import Iterable
from math import ceil

REPEATED_RATIO = 0.1
"""Of the scored answers, so many are asked about twice …"""
FEWEST_REPEATS, MOST_REPEATS = 5, 50
"""… but no fewer and no more than these."""


def choose(ids: Iterable[str], most: int | None, seed: str) -> set[str]:
    """At most `most` of these; all of them where it is None."""
    if most is None:
        return set(ids)
    key = hashlib.sha256(seed.encode()).digest()
    return set(heapq.nsmallest(most, ids, key=lambda each: hashlib.blake2b(each.encode(), key=key).digest()))


def repeats(scored: int) -> int:
    """How many of so many answers are asked about twice."""
    return min(scored, MOST_REPEATS, max(FEWEST_REPEATS, ceil(REPEATED_RATIO * scored)))
