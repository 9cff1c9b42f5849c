"""Python of the user's own, imported: a file or a module, and what is wrong with it in a sentence.

Its directory is searched while it is imported, as Python does it for a script, and after all else from then on, so that
nothing of ours is found there instead.
"""

import hashlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from harness.complaint import words
from harness.options import UsageMistakes
from harness.scrub import is_secret_name


def find(given: str, option: str) -> Path:
    """The file. Raises UsageMistakes where there is none."""
    path = Path(given)
    if not path.is_file():
        kind = "a directory" if path.is_dir() else "no file"
        raise UsageMistakes([f"{option} {given!r}: there is {kind} of that name; give the path of a Python file."])
    return path.resolve()


def load(given: str, option: str) -> ModuleType:
    """The module in that file, imported once a process. Raises UsageMistakes where it cannot be."""
    path = find(given, option)
    name = f"_own_{path.stem}_{hashlib.sha256(bytes(path)).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path, loader=None)
    if spec is None or spec.loader is None:
        raise UsageMistakes([f"{option} {given!r}: give a file of Python, whose name ends in .py."])
    module = importlib.util.module_from_spec(spec)
    # Before its code runs: a dataclass looks for its own module there.
    sys.modules[name] = module
    try:
        with _searched(path.parent):
            spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if not isinstance(error, Exception | SystemExit):
            raise
        raise UsageMistakes([_refusal(option, given, error, str(path))]) from None
    return module


def load_named(name: str, option: str) -> ModuleType:
    """The module of that dotted name, searched in the current directory first. Raises UsageMistakes."""
    path = ""
    try:
        with _searched(Path.cwd()):
            spec = importlib.util.find_spec(name)
            path = str(spec.origin) if spec is not None else path
            return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever somebody else's code raises
        raise UsageMistakes([_refusal(option, name, error, path)]) from None


def digest(path: Path) -> str:
    """Of its bytes, as of a prompt set's."""
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def secrets() -> list[str]:
    """What the environment holds under names of keys: code of the user's own may put it into what it raises."""
    return [value for name, value in os.environ.items() if is_secret_name(name) and value.strip()]


def _refusal(option: str, given: str, error: BaseException, path: str) -> str:
    return f"{option} {given!r}: importing it {words(error, path, secrets())}; mend it, or install what it needs."


@contextmanager
def _searched(directory: Path) -> Iterator[None]:
    place = str(directory)
    sys.path.insert(0, place)
    try:
        yield
    finally:
        sys.path.remove(place)
        if place not in sys.path:
            sys.path.append(place)
