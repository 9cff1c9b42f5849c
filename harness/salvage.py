"""What workers spooled and no master took: found where it lies, and brought into the run folder.

A spool is copied byte by byte from where the run folder's own file ends, so that it is taken once however often, and
whoever else, salvages it, be its worker dead or alive.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from harness.copies import Copy
from harness.run import MANIFEST, Manifest, Phases, Point, RunError, read_manifest, write_manifest
from harness.spool import KINDS, file_of, spools_beside

_PIECE_BYTES = 1 << 20


class Salvaged(NamedTuple):
    """What a spool had that the run folder lacked."""

    spool: Path
    worker: str
    size_bytes: int

    def __str__(self) -> str:
        return f"Salvaged {self.size_bytes:,} bytes of worker {self.worker} from {self.spool}."


class _Found(NamedTuple):
    folder: Path
    manifest: Manifest

    @property
    def worker(self) -> str:
        return self.manifest.processes[-1].worker


def salvage(folder: Path, given: Sequence[Path] = ()) -> list[Salvaged]:
    """Bring into a run folder what it lacks: from the spools that its manifest names or that lie beside it on this host,
    and from the directories `given`, each a spool or a directory of spools. Empty where it lacks nothing.

    Raises RunError where `folder` is no run folder, where a directory that was given holds no spool of it, and where a file
    can be neither read nor written.
    """
    run_id = read_manifest(folder).id
    try:
        # One that is found twice has nothing new the second time.
        found = [*_here(folder, run_id), *_given(given, run_id)]
        salvaged = [Salvaged(spool.folder, spool.worker, _copy(spool, folder)) for spool in found]
        _fill_in(folder, found)
    except OSError as error:
        where = error.filename or folder
        raise RunError(
            f"What workers spooled cannot be taken: {error.strerror} ({where}). It is kept as it is."
        ) from error
    return [each for each in salvaged if each.size_bytes]


def copy_file(source: Path, target: Path) -> int:
    """Complete `target` from the file that it is a beginning of; how many bytes were new. Raises OSError."""
    if not source.is_file():
        return 0
    copy = Copy(target)
    before = copy.held
    try:
        with source.open("rb") as file:
            file.seek(before)
            while data := file.read(_PIECE_BYTES):
                copy.add(copy.held, data)
    finally:
        copy.close()
    return copy.held - before


def _here(folder: Path, run_id: str) -> list[_Found]:
    named = [Path(process.spool) for process in read_manifest(folder).processes if process.spool is not None]
    beside = [path for path in _folders_in(spools_beside(folder)) if path.name.startswith(f"{run_id}-")]
    return _spools([*named, *beside], run_id)


def _given(directories: Sequence[Path], run_id: str) -> Iterator[_Found]:
    for directory in directories:
        spools = _spools([directory, *_folders_in(directory)], run_id)
        if not spools:
            raise RunError(f"--spool {directory}: there is no spool of the run {run_id}.")
        yield from spools


def _spools(paths: list[Path], run_id: str) -> list[_Found]:
    """Those of this run. Some may be gone, and some may have never had a worker."""
    found = [_Found(path, read_manifest(path)) for path in paths if (path / MANIFEST).is_file()]
    return [spool for spool in found if spool.manifest.id == run_id and spool.manifest.processes]


def _folders_in(directory: Path) -> list[Path]:
    return sorted(path for path in directory.iterdir() if path.is_dir()) if directory.is_dir() else []


def _copy(spool: _Found, folder: Path) -> int:
    """How many bytes were new."""
    return sum(
        copy_file(file_of(spool.folder, point, spool.worker, kind), file_of(folder, point, spool.worker, kind))
        for point in spool.manifest.points
        for kind in KINDS
    )


def _fill_in(folder: Path, spools: list[_Found]) -> None:
    """The manifest learns what only the workers knew: points that began, phases, processes."""
    manifest = read_manifest(folder)
    before = msgspec.json.encode(manifest)
    for spool in spools:
        for theirs in spool.manifest.points:
            _fill_in_point(manifest, theirs, spool.worker)
        if all(process.worker != spool.worker for process in manifest.processes):
            manifest.processes.append(spool.manifest.processes[-1])
    if msgspec.json.encode(manifest) != before:
        write_manifest(folder, manifest)


def _fill_in_point(manifest: Manifest, theirs: Point, worker: str) -> None:
    phases = theirs.phases.get(worker)
    if phases is None:
        return
    ours = next((point for point in manifest.points if point.index == theirs.index), None)
    if ours is None:
        ours = msgspec.structs.replace(theirs, phases={})
        manifest.points.append(ours)
    if any(process.worker == worker and process.lost for process in manifest.processes):
        # It was lost in this point, and the load that it made on its own before it ended makes nothing good.
        phases = msgspec.structs.replace(phases, end_ns=None)
    known = ours.phases.get(worker)
    if known is None or _count(known) < _count(phases):
        ours.phases[worker] = phases
    ours.disk_full |= theirs.disk_full


def _count(phases: Phases) -> int:
    return sum(moment is not None for moment in msgspec.structs.astuple(phases))
