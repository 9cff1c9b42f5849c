"""What is wrong with options about canaries and log-probabilities, and with the APIs that are to be asked for them."""

from collections.abc import Iterator, Mapping
from typing import Any

from harness.dialects import dialect_of, is_own
from harness.options.resolved import DEFAULT_CANARIES


def canary_contradictions(resolved: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[str]:
    """A sentence each. `resolved` has what could be read, `given` the text of all that was given."""
    every = resolved.get("canary_every")
    if resolved.get("canaries", DEFAULT_CANARIES) != DEFAULT_CANARIES and "canary_every" not in given:
        yield "--canaries is about the prompts of canaries: add --canary-every N, so that every N-th request is one."
    if every is None:
        return
    if every == 1:
        yield "--canary-every 1 leaves nothing but canaries: give 2 or more."
    if resolved.get("keep_text") is False:
        yield "--canary-every compares answers, and --no-keep-text keeps none: leave out one of the two."
    if "query_model" not in given:
        yield from (_not_greedy(name) for name in _dialects(resolved) if dialect_of(name).greedy is None)


def untold(resolved: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each API that cannot be asked for log-probabilities, where they are asked for."""
    if resolved.get("logprobs") and "query_model" not in given:
        yield from (_silent(name) for name in _dialects(resolved) if not dialect_of(name).tells_logprobs)


def _not_greedy(name: str) -> str:
    what = f"--dialect {name} has no name for --temperature in its `samples`, and canaries are asked at temperature 0"
    return f"{what}: put one there, or leave out --canary-every."


def _silent(name: str) -> str:
    if is_own(name):
        return f"--dialect {name} does not say `tells_logprobs = True`: have it ask for them, or leave out --logprobs."
    return f"--dialect {name} has no place for --logprobs: leave it out."


def _dialects(resolved: Mapping[str, Any]) -> list[str]:
    of_targets = list(dict.fromkeys(target.dialect for target in resolved.get("targets") or ()))
    return of_targets or [resolved.get("dialect") or "chat"]
