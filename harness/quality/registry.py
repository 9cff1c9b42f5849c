"""Which scorer goes by which name, and what makes it. Nothing of a scorer is imported before it is asked for."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import cast

from harness.options import UsageMistakes
from harness.quality.answer import Scorer, TextScorer, Unavailable
from harness.quality.asking import Asking
from harness.score import BY_NAME

AnyScorer = Scorer | TextScorer
Factory = Callable[[Asking], AnyScorer]

_OURS = frozenset({"harness", "reports"})
_SUFFIX = ".py"


def make(name: str, asking: Asking) -> AnyScorer:
    """The scorer of that name, or of that file. Raises Unavailable with a sentence for the user."""
    factory = FACTORIES[name] if name in FACTORIES else partial(_own, name)
    try:
        return factory(asking)
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library in _OURS:
            raise
        raise Unavailable(f"The library {library} is missing: pip install 'llocust[quality]'.") from error
    except UsageMistakes as error:
        raise Unavailable(" ".join(error.mistakes)) from error


def is_own(name: str) -> bool:
    """Whether it is a file of the user's own."""
    return name not in BY_NAME and name.endswith(_SUFFIX)


def _plain(module: str, function: str) -> Factory:
    """Of a scorer that needs to know nothing of the run."""
    return lambda _: cast(AnyScorer, getattr(import_module(f"harness.quality.{module}"), function)())


def _asking(module: str, function: str) -> Factory:
    return lambda asking: cast(AnyScorer, getattr(import_module(f"harness.quality.{module}"), function)(asking))


def _check(name: str, asking: Asking) -> AnyScorer:
    return cast(AnyScorer, import_module("harness.quality.checks").check(name, asking.options.tolerance))


def _own(path: str, _: Asking) -> AnyScorer:
    return cast(AnyScorer, import_module("harness.quality.own").load(path))


FACTORIES: dict[str, Factory] = {
    **{
        name: partial(_check, name)
        for name in ("accuracy", "choice", "exact", "contains", "regex", "numeric", "math", "json")
    },
    "refusal": _plain("manners", "refusal"),
    "empty": _plain("manners", "empty"),
    "truncated": _plain("manners", "truncated"),
    "language": _plain("manners", "language"),
    "chrf": _plain("likeness", "chrf"),
    "logprob": _plain("confidence", "logprob"),
    "perplexity": _asking("perplexity", "perplexity"),
    "factuality": _asking("judging", "factuality"),
    "contradiction": _asking("judging", "contradiction"),
    "coherence": _asking("judging", "coherence"),
    "toxicity-classifier": _plain("offence", "classifier"),
    "toxicity-moderation": _asking("moderation", "moderation"),
    "toxicity-judge": _asking("judging", "toxicity"),
}
"""By the names of harness.score.MEANINGS."""
