"""`llocust sweep --dry-run`: what is wrong with a run says the program that will make it, before anybody is asked anything."""

import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from service.errors import Refused
from service.jobs.child import sweep_words
from service.jobs.directory import Directory

LIMIT_S = 120.0
_AT_ONCE = threading.BoundedSemaphore(2)
"""Each takes a second of a core."""


class _Rehearsed(msgspec.Struct):
    mistakes: list[str]
    options: dict[str, Any] | None = None


def rehearse(program: Sequence[str], directory: Directory, environment: Mapping[str, str]) -> dict[str, Any]:
    """The options as the sweep understands them, defaults included. Raises Refused with all its mistakes."""
    try:
        with _AT_ONCE:
            done = subprocess.run(  # noqa: S603 - our own program, and words of our own
                [*program, *sweep_words(directory), "--dry-run"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                cwd=directory.path,
                env=dict(environment),
                timeout=LIMIT_S,
                check=False,
            )
    except subprocess.TimeoutExpired:
        raise Refused(422, f"The options were not read within {LIMIT_S:.0f} s; is the test set too large?") from None
    try:
        said = msgspec.json.decode(done.stdout, type=_Rehearsed)
    except msgspec.DecodeError:
        why = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise Refused(500, f"`llocust sweep --dry-run` failed: {why}") from None
    if said.mistakes or said.options is None:
        raise Refused(422, *(mistake.replace(f"{directory.request}: ", "") for mistake in said.mistakes))
    return said.options
