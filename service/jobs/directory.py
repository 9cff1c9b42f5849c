"""The directory of a run: what was asked for, what its process says, and the run folder that it makes.

DATA/runs/20260131T120000123Z-4f3a/
  request.toml    options, as `llocust sweep --config` takes them; keys by the names of variables
  order.json      which variables those are
  progress.jsonl  standard output of the sweep: one JSON object a line
  errors.txt      its standard error
  cancelled       is there if somebody asked for its end
  output/         the run folder
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from harness import run

_LAST_WORDS_BYTES = 4_000
_LAST_LINE_BYTES = 8_000


class Order(msgspec.Struct, frozen=True):
    """What a run needs to begin, but for the keys themselves."""

    variables: list[str] = []
    """Environment variables in which the run expects its keys."""


@dataclass(frozen=True, slots=True)
class Directory:
    """One of them, by its path."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def request(self) -> Path:
        return self.path / "request.toml"

    @property
    def progress(self) -> Path:
        return self.path / "progress.jsonl"

    @property
    def errors(self) -> Path:
        return self.path / "errors.txt"

    def make(self, document: Mapping[str, Any], order: Order) -> None:
        """Raises OSError."""
        self.path.mkdir(parents=True)
        run.write_atomically(self.request, tomli_w.dumps(document).encode())
        run.write_atomically(self._order, msgspec.json.encode(order))

    def remove(self) -> None:
        """With all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)

    @property
    def _order(self) -> Path:
        return self.path / "order.json"

    def order(self) -> Order | None:
        """None where the directory is gone or was not made whole."""
        try:
            return msgspec.json.decode(self._order.read_bytes(), type=Order)
        except (OSError, msgspec.DecodeError):
            return None

    def mark_cancelled(self) -> None:
        """So that a later service knows, too."""
        (self.path / "cancelled").touch()

    @property
    def was_cancelled(self) -> bool:
        """Whether somebody asked for its end."""
        return (self.path / "cancelled").exists()

    @property
    def has_begun(self) -> bool:
        """Whether a sweep was ever started here."""
        return self.progress.exists()

    def folder(self) -> Path | None:
        """The run folder, if the sweep came so far as to make it."""
        made = sorted(path.parent for path in (self.path / "output").glob(f"[!.]*/{run.MANIFEST}"))
        return next((path for path in reversed(made) if not path.is_symlink()), None)

    def last_words(self) -> str:
        """The end of what the sweep said on standard error."""
        return _tail(self.errors, _LAST_WORDS_BYTES).strip()

    def last_progress(self) -> dict[str, Any] | None:
        """The last whole line that the sweep printed; None before the first."""
        for line in reversed(_tail(self.progress, _LAST_LINE_BYTES).split("\n")[:-1]):
            try:
                return msgspec.json.decode(line, type=dict[str, Any])
            except msgspec.DecodeError:
                continue  # the beginning of the tail, in the middle of a line
        return None


def _tail(path: Path, count: int) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(file.seek(0, 2) - count, 0))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
