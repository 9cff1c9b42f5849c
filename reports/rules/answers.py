"""Notes on what the answers were worth: they do not make the latencies wrong. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from reports.facts import Facts
from reports.limits import QUALITY_P
from reports.quality import worse
from reports.render.numbers import in_unit, in_units_of, probability
from reports.report import Difference, Reason, ScorerReport
from reports.rules.reason import below, reason


class _Drop(NamedTuple):
    scorer: ScorerReport
    value: float | None
    difference: Difference
    p: float


def quality_drop(facts: Facts) -> Reason | None:
    """Asked of the scores that have a better side, each against the point of fewest users of the same target."""
    drops = sorted(_drops(facts), key=lambda drop: drop.p)
    if not drops:
        return None
    return reason(
        "quality_drop",
        drops[0].p,
        below(drops[0].p, QUALITY_P),
        " ".join(map(_told, drops)),
        "Read these answers beside those at fewer users (text in requests.csv): streams cut short, answers mixed up and "
        "another model behind the same name all look like this. --canary-every shows whether one prompt is answered "
        "differently under load.",
    )


def _drops(facts: Facts) -> Iterator[_Drop]:
    scorers = {} if facts.quality is None else {scorer.name: scorer for scorer in facts.quality.scorers}
    for score in facts.point.quality:
        difference = score.difference
        if difference is not None and difference.p is not None and worse(scorers[score.scorer], difference):
            yield _Drop(scorers[score.scorer], score.value, difference, difference.p)


def _by(difference: Difference) -> str:
    shared = f"{difference.prompts} prompt{'' if difference.prompts == 1 else 's'} asked at both"
    others = f"{difference.others} asked at one of the two"
    return "by " + " and ".join(words for n, words in ((difference.prompts, shared), (difference.others, others)) if n)


def _told(drop: _Drop) -> str:
    unit = "ratio" if drop.scorer.kind == "ratio" else ""
    users = f"{drop.difference.users} user{'' if drop.difference.users == 1 else 's'}"
    return (
        f"{drop.scorer.label} is {in_unit(drop.value, unit)}, {in_units_of(drop.difference.difference, drop.scorer.kind)} "
        f"against {users} {_by(drop.difference)} (p {probability(drop.p)})."
    )
