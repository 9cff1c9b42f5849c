"""Spans of time that are summed up in advance, and how a window is laid out with them. Pure.

Times are microseconds since 1970, UTC; a span has its begin and not its end.
"""

from collections.abc import Iterator
from typing import NamedTuple

US_PER_S = 1_000_000
LEVELS_S = (10, 600, 86_400)
"""Widths of the buckets, each a multiple of the one before.

A window is then laid out with at most 2 × 60 buckets of ten seconds, 2 × 144 of ten minutes, the days between, and
the rows of the less than ten seconds at either edge: few where rows come slowly over years, and where they come by
the thousand a second.
"""


class Span(NamedTuple):
    """A stretch of the window, to be read from buckets of a width, or from the rows themselves (0)."""

    level_s: int
    begin_us: int
    end_us: int


def bucket_us(at_us: int, level_s: int) -> int:
    """Where the bucket begins that holds a moment."""
    return at_us - at_us % (level_s * US_PER_S)


def lay_out(begin_us: int, end_us: int, levels_s: tuple[int, ...] = LEVELS_S) -> Iterator[Span]:
    """The spans of a window: together all of it, nothing twice, as wide as possible."""
    if begin_us >= end_us:
        return
    if not levels_s:
        yield Span(0, begin_us, end_us)
        return
    *finer, level_s = levels_s
    first = -bucket_us(-begin_us, level_s)
    last = bucket_us(end_us, level_s)
    if first >= last:
        yield from lay_out(begin_us, end_us, tuple(finer))
        return
    yield from lay_out(begin_us, first, tuple(finer))
    yield Span(level_s, first, last)
    yield from lay_out(last, end_us, tuple(finer))
