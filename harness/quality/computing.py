"""All answers are given to a scorer that computes."""

from harness.quality.answer import Answer, BatchScorer, Scorer
from harness.quality.entry import of_answer
from harness.quality.gaps import NOTHING_TO_SCORE
from harness.quality.job import Job, Tally
from harness.quality.stored import Batch
from harness.score import Scorer as Entry


def compute(job: Job, scorer: Scorer, entry: Entry, tally: Tally) -> dict[str, str]:
    """By target, why it has no scores. Raises RunError."""
    known = job.known(entry)
    targets = Targets(scorer)
    tally.expect(sum(job.census.stored.values()))
    for batch in job.stored.batches():
        fresh = [
            answer
            for answer in targets.applicable(batch)
            if answer.id not in known.valued and answer.id not in known.void
        ]
        found = scorer.score_many(fresh) if isinstance(scorer, BatchScorer) else map(scorer.score, fresh)
        job.ledger.add([of_answer(entry, answer, each) for answer, each in zip(fresh, found, strict=True)])
        tally.add(len(batch.answers))
    return targets.whys


class Targets:
    """Whether the targets of a run have anything for a scorer, which is shown their answers batch by batch."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self._gaps: dict[str, str] = {}
        self._applied: set[str] = set()

    def applicable(self, batch: Batch) -> list[Answer]:
        """Those of the batch that there is something to score in."""
        gap = self._scorer.gap(batch.answers)
        found = [] if gap is not None else [answer for answer in batch.answers if self._scorer.applies(answer)]
        if found:
            self._applied.add(batch.target)
        else:
            self._gaps.setdefault(batch.target, gap or NOTHING_TO_SCORE)
        return found

    @property
    def whys(self) -> dict[str, str]:
        """By target, why none of its answers can be scored."""
        return {target: why for target, why in self._gaps.items() if target not in self._applied}
