"""Options of a run that asks through a function of the user's own: what they become, and which mean nothing there."""

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from harness.dialects.yields import Yields
from harness.options.request import REQUEST
from harness.options.target import TARGET

_STAY = frozenset(
    {"query_model", "model", "probe", "max_tokens", "first_byte_timeout_s", "idle_timeout_s", "timeout_s"}
)
_REQUESTS = {option.key for option in (*TARGET, *REQUEST)} - _STAY
_OTHERS = {"images", "image_size", "image_pool", "images_per_request", "calibrate", "canary_every", "canaries"}
_DEFAULTS = {"stream": True, "ignore_eos": False, "calibrate": False, "logprobs": False}
"""Switches that may be given, as long as they change nothing."""
_INSTEAD = {
    "host": "--query-model has the server's address in its own file: leave this out, and change it there",
    "calibrate": "measures llocust's own way to the server, which --query-model does not take: leave it out",
}


def of_query_model(given: Mapping[str, Any]) -> dict[str, str]:
    """What the options about the target are in such a run; nothing in any other."""
    if "query_model" not in given:
        return {}
    file = str(given["query_model"])
    return {"host": file, "dialect": Yields.name, "model": str(given.get("model") or PurePath(file).stem)}


def meaningless(resolved: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Options that were given and mean nothing in such a run, each with why and what to do."""
    if "query_model" in given:
        for key in given:
            if key in _REQUESTS | _OTHERS and resolved.get(key) is not _DEFAULTS.get(key, resolved):
                yield (
                    key,
                    f"{_INSTEAD.get(key, 'means nothing with --query-model, which makes its requests itself: leave it out')}.",
                )
