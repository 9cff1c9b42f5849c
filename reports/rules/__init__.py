"""What may be doubted about a point: one small function a doubt, and the table that asks them all."""

from collections.abc import Callable

from reports.facts import Facts
from reports.report import Reason
from reports.rules import answers, canaries, generator, meaning, records, sample

Rule = Callable[[Facts], Reason | None]

DAMAGE: tuple[Rule, ...] = (
    records.interrupted,
    records.worker_lost,
    records.disk_full,
    records.counts_disagree,
)
"""Asked of every point."""

DOUBTS: tuple[Rule, ...] = (
    generator.client_cpu,
    generator.loop_lag,
    generator.bounded_stamps,
    generator.concurrency_not_reached,
    generator.late_dispatch,
    generator.clock_step,
    generator.unstamped,
    sample.high_errors,
    sample.window_too_short,
    sample.not_steady,
    sample.too_few_requests,
    meaning.bundled,
    meaning.prompt_reuse,
    meaning.lengths_missed,
    meaning.no_usage,
    meaning.tokens_disagree,
    answers.quality_drop,
    canaries.canaries_changed,
)
"""Asked of a point that came as far as its window."""
