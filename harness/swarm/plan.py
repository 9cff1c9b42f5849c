"""What a process needs to take part in a run, and which run an environment is in."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from weakref import WeakKeyDictionary

from locust.env import Environment

from harness.options import Options
from harness.run import Manifest
from harness.testset import Testset
from harness.ways import Way


class Plan(NamedTuple):
    """One run."""

    folder: Path
    """Where this process writes: the run's folder, or a spool."""
    manifest: Manifest
    options: Options
    testset: Testset
    ways: Mapping[str, Way]
    """To its targets, by their names."""
    canaries: Testset | None = None
    """What every so-many-th request asks; None without --canary-every."""


_PLANS: WeakKeyDictionary[Environment, Plan] = WeakKeyDictionary()


def set_plan(environment: Environment, plan: Plan) -> None:
    """This environment's run begins, whether its users are here or in workers."""
    _PLANS[environment] = plan


def current_plan(environment: Environment) -> Plan | None:
    """That of this environment's latest run; None before the first."""
    return _PLANS.get(environment)
