"""What is wrong with options of scoring together, before a run and after it."""

from collections.abc import Iterator, Mapping
from typing import Any

from harness.score import BY_NAME

_HOW = {
    "judge": '--judge "host=URL model=NAME"',
    "moderation": '--moderation "host=URL"',
    "texts": "--texts, a set of reference texts",
}


def without_means(resolved: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each thing that scorers need and were not given. `resolved` has what could be read."""
    for key, how in _HOW.items():
        names = [name for name in resolved.get("quality") or () if _needs(name) == key]
        if names and resolved.get(key) is None:
            yield f"--quality {' '.join(names)} needs {how}."


def unscorable(resolved: Mapping[str, Any]) -> Iterator[str]:
    """The same, of a run that has yet to be made."""
    # What was given and could not be read has a sentence of its own.
    given = {key: key for key in _HOW if key in resolved}
    yield from without_means({**resolved, **given})
    names = [name for name in resolved.get("quality") or () if name is not None]
    of_answers = [name for name in names if _needs(name) != "texts"]
    if of_answers and resolved.get("keep_text") is False:
        yield f"--quality {' '.join(of_answers)} is about answers, and --no-keep-text keeps none: leave out one of the two."
    if "logprob" in names and not resolved.get("logprobs"):
        yield "--quality logprob needs --logprobs, which has the server tell the log-probability of its tokens."


def _needs(name: str | None) -> str:
    return BY_NAME[name].needs if name in BY_NAME else ""
