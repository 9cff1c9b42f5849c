"""A scorer that asks somebody is given a sample of the answers, several at once, and some of them twice."""

from collections.abc import Collection
from functools import partial
from itertools import chain

from harness.quality.answer import Asker, Scorer
from harness.quality.computing import Targets
from harness.quality.entry import of_answer
from harness.quality.inquiry import inquire
from harness.quality.job import Job, Tally
from harness.quality.sample import choose, repeats
from harness.score import Scorer as Entry


def question(job: Job, scorer: Scorer, entry: Entry, tally: Tally) -> dict[str, str]:
    """By target, why it has no scores. Raises RunError."""
    targets = Targets(scorer)
    chosen = _sample(job, targets)
    known = job.known(entry)
    fresh = chosen - known.valued - known.void
    tally.expect(len(chosen))
    tally.add(len(chosen) - len(fresh))
    silence = inquire(job, scorer.score, job.stored.answers(fresh), partial(of_answer, entry), tally)
    if silence is not None:
        return dict.fromkeys(job.targets, silence) | targets.whys
    silence = _repeat(job, scorer, entry, chosen, tally) if isinstance(scorer, Asker) else None
    if silence is not None:
        return dict.fromkeys(job.targets, f"Not all that should be were asked about twice. {silence}") | targets.whys
    return targets.whys


def _sample(job: Job, targets: Targets) -> set[str]:
    """Ids, so many of each point and target as were asked for."""
    ids: dict[tuple[int, str], list[str]] = {}
    for batch in job.stored.batches():
        ids.setdefault((batch.point, batch.target), []).extend(each.id for each in targets.applicable(batch))
    options = job.asking.options
    return set(
        chain.from_iterable(choose(each, options.judge_sample, f"{options.seed}/sample") for each in ids.values())
    )


def _repeat(job: Job, scorer: Asker, entry: Entry, chosen: Collection[str], tally: Tally) -> str | None:
    scored = job.ledger.known(entry).valued & set(chosen)
    twice = choose(scored, repeats(len(scored)), f"{job.asking.options.seed}/repeats")
    wanted = twice - job.known(entry).repeated
    tally.expect(len(wanted))
    return inquire(job, scorer.score_again, job.stored.answers(wanted), partial(of_answer, entry, repeat=True), tally)
