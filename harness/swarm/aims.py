"""The targets of a run as its requests need them: what is the same for each request is worked out once."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.dialects import Dialect, dialect_of
from harness.run import Manifest, Point
from harness.swarm.plan import Plan
from harness.targets import MIXED, deal
from harness.wire.network import Network


@dataclass(frozen=True, slots=True)
class Aim:
    """One target. What lets us in is kept out of every repr."""

    name: str
    dialect: Dialect
    url: str
    model: str
    network: Network
    key: str | None = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


class Aims:
    """All targets of a run, and whom each user asks."""

    def __init__(self, plan: Plan) -> None:
        self._by_name = _by_name(plan)
        self._in_order = list(self._by_name.values())
        self._cycle = _cycle(plan.manifest)

    def of(self, user: int, point: Point | None) -> Aim:
        """The target of a global user in a point: the point's, or in a mixed one the user's own."""
        if point is None:
            return self._in_order[0]
        if point.target == MIXED:
            return self._in_order[self._cycle[user % len(self._cycle)]]
        return self._by_name[point.target]


def _by_name(plan: Plan) -> dict[str, Aim]:
    hosts = {target.name: target.host for target in plan.options.all_targets}
    aims = {}
    for each in plan.manifest.all_targets:
        way, dialect = plan.ways[each.name], dialect_of(each.dialect)
        aims[each.name] = Aim(
            name=each.name,
            dialect=dialect,
            url=dialect.endpoint(hosts[each.name]),
            model=each.model,
            network=way.network,
            key=way.secrets.key,
            headers=way.secrets.headers,
        )
    return aims


def _cycle(manifest: Manifest) -> tuple[int, ...]:
    return deal(tuple(target.weight for target in manifest.all_targets))
