"""How old the data of one exchange was when it was read: a sample of bounded size, however long the answer is."""

from array import array

from harness.record import Lag

_KEPT = 4096


class Ages:
    """Ages in microseconds, one for each read; of more than 4,096 reads every second, fourth, eighth … is kept."""

    def __init__(self) -> None:
        self._kept = array("I")
        self._stride = 1
        self._skipped = 0
        self._max_us = 0

    def add(self, age_us: int) -> None:
        """Note one read."""
        self._max_us = max(self._max_us, age_us)
        self._skipped += 1
        if self._skipped >= self._stride:
            self._skipped = 0
            self._kept.append(age_us)
            if len(self._kept) >= _KEPT:
                self._kept = self._kept[1::2]
                self._stride *= 2

    def lag(self) -> Lag | None:
        """The median of what is kept (the lower of two), and the largest of all; None if nothing was read."""
        ranked = sorted(self._kept)
        return Lag(p50=ranked[(len(ranked) - 1) // 2], max=self._max_us) if ranked else None
