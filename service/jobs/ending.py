"""What a run left when its process was gone: its state, its figures, and the report, which is made if it is missing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from harness import run
from harness.run import RunError
from service.jobs.child import finish
from service.jobs.directory import Directory
from service.jobs.environment import plain_environment
from service.jobs.figures import figures, workload
from service.store.nouns import RunState

REPORT_LIMIT_S = 1_800.0
_UNREADABLE = (RunError, OSError, msgspec.DecodeError, LookupError, TypeError, ValueError)
"""What a folder that somebody meddled with can lead to."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended, as the store is told of it."""

    state: RunState
    folder: Path | None = None
    trouble: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    """Fields of the run's row that its folder knows."""


def conclude(directory: Directory, program: Sequence[str], *, cancelled: bool, why: str | None = None) -> Ending:
    """Put in order and report what a sweep left. `why`: what the service itself has to say about the end."""
    folder = directory.folder()
    if folder is None:
        trouble = why or directory.last_words() or None
        if cancelled:
            return Ending("cancelled", trouble=trouble)
        return Ending("failed", trouble=trouble or "The run ended before it had begun, and did not say why.")
    reported = (directory.last_progress() or {}).get("event") == "report"
    ending = settle(folder, program, directory.path, reported=reported)
    if cancelled and ending.state != "failed":
        return Ending("cancelled", folder, why, ending.facts)
    trouble = why or ending.trouble or (directory.last_words() or None if ending.state != "done" else None)
    return Ending(ending.state, folder, trouble, ending.facts)


def settle(folder: Path, program: Sequence[str], home: Path, *, reported: bool = False) -> Ending:
    """Put a run folder in order, report it unless that was done, and read what it comes to."""
    try:
        whole = _put_in_order(folder)
        trouble = None if reported else finish(program, folder, plain_environment(home), REPORT_LIMIT_S)
        facts = facts_of(folder)
    except _UNREADABLE as error:
        return Ending(
            "failed", folder, str(error) if isinstance(error, RunError) else f"Its report cannot be read: {error}."
        )
    return Ending("done" if whole else "interrupted", folder, trouble, facts)


def _put_in_order(folder: Path) -> bool:
    """Whether the run is whole. What a process that was killed left as running is marked as interrupted."""
    manifest = run.read_manifest(folder)
    if manifest.state == "running":
        for point in manifest.points:
            if point.state == "running":
                point.state = "interrupted"
        manifest.state = "interrupted"
        run.write_manifest(folder, manifest)
    return manifest.state == "done"


def facts_of(folder: Path) -> dict[str, Any]:
    """Fields of a run's row, from its manifest and its report. Raises RunError, OSError, msgspec.DecodeError, LookupError."""
    manifest = run.read_manifest(folder)
    report = msgspec.json.decode((folder / "report.json").read_bytes(), type=dict[str, Any])
    return {
        "model": manifest.model,
        "dialect": manifest.dialect,
        "host": manifest.url,
        "users": list(dict.fromkeys(point.users for point in manifest.points)),
        "workload": workload(msgspec.to_builtins(manifest)),
        "verdict": report["verdict"],
        "figures": figures(report),
    }
