"""What could not be scored for a whole target, in sentences. Pure."""

from collections.abc import Collection, Mapping

from harness.quality.stored import Census
from harness.score import Gap


def spread(scorer: str, whys: Mapping[str, str], targets: Collection[str]) -> list[Gap]:
    """By target why there is nothing; said once where it is the same for all."""
    said = set(whys.values())
    if len(said) == 1 and set(targets) <= whys.keys():
        return [Gap(scorer=scorer, text=said.pop())]
    return [Gap(scorer=scorer, target=target, text=why) for target, why in whys.items()]


def without_answers(census: Census, targets: Collection[str]) -> dict[str, str]:
    """Why a target has no answers, for each that has none."""
    return {target: _why(census, target) for target in targets if not census.stored.get(target)}


def _why(census: Census, target: str) -> str:
    if census.textless.get(target):
        return "The text of the answers was not stored (--no-keep-text), so there is nothing to score."
    return "There is no whole answer to a request of the measured window, so there is nothing to score."
