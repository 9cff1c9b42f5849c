"""A run folder that was made elsewhere becomes a run of the service's."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from harness import run
from harness.run import Manifest, RunError
from service.errors import Refused
from service.jobs.ending import settle
from service.safety.files import Outside, below
from service.settings import Settings
from service.store.nouns import RunRow
from service.store.store import Store


def take_over(settings: Settings, store: Store, path: str) -> RunRow:
    """The run, its report made anew and its requests in the store; the one that is there, where it was imported before.

    `path` is that of the folder below DATA/imports. Raises Refused, StoreError.
    """
    folder = _find(settings, path)
    try:
        manifest = run.read_manifest(folder)
        row = _row(manifest, folder, settings)
    except (RunError, ValueError) as error:
        raise Refused(422, str(error)) from None
    known = store.run(row.id)
    if known is not None and known.state not in ("queued", "running"):
        return known
    if known is None:
        store.add_run(row)
    return _read(settings, store, row, folder)


def _find(settings: Settings, path: str) -> Path:
    try:
        folder = below(settings.imports, path)
    except Outside as error:
        raise Refused(422, str(error)) from None
    if folder == settings.imports.resolve() or not folder.is_dir():
        raise Refused(422, f"{path!r} is no folder; give that of a run, which holds run.json.")
    if any(each.is_symlink() for each in folder.rglob("*")):
        raise Refused(422, f"There are links in {path!r}, which may lead anywhere; put the files themselves there.")
    return folder


def _row(manifest: Manifest, folder: Path, settings: Settings) -> RunRow:
    begun = datetime.fromisoformat(manifest.begun).astimezone(UTC)
    # By the run and where it was made, so that the same one is the same also from another copy of the folder.
    made = "/".join(
        [manifest.id, manifest.machine.name, *(str(process.start.wall_ns) for process in manifest.processes)]
    )
    mark = hashlib.sha256(made.encode()).hexdigest()[:6]
    return RunRow(
        id=f"{begun:%Y%m%dT%H%M%S000Z}-{mark}",
        folder=str(folder.relative_to(settings.data.resolve())),
        name=manifest.name,
        description=manifest.description,
        state="running",
        submitted=datetime.now(UTC),
        begun=begun,
        ended=datetime.fromisoformat(manifest.ended).astimezone(UTC) if manifest.ended else None,
        options=manifest.options,
        imported=True,
    )


def _read(settings: Settings, store: Store, row: RunRow, folder: Path) -> RunRow:
    ending = settle(folder, settings.program, settings.imports)
    if ending.state != "failed":
        store.load_run(row.id, folder)
    store.update_run(row.id, state=ending.state, trouble=ending.trouble, **ending.facts)
    found = store.run(row.id)
    assert found is not None
    return found
