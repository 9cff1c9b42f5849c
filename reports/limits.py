"""Where doubt begins: the one table of thresholds. A figure beyond a limit has its level; None is "never"."""

from typing import NamedTuple


class Limit(NamedTuple):
    """In the unit of the rule's figure: ratios 0..1, times in seconds, counts as they are."""

    note: float | None = None
    doubtful: float | None = None
    invalid: float | None = None


CLIENT_CPU_RATIO = Limit(doubtful=0.8, invalid=0.95)
LOOP_LAG_S = Limit(doubtful=0.010)
LOOP_LAG_PER_ITL = Limit(doubtful=0.5, invalid=2.0)
"""Of the median ITL; the smaller of the two doubtful limits holds."""
BOUNDED_RATIO = Limit(doubtful=0.01, invalid=0.10)
UNSTAMPED_LOOP_LAG_S = Limit(doubtful=0.001)
CONCURRENCY_RATIO = Limit(doubtful=0.97, invalid=0.90)
LATE_DISPATCH_S = Limit(doubtful=0.005, invalid=0.050)
REQUESTS_BEYOND_PERCENTILE = 5
"""A percentile q needs this many requests / (1 - q)."""
REQUESTS = Limit(doubtful=30)
WINDOW_PER_E2E = Limit(doubtful=3.0, invalid=1.0)
HALVES_RATIO = Limit(doubtful=0.10)
FAILED_RATIO = Limit(doubtful=0.01, invalid=0.20)
CLOCK_STEP_S = Limit(doubtful=0.001)
EVENTS_PER_READ = Limit(note=1.2)
TOKENS_PER_EVENT = Limit(note=1.2)
TOKENS_OFF_RATIO = Limit(note=0.02)
LENGTH_OFF_RATIO = Limit(note=0.05)
SENT_PER_PROMPT = Limit(note=2.0)
CACHED_RATIO = Limit(note=0.1)
CANARIES_CHANGED_RATIO = Limit(note=0.0)
QUALITY_P = Limit(note=0.05)
"""Of a difference by chance alone, after Holm."""
