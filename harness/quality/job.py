"""What the scoring of a run goes by: its answers, what has been said of them, and who is told how far it is."""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from harness.quality.asking import Asking
from harness.quality.ledger import Known, Ledger
from harness.quality.stored import Census, Stored
from harness.score import Scorer as Entry

Event = Mapping[str, Any]
Show = Callable[[Event], None]
_BREATH_S = 0.2
"""Between two events of progress."""


class Place(NamedTuple):
    """Of a scorer among those asked for, from 1."""

    number: int
    of: int


class Tally:
    """How far a scorer has come. Not every step is told, as there may be thousands a second."""

    def __init__(self, show: Show, scorer: str, place: Place) -> None:
        self._show = show
        self._scorer = scorer
        self._place = place
        self._told_s = 0.0
        self._total = 0
        self._done = 0

    def expect(self, total: int) -> None:
        """So many more are to come."""
        self._total += total
        self._tell()

    def add(self, count: int = 1) -> None:
        """So many more are done."""
        self._done += count
        if time.monotonic() - self._told_s >= _BREATH_S or self._done >= self._total:
            self._tell()

    def _tell(self) -> None:
        self._told_s = time.monotonic()
        place = {"number": self._place.number, "scorers": self._place.of}
        self._show({"event": "score", "scorer": self._scorer, **place, "done": self._done, "of": self._total})


class Job(NamedTuple):
    """The scoring of one run."""

    asking: Asking
    stored: Stored
    census: Census
    ledger: Ledger
    again: bool
    """Score also what is scored."""

    @property
    def targets(self) -> list[str]:
        return [target.name for target in self.asking.manifest.all_targets]

    def known(self, entry: Entry) -> Known:
        """What need not be scored any more."""
        return Known(set(), set(), set()) if self.again else self.ledger.known(entry)
