"""Options that are right each for itself, and wrong together."""

import re
from collections.abc import Mapping
from typing import Any

from harness.options.canaries import canary_contradictions, untold
from harness.options.resolved import DEFAULT_MAX_TOKENS, DEFAULT_USERS, DRAWN_IMAGES
from harness.options.scored import unscorable
from harness.options.synthetic import synthetic_contradictions


def contradictions(resolved: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """A sentence each. `resolved` has what could be read, `given` the text of all that was given."""
    mistakes = []
    if resolved.get("master") and resolved.get("processes"):
        mistakes.append("--master and --processes exclude each other: workers are on other machines, or started here.")
    if resolved.get("calibrate") and (resolved.get("master") or resolved.get("processes")):
        mistakes.append(
            "--calibrate measures one load process: leave it out, and run `llocust calibrate --users N` with the share of "
            "one process."
        )
    mistakes += _picture_contradictions(resolved, given)
    mistakes += _conversation_contradictions(given)
    mistakes += synthetic_contradictions(resolved, given)
    mistakes += [*canary_contradictions(resolved, given), *untold(resolved, given)]
    mistakes += unscorable(resolved)
    if "host" not in resolved:
        mistakes.append("--host is missing: give the server's URL, e.g. --host http://127.0.0.1:8000.")
    if "requests" in given and "run_time_s" in given:
        mistakes.append("--requests and --run-time exclude each other: bound a point by one of them.")
    if resolved.get("probe") is False and "query_model" not in given and not _models_are_named(resolved):
        mistakes.append("--no-probe leaves the model unknown: name it with --model.")
    users = [count for count in resolved.get("users", DEFAULT_USERS) if count]
    requests = resolved.get("requests")
    if requests and users and requests < max(users):
        mistakes.append(
            f"--requests {requests} is fewer than the {max(users)} users of a point: some would have nothing to send."
        )
    if "users" in resolved and not resolved["users"]:
        mistakes.append("--users is empty: give one or more user counts, e.g. --users 1 2 4 8.")
    least, most = resolved.get("min_tokens") or 0, resolved.get("max_tokens") or DEFAULT_MAX_TOKENS
    if least > most:
        mistakes.append(f"--min-tokens {least} is more than --max-tokens {most}: raise the one, or lower the other.")
    name = resolved.get("name")
    if name is not None and not re.fullmatch(r"[\w.-]{1,80}", name):
        mistakes.append(f"--name {name!r}: give letters, digits, dots, dashes and underscores, 80 at most.")
    return mistakes


def _models_are_named(resolved: Mapping[str, Any]) -> bool:
    targets = resolved.get("targets")
    return all(target.model for target in targets) if targets else bool(resolved.get("model"))


def _conversation_contradictions(given: Mapping[str, Any]) -> list[str]:
    without = {"think_time": "--think-time", "max_turns": "--max-turns"}
    return [
        f"{name} is about the turns of a conversation: add --conversations replay or --conversations live."
        for key, name in without.items()
        if key in given and "conversations" not in given
    ]


def _picture_contradictions(resolved: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    mistakes = []
    if "images" in given and "image_size" in given:
        mistakes.append("--images and --image-size exclude each other: images are in a folder, or drawn.")
    if (resolved.get("image_pool") or DRAWN_IMAGES) != DRAWN_IMAGES and "image_size" not in given:
        mistakes.append("--image-pool needs --image-size: it is the number of images that are drawn.")
    if (resolved.get("images_per_request") or 1) > 1 and not {"images", "image_size"} & given.keys():
        mistakes.append("--images-per-request needs --images DIR or --image-size WxH, where the images come from.")
    return mistakes
