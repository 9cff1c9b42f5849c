"""The folder that images are read below, where a service that makes runs for others says so in their environment."""

import errno
import os
from pathlib import Path

ROOT = "LLOCUST_READS_BELOW"


def stay(path: Path, folder: Path) -> Path:
    """`path`, if it lies below that folder, or beside the set in `folder`; links are followed. Raises PermissionError."""
    root = os.environ.get(ROOT)
    if root:
        found = path.resolve()
        if not found.is_relative_to(Path(root).resolve()) and not found.is_relative_to(folder.resolve()):
            raise PermissionError(errno.EACCES, "it lies outside of the folder that this service reads")
    return path
