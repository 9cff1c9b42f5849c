"""Where prompt sets are kept: the user's own files, and the sets that travel with the program."""

from difflib import get_close_matches
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePath

from harness.testset import Testset, TestsetError, parse

_PACKAGE = "testsets"
_SUFFIX = ".jsonl"


def find(name_or_path: str) -> Testset:
    """The set in that file or, where there is no such file, the shipped set of that name.

    Raises TestsetError with sentences for the user.
    """
    path = Path(name_or_path)
    data = _read(path)
    if data is not None:
        return parse(path.stem, name_or_path, data)
    on_shelf = _on_shelf()
    if name_or_path not in on_shelf:
        raise TestsetError([_unknown(name_or_path, sorted(on_shelf))])
    return parse(name_or_path, f"{_PACKAGE}/{name_or_path}{_SUFFIX}", on_shelf[name_or_path].read_bytes())


def shipped() -> list[str]:
    """The names of the sets that travel with the program, in alphabetical order."""
    return sorted(_on_shelf())


def _on_shelf() -> dict[str, Traversable]:
    entries = files(_PACKAGE).iterdir()
    return {PurePath(entry.name).stem: entry for entry in entries if entry.name.endswith(_SUFFIX)}


def _read(path: Path) -> bytes | None:
    """None where there is no such file. A directory that happens to be called like a shipped set does not hide it."""
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
