"""What is said of answers that a scorer does not apply to, as a run would say it."""

from harness.quality.computing import Targets
from harness.quality.stored import Batch


def gap(scorer, answers):
    """Why there are no scores; None where there are some."""
    targets = Targets(scorer)
    targets.applicable(Batch(1, "default", list(answers)))
    return targets.whys.get("default")
