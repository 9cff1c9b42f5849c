"""A run's answers are scored: by one scorer after another, what is scored already left as it is."""

import traceback
from pathlib import PurePath
from typing import NamedTuple, cast

from harness import userfile
from harness.complaint import words
from harness.quality.answer import Scorer, TextScorer, Unavailable
from harness.quality.asking import Asking
from harness.quality.computing import compute
from harness.quality.entry import of_scorer
from harness.quality.gaps import spread, without_answers
from harness.quality.job import Job, Place, Show, Tally
from harness.quality.judgements import judgements_of
from harness.quality.ledger import Ledger
from harness.quality.questioning import question
from harness.quality.registry import AnyScorer, make
from harness.quality.stored import Stored
from harness.quality.texts import score_texts
from harness.run import RunError
from harness.score import BY_NAME, Gap


class Scored(NamedTuple):
    """What became of it."""

    gaps: list[Gap]
    """What could not be scored."""
    useful: list[str]
    """The scorers of which there are values, by the names that they were asked for by."""
    useless: list[str]
    """The others."""
    trouble: str | None = None
    """Why it is not whole, in a sentence."""

    @property
    def is_useless(self) -> bool:
        """Whether one that was asked for has found nothing at all."""
        return bool(self.useless)


def score_run(asking: Asking, show: Show, *, again: bool = False) -> Scored:
    """Score the answers of a run by the scorers that its options name.

    `again`: also those that are scored. What was scored is kept when Ctrl-C ends it, or the run folder cannot be read or
    written.
    """
    scored = Scored([], [], [])
    try:
        with Ledger(asking.folder) as ledger:
            stored = Stored(asking.folder, asking.manifest)
            if again:
                # Whoever wants it again does not want what a judge has said before.
                judgements_of(asking.folder).forget()
            job = Job(asking, stored, stored.census(), ledger, again)
            names = sorted(dict.fromkeys(asking.options.quality), key=_is_slow)
            for number, name in enumerate(names, 1):
                _score_by(job, name, Place(number, len(names)), show, scored)
    except KeyboardInterrupt:
        return scored._replace(trouble=f"Scoring was interrupted; `llocust quality {asking.folder}` goes on with it.")
    except RunError as error:
        return scored._replace(trouble=str(error))
    return scored


def _is_slow(name: str) -> bool:
    """Whether somebody is asked: whoever does not wait for that has the rest all the same."""
    return name in BY_NAME and BY_NAME[name].needs in ("judge", "moderation", "texts")


def _score_by(job: Job, name: str, place: Place, show: Show, scored: Scored) -> None:
    try:
        scorer = make(name, job.asking)
        called = scorer.meaning.name
        whys = _score(job, scorer, Tally(show, called, place))
        is_useful = job.ledger.has_values(called)
        silence = None if is_useful else job.ledger.silence(called)
        if silence is not None:
            whys = dict.fromkeys(job.targets, silence) | whys
        gaps = spread(called, whys, job.targets)
    except Unavailable as error:
        gaps, is_useful = [Gap(scorer=name, text=str(error))], False
    except RunError:
        raise
    except Exception as bug:  # noqa: BLE001 - a mistake of ours must cost neither the other scores nor the report
        gaps, is_useful = [Gap(scorer=name, text=_of_ours(bug))], False
    for gap in gaps:
        job.ledger.add_gap(gap)
        show({"event": "gap", "scorer": gap.scorer, "target": gap.target, "text": gap.text})
    scored.gaps.extend(gaps)
    (scored.useful if is_useful else scored.useless).append(name)


def _of_ours(bug: Exception) -> str:
    frame = traceback.extract_tb(bug.__traceback__)[-1]
    what = words(bug, frame.filename, userfile.secrets())
    return f"This scorer is broken, which is a mistake in llocust: {PurePath(frame.filename).name} {what}."


def _score(job: Job, scorer: AnyScorer, tally: Tally) -> dict[str, str]:
    """By target, why it has no scores."""
    if scorer.meaning.needs == "texts":
        return score_texts(job, cast(TextScorer, scorer), tally)
    by_answer = cast(Scorer, scorer)
    entry = of_scorer(by_answer)
    job.ledger.begin(entry)
    whys = without_answers(job.census, job.targets)
    if whys.keys() >= set(job.targets):
        return whys
    return whys | (question if by_answer.asks else compute)(job, by_answer, entry, tally)
