"""Questions are put to somebody, and what is found is written as it comes."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from harness.quality.answer import Found
from harness.quality.job import Job, Tally
from harness.quality.pool import ask_all
from harness.score import Score

PATIENCE = 20
"""So many questions in a row without an answer, and nothing more is asked."""

T = TypeVar("T")


def inquire(
    job: Job, ask: Callable[[T], Found], subjects: Iterable[T], to_score: Callable[[T, Found], Score], tally: Tally
) -> str | None:
    """Why it was given up, in a sentence; None where it was not. Raises RunError."""
    silent = 0
    for subject, found in ask_all(ask, subjects, job.asking.options.judge_concurrency):
        job.ledger.add([to_score(subject, found)])
        tally.add()
        silent = silent + 1 if found.passing else 0
        if silent == PATIENCE:
            return f"Given up after {PATIENCE} questions in a row without an answer; the last one: {found.why}"
    return None
