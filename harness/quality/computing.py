"""All answers are given to a scorer that computes."""

from harness.quality.answer import Answer, BatchScorer, Scorer
from harness.quality.entry import of_answer
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
        self._has_any: dict[str, bool] = {}

    def applicable(self, batch: Batch) -> list[Answer]:
        """Those of the batch that there is something to score in."""
        found = [answer for answer in batch.answers if self._scorer.applies(answer)]
        self._has_any[batch.target] = self._has_any.get(batch.target, False) or bool(found)
        return found

    @property
    def whys(self) -> dict[str, str]:
        """By target, why none of its answers can be scored."""
        return {target: self._scorer.lacking for target, has_any in self._has_any.items() if not has_any}
