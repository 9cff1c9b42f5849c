"""The words of a run's prompts, looked up as they are wanted: a set may be larger than the memory."""

from functools import lru_cache
from pathlib import Path

import msgspec

from harness.run import PROMPTS, PromptText, RunError

_REMEMBERED = 1024
_LINE = msgspec.json.Decoder(PromptText)


class PromptBook:
    """What the prompts of a run folder say; nothing where the folder keeps no text."""

    def __init__(self, folder: Path) -> None:
        """Raises RunError where the file cannot be read."""
        self._path = folder / PROMPTS
        try:
            self._places = _places(self._path) if self._path.exists() else {}
        except OSError as error:
            raise RunError(f"{self._path} cannot be read: {error.strerror}.") from error
        self.text = lru_cache(_REMEMBERED)(self._text)

    def _text(self, prompt: str, turn: int | None) -> str | None:
        """What was asked: all that the prompt says, or what the user says at a turn of it."""
        place = self._places.get(prompt)
        if place is None:
            return None
        with self._path.open("rb") as file:
            file.seek(place)
            line = _LINE.decode(file.readline())
        if turn is None or not line.turns:
            return line.text
        return line.turns[turn] if turn < len(line.turns) else None


def _places(path: Path) -> dict[str, int]:
    """Where each prompt's line begins."""
    places: dict[str, int] = {}
    at = 0
    with path.open("rb") as file:
        for line in file:
            try:
                places[_LINE.decode(line).prompt] = at
            except (msgspec.DecodeError, UnicodeDecodeError):
                # The torn last line of a machine that stopped; its prompt has no text then.
                continue
            finally:
                at += len(line)
    return places
