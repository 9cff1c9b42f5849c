"""Where prompt sets are kept: the user's own files and folders, and the sets that travel with the program."""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePath

import msgspec

from harness.canaries import flock
from harness.dialects import DIALECTS, dialect_of
from harness.formats import File, parse
from harness.formats.row import Reading
from harness.options import Options
from harness.run import Yardstick
from harness.shelf.album import make_album
from harness.shelf.folder import read_folder
from harness.shelf.gallery import Gallery
from harness.shelf.measured import bound_answers, make_prompts
from harness.testset import Album, Testset, TestsetError, digest_of_all

_PACKAGE = "testsets"
_SUFFIX = ".jsonl"


def take(options: Options, yardstick: Yardstick | None = None) -> Testset:
    """The set that a run's options ask for, with the images and lengths they add. Raises TestsetError with sentences for the user.

    `yardstick`: what synthetic prompts are measured with, once that is known.
    """
    mistakes: list[str] = []
    testset: Testset | None = None
    album: Album | None = None
    try:
        testset = _chosen(options, yardstick)
    except TestsetError as error:
        mistakes += error.mistakes
    try:
        album = make_album(options)
    except TestsetError as error:
        mistakes += error.mistakes
    if testset is not None and album is not None and not mistakes:
        testset = _illustrated(testset, album)
    if testset is not None and testset.has_images:
        mistakes += _cannot_carry(options)
    if testset is None or mistakes:
        raise TestsetError(mistakes)
    return testset


def take_canaries(options: Options) -> Testset | None:
    """The prompts of a run's canaries; None where it has none. Raises TestsetError with sentences for the user."""
    if options.canary_every is None:
        return None
    try:
        canaries = flock(find(options.canaries))
    except TestsetError as error:
        raise TestsetError([f"--canaries: {mistake}" for mistake in error.mistakes]) from None
    mistakes = _cannot_carry(options) if canaries.has_images else []
    if mistakes:
        raise TestsetError(mistakes)
    return canaries


def _chosen(options: Options, yardstick: Yardstick | None) -> Testset:
    if options.is_synthetic:
        return make_prompts(options, yardstick)
    return bound_answers(find(options.testset, options.testset_format, options.testset_columns), options)


def find(name_or_path: str, named: str | None = None, columns: Mapping[str, str] | None = None) -> Testset:
    """The set in that file or, where there is no such file, the shipped set of that name, or else that folder of images.

    `named` is its format where it is not to be recognised, `columns` what it calls the fields of a prompt.
    Raises TestsetError with sentences for the user.
    """
    path = Path(name_or_path)
    data = _read(path)
    if data is not None:
        stem = PurePath(path.name.removesuffix(".gz")).stem
        return _parse(File(stem, name_or_path, data), path.parent, named, columns)
    on_shelf = _on_shelf()
    if name_or_path in on_shelf:
        entry = on_shelf[name_or_path]
        file = File(name_or_path, f"{_PACKAGE}/{entry.name}", entry.read_bytes())
        return _parse(file, files(_PACKAGE), named, columns)
    if not name_or_path or not path.is_dir():
        raise TestsetError([_unknown(name_or_path, sorted(on_shelf))])
    if named is not None or columns:
        raise TestsetError([f"Testset {name_or_path!r} is a folder of images, which has no format and no columns."])
    return read_folder(path, name_or_path)


def shipped() -> list[str]:
    """The names of the sets that travel with the program, in alphabetical order."""
    return sorted(_on_shelf())


def _parse(file: File, folder: Traversable, named: str | None, columns: Mapping[str, str] | None) -> Testset:
    gallery = Gallery(folder)
    testset = parse(file, Reading(gallery.look, columns or {}), named)
    return msgspec.structs.replace(testset, digest=digest_of_all([testset.digest, *gallery.digests]))


def _illustrated(testset: Testset, album: Album) -> Testset:
    """The set with images for every prompt; what is sent being more, its digest is another one."""
    silent = [each.index for each in testset.prompts if all(message.role != "user" for message in each.messages)]
    if silent:
        where = f"{testset.name}/{silent[0]}"
        raise TestsetError([f"Images were asked for, and {where} has no message of the user that could show them."])
    digests = [testset.digest, f"{album.per_request} a request", *(image.digest for image in album.images)]
    return msgspec.structs.replace(testset, album=album, digest=digest_of_all(digests))


def _cannot_carry(options: Options) -> list[str]:
    """A sentence for each API that is asked and takes no images."""
    able = ", ".join(sorted(name for name, dialect in DIALECTS.items() if dialect.takes_images))
    unable = [name for name in options.dialects if not dialect_of(name).takes_images]
    named = ["--query-model" if options.query_model is not None else f"--dialect {name}" for name in unable]
    return [
        f"{what} carries no images, and there are some in what is to be sent; "
        f"choose a dialect that does ({able}), or a set without images."
        for what in named
    ]


def _on_shelf() -> dict[str, Traversable]:
    entries = files(_PACKAGE).iterdir()
    return {PurePath(entry.name).stem: entry for entry in entries if entry.name.endswith(_SUFFIX)}


def _read(path: Path) -> bytes | None:
    """None where there is no such file. A folder that happens to be called like a shipped set does not hide it."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise TestsetError([f"Testset {str(path)!r} cannot be read: {error.strerror}."]) from error


def _unknown(wanted: str, names: list[str]) -> str:
    close = get_close_matches(PurePath(wanted).stem, names, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"Testset {wanted!r} is neither a file nor a shipped set; shipped sets: {', '.join(names)}.{hint}"
