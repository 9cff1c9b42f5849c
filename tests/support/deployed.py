"""What deploy/ runs: the words of every container, by the place it has in a run."""

from pathlib import Path
from typing import Any, NamedTuple

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"


class Container(NamedTuple):
    """One that runs llocust. `place` is server, master or worker; `words` is what follows `llocust`."""

    source: str
    place: str
    words: list[str]
    replicas: int

    def __str__(self) -> str:
        return f"{self.source}: {self.place}"


def documents(name: str) -> list[dict[str, Any]]:
    """Those of a YAML file in deploy/."""
    return list(yaml.safe_load_all((DEPLOY / name).read_text(encoding="utf-8")))


def of_compose(name: str = "compose.yaml") -> list[Container]:
    """A service each."""
    (document,) = documents(name)
    return [
        Container(name, place, service["command"], service.get("deploy", {}).get("replicas", 1))
        for place, service in document["services"].items()
    ]


def of_kubernetes(name: str = "kubernetes.yaml") -> list[Container]:
    """A Deployment or a Job each."""
    found = []
    for document in documents(name):
        spec = document["spec"]
        if document["kind"] in ("Deployment", "Job"):
            (container,) = spec["template"]["spec"]["containers"]
            place = document["metadata"]["name"].removeprefix("llocust-")
            replicas = spec.get("replicas", spec.get("parallelism", 1))
            found.append(Container(name, place, container["args"], replicas))
    return found
