"""Reference texts are given to a scorer that asks each target about them."""

from functools import partial

from harness import shelf
from harness.quality.answer import Passage, TextScorer
from harness.quality.entry import of_scorer, of_text
from harness.quality.inquiry import inquire
from harness.quality.job import Job, Tally
from harness.quality.ledger import text_subject
from harness.testset import Testset, TestsetError
from harness.wording import wording

NO_TEXTS = "No reference texts were given: name a set with --texts."


def score_texts(job: Job, scorer: TextScorer, tally: Tally) -> dict[str, str]:
    """By target, why it has no scores. Raises RunError."""
    try:
        texts = find_texts(job)
    except TestsetError as error:
        return dict.fromkeys(job.targets, " ".join(error.mistakes))
    if texts is None:
        return dict.fromkeys(job.targets, NO_TEXTS)
    entry = of_scorer(scorer, {"texts": texts.name, "texts_digest": texts.digest})
    job.ledger.begin(entry)
    known = job.known(entry)
    whys = {target: why for target in job.targets if (why := scorer.gap(target)) is not None}
    able = [target for target in job.targets if target not in whys]
    tally.expect(len(able) * len(texts.prompts))
    for target in able:
        passages = _passages(texts, target)
        fresh = [each for each in passages if text_subject(target, each.name) not in known.valued | known.void]
        tally.add(len(passages) - len(fresh))
        silence = inquire(job, scorer.score, fresh, partial(of_text, entry), tally)
        if silence is not None:
            whys[target] = silence
    return whys


def find_texts(job: Job) -> Testset | None:
    """Raises TestsetError."""
    name = job.asking.options.texts
    return None if name is None else shelf.find(name)


def _passages(texts: Testset, target: str) -> list[Passage]:
    return [Passage(target=target, name=each.prompt, text=each.text) for each in wording(texts)]
