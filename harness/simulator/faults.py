"""What the simulator can do wrong on purpose, and which requests it does it to."""

import math
from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Fault(StrEnum):
    """One way to answer badly or oddly; docs/simulator.md says what each looks like on the wire."""

    REFUSE_429 = "refuse_429"
    REFUSE_400 = "refuse_400"
    ERROR_500 = "error_500"
    ERROR_503 = "error_503"
    REDIRECT = "redirect"
    HTML = "html"
    NOTHING = "nothing"
    STALL_BEFORE_HEADERS = "stall_before_headers"
    STALL_BEFORE_TOKEN = "stall_before_token"  # noqa: S105
    STALL_AFTER_TOKEN = "stall_after_token"  # noqa: S105
    CUT = "cut"
    TRUNCATE = "truncate"
    ERROR_EVENT = "error_event"
    EMPTY = "empty"
    MALFORMED = "malformed"
    NO_DONE = "no_done"
    NO_USAGE = "no_usage"
    CRLF = "crlf"
    COMMENTS = "comments"
    BUNDLE = "bundle"
    SPLIT = "split"


HARMLESS = frozenset({Fault.NO_DONE, Fault.NO_USAGE, Fault.CRLF, Fault.COMMENTS, Fault.BUNDLE, Fault.SPLIT})
"""The answer is whole: the same tokens and characters as without the fault."""

REFUSALS = frozenset(
    {Fault.REFUSE_429, Fault.REFUSE_400, Fault.ERROR_500, Fault.ERROR_503, Fault.REDIRECT, Fault.HTML, Fault.NOTHING}
)
"""Answered at once, without an answer from the model."""

STOPS_EARLY = frozenset({Fault.STALL_AFTER_TOKEN, Fault.CUT, Fault.TRUNCATE, Fault.ERROR_EVENT})
"""The first few tokens come, the others do not."""


class FaultShare(NamedTuple):
    """A fault and the share of all requests (0..1) that get it."""

    fault: Fault
    share: Fraction


class Rota(Generic[T]):
    """Deals faults, or whatever has shares, to requests by exact count: a share of 1/4 gives 25 of any 100 requests in a row.

    Smooth weighted round-robin (as nginx picks upstreams): every line gains its weight, the richest is
    served and pays the sum of all. After as many requests as the shares' common denominator all accounts are level again.
    """

    def __init__(self, shares: Sequence[tuple[T, Fraction]]) -> None:
        """Raises ValueError where the shares add up to more than 1."""
        rest = 1 - sum((share for _, share in shares), Fraction(0))
        if rest < 0:
            raise ValueError("shares add up to more than 1")
        scale = math.lcm(rest.denominator, *(share.denominator for _, share in shares))
        # No fault comes first: where accounts are level, the plain answer is given.
        self._faults: list[T | None] = [None, *(fault for fault, _ in shares)]
        self._weights = [int(rest * scale), *(int(share * scale) for _, share in shares)]
        self._period = scale
        self._accounts = [0] * len(self._faults)

    def deal(self) -> T | None:
        """The fault of the next request; None for what the shares leave over."""
        for index, weight in enumerate(self._weights):
            self._accounts[index] += weight
        richest = self._accounts.index(max(self._accounts))
        self._accounts[richest] -= self._period
        return self._faults[richest]
