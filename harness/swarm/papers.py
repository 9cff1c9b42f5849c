"""What passes between a worker and the master at the door: who comes, whether it may, and what it gets to work on."""

from collections.abc import Mapping

import msgspec

from harness.options import Options
from harness.run import Anchor, Manifest, TestsetInfo
from harness.testset import Testset
from harness.ways import Way

JOIN, WELCOME, REFUSAL = "llocust.join", "llocust.welcome", "llocust.refusal"
ASSIGNMENT, ENLISTED, DECLINED, RELEASE = (
    "llocust.assignment",
    "llocust.enlisted",
    "llocust.declined",
    "llocust.release",
)
COUNT, CLOSED = "llocust.count", "llocust.closed"
BLOCK, RECEIPT = "llocust.block", "llocust.receipt"
PING, PONG = "llocust.ping", "llocust.pong"


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """Who comes."""

    host: str
    pid: int
    versions: dict[str, str]
    users: list[str]
    """Names of the user classes."""
    start: Anchor


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """A run to take part in. There is no secret in it: each worker has its own from its environment."""

    worker: str
    manifest: Manifest
    keys: frozenset[str]
    """The targets for which the master has an API key."""


class Enlisted(msgspec.Struct, frozen=True, kw_only=True):
    """The worker takes part."""

    spool: str
    start: Anchor


def unlike(theirs: Hello, versions: Mapping[str, str], users: list[str]) -> str | None:
    """Why a worker does not fit the master, in a sentence; None where it does. Patch versions of Python may differ."""
    for name in ("llocust", "locust"):
        if theirs.versions.get(name) != versions[name]:
            return _versions(theirs.host, name, theirs.versions.get(name), versions[name])
    python = _minor(theirs.versions.get("python", ""))
    if python != _minor(versions["python"]):
        return _versions(theirs.host, "Python", python, _minor(versions["python"]))
    if sorted(theirs.users) != sorted(users):
        return (
            f"The worker on {theirs.host} has the user classes {_list(theirs.users)} and the master {_list(users)}: "
            "give both the same --locustfile."
        )
    return None


def unfit(
    assignment: Assignment,
    options: Options,
    testset: Testset,
    ways: Mapping[str, Way],
    canaries: Testset | None = None,
) -> str | None:
    """Why this worker cannot take part in a run, in a sentence; None where it can."""
    manifest = assignment.manifest
    other = _another(f"--testset {manifest.testset.name}", manifest.testset, testset)
    if other is None and manifest.canaries is not None and canaries is not None:
        other = _another(f"--canaries {manifest.canaries.source}", manifest.canaries, canaries)
    if other is not None:
        return other
    for target in options.all_targets:
        if target.name in assignment.keys and ways[target.name].secrets.key is None:
            return (
                f"--api-key-env: {target.api_key_env} is set for the master, and not for the worker: set it there, too."
            )
    return None


def _another(option: str, wanted: TestsetInfo, found: Testset) -> str | None:
    if found.digest == wanted.digest:
        return None
    return (
        f"{option}: the worker's copy ({_short(found.digest)}) is not the master's "
        f"({_short(wanted.digest)}): bring the same file to both."
    )


def _versions(host: str, name: str, theirs: str | None, ours: str) -> str:
    return f"The worker on {host} has {name} {theirs} and the master {ours}: install the same version on both."


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]


def _list(names: list[str]) -> str:
    return ", ".join(sorted(names)) or "none"
