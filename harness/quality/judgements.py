"""What judges said, word by word, so that nothing is asked twice. judgements.jsonl of the run folder.

Schema history
    1   first version

A line holds no question: that is made anew from the records, and `key` tells whether it is still the same one. To have
everything asked again, delete the file.
"""

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from harness.record import mend
from harness.run import JUDGEMENTS, RunError

T = TypeVar("T")

SCHEMA = 1
_DIGITS = 32
"""Of a key, in hexadecimal."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What was said to one question."""

    schema: int = SCHEMA
    key: str
    judge: str
    """Its model, as it was asked for."""
    url: str
    prompt: str
    """File of harness/quality/prompts without its ending, such as claims-1."""
    again: bool = False
    """Asked once more, whatever was said before. Never served, like what is not readable."""
    said: list[str]
    """More than one where it had to be asked to mend its form; the last counts."""
    readable: bool
    """Whether the last one has the form that was asked for."""

    @property
    def is_served(self) -> bool:
        """Whether it answers the same question the next time."""
        return self.readable and not self.again and bool(self.said)


class Judgements:
    """All that there are of a run, for several threads at once."""

    def __init__(self, folder: Path) -> None:
        """Raises RunError where a file is there and cannot be read."""
        self._path = folder / JUDGEMENTS
        self._said: dict[str, str] = {}
        self._torn = False
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[Any]] = {}
        self._load()

    def once(self, key: str, find: Callable[[str | None], T]) -> T:
        """What `find` makes of what was said to this question, or of None.

        Whoever asks the same while one is at it, waits and is given the same, or raised the same: a judge that is busy
        is not asked by all of them in turn.
        """
        with self._lock:
            under_way = self._under_way.get(key)
            if under_way is None:
                self._under_way[key] = Future()
        if under_way is not None:
            shared: T = under_way.result()
            return shared
        try:
            found = find(self._said.get(key))
        except BaseException as error:
            self._settle(key).set_exception(error)
            raise
        self._settle(key).set_result(found)
        return found

    def _settle(self, key: str) -> "Future[Any]":
        with self._lock:
            return self._under_way.pop(key)

    def forget(self) -> None:
        """Serve nothing of what was said so far: each question is asked anew, once."""
        with self._lock:
            self._said.clear()

    def keep(self, judgement: Judgement) -> None:
        """Raises RunError where the file cannot be written to."""
        said = [mend(text) for text in judgement.said]
        line = msgspec.json.encode(msgspec.structs.replace(judgement, said=said)) + b"\n"
        with self._lock:
            try:
                with self._path.open("ab") as file:
                    file.write(b"\n" + line if self._torn else line)
            except OSError as error:
                raise RunError(f"{self._path} cannot be written: {error.strerror}.") from error
            self._torn = False
            if judgement.is_served:
                self._said[judgement.key] = said[-1]

    def _load(self) -> None:
        decode = msgspec.json.Decoder(Judgement).decode
        try:
            with self._path.open("rb") as file:
                for line in file:
                    self._torn = not line.endswith(b"\n")
                    self._learn(line, decode)
        except FileNotFoundError:
            return
        except OSError as error:
            raise RunError(f"{self._path} cannot be read: {error.strerror}.") from error

    def _learn(self, line: bytes, decode: Callable[[bytes], Judgement]) -> None:
        try:
            judgement = decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return  # the torn line of a process that died: its question is asked again
        if judgement.is_served:
            self._said[judgement.key] = judgement.said[-1]


@lru_cache(maxsize=4)
def judgements_of(folder: Path) -> Judgements:
    """Those of a run folder, the same for all who are asked. Raises RunError."""
    return Judgements(folder)


def key_of(url: str, model: str, prompt: str, asked: str) -> str:
    """A digest of all that decides what is said: whom, by which prompt, and what."""
    parts = (url, model, prompt, asked)
    # Each with its length before it, so that no two questions run together into the same bytes.
    whole = b"".join(b"%d:%s" % (len(part), part) for part in (mend(each).encode() for each in parts))
    return hashlib.sha256(whole).hexdigest()[:_DIGITS]
