"""What scorers need that ask somebody: where to keep what was said, whom to ask, and how often."""

from pathlib import Path
from typing import NamedTuple

from harness.options import Options
from harness.run import Manifest


class Asking(NamedTuple):
    """A run whose answers are judged."""

    folder: Path
    manifest: Manifest
    options: Options
    """The run's own, with what was given for its scoring in their place."""
