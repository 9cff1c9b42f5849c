"""How this machine reaches the targets of a run, and is let in there: its network settings, keys and secret headers."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from harness.options import Options, UsageMistakes
from harness.targets import Target
from harness.wire.network import Network, NetworkError, resolve


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """What was read from the environment; it goes onto the wire and nowhere else, and no traceback shows it."""

    key: str | None
    headers: Mapping[str, str]


class Way(NamedTuple):
    """How this machine reaches a target, and is let in there."""

    network: Network
    secrets: Secrets


def find_ways(options: Options) -> dict[str, Way]:
    """To all targets. Raises UsageMistakes with all that this machine's environment lacks."""
    ways: dict[str, Way] = {}
    mistakes: list[str] = []
    for target in options.all_targets:
        try:
            ways[target.name] = find_way(target)
        except UsageMistakes as error:
            mistakes += error.mistakes
    if mistakes:
        # What all targets lack is said once.
        raise UsageMistakes(list(dict.fromkeys(mistakes)))
    return ways


def find_way(target: Target) -> Way:
    """To one. Raises UsageMistakes with all that this machine's environment lacks."""
    mistakes: list[str] = []
    network, secrets = None, None
    try:
        network = resolve(target.host)
    except NetworkError as error:
        mistakes.append(str(error))
    try:
        secrets = read_secrets(target)
    except UsageMistakes as error:
        mistakes += error.mistakes
    if network is None or secrets is None:
        raise UsageMistakes(mistakes)
    return Way(network, secrets)


def read_secrets(target: Target) -> Secrets:
    """The API key and the headers with their values. Raises UsageMistakes where a variable is not set."""
    headers: dict[str, str] = {}
    mistakes: list[str] = []
    for header in target.headers:
        name, _, value = header.partition(": ")
        if value.startswith("env:"):
            variable = value.removeprefix("env:")
            value = _secret(variable, f'--header "{header}"', mistakes)
            if not value:
                mistakes.append(f'--header "{header}": the environment variable {variable} is not set.')
        headers[name] = value
    key = _secret(target.api_key_env, "--api-key-env", mistakes)
    if mistakes:
        raise UsageMistakes(mistakes)
    return Secrets(key or None, headers)


def _secret(variable: str, option: str, mistakes: list[str]) -> str:
    # A file read into a variable ends in a line feed. What cannot stand in a header is refused here, as the HTTP library
    # would print it in its complaint.
    value = os.environ.get(variable, "").strip()
    if not re.fullmatch(r"[\x20-\x7e]*", value):
        mistakes.append(f"{option}: the environment variable {variable} holds characters that no header can carry.")
    return value
