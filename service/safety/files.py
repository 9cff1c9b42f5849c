"""Files that a run may read: those of one folder, and what is shipped."""

from importlib.resources import files
from pathlib import Path, PurePosixPath


class Outside(Exception):
    """A path that is not taken; the message is a sentence."""


def below(root: Path, name: str) -> Path:
    """The file or folder `name` of `root`, as an absolute path. Raises Outside for whatever lies elsewhere, or is not there."""
    asked = PurePosixPath(name)
    if "\0" in name or "\\" in name or asked.is_absolute() or ".." in asked.parts:
        raise Outside(f"{_shown(name)} is no name of a file here: give a path below {root.name}, without `..`.")
    try:
        found = (root / asked).resolve(strict=True)
    except (OSError, RuntimeError):
        raise Outside(f"There is no {_shown(name)} in {root.name}.") from None
    if not found.is_relative_to(root.resolve()):
        raise Outside(f"{_shown(name)} is a link that leads out of {root.name}.")
    return found


def testset(root: Path, name: str) -> str:
    """A shipped set by its name, or else a file below `root`. Raises Outside."""
    return name if name in shipped() else str(below(root, name))


def shipped() -> frozenset[str]:
    """The names of the sets that travel with the program."""
    return frozenset(
        PurePosixPath(entry.name).stem for entry in files("testsets").iterdir() if entry.name.endswith(".jsonl")
    )


def _shown(name: str) -> str:
    return repr(name if len(name) <= 80 else name[:77] + "...")
