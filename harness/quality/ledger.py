"""quality.jsonl: what has been scored, and more lines for it. Nothing in it is ever changed; the last line counts."""

import fcntl
from collections import Counter
from collections.abc import Iterable
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import msgspec

from harness.run import QUALITY, RunError
from harness.score import SCHEMA, Gap, Line, Score, Scorer, from_line, schema_of, to_line


class Known(NamedTuple):
    """What one scorer, in one version with one set of settings, has said; by what it was said of."""

    valued: set[str]
    """There is a value."""
    void: set[str]
    """There is none, and never will be."""
    repeated: set[str]


class Ledger:
    """The file of one run, and no one else's as long as it is open."""

    def __init__(self, folder: Path) -> None:
        """Raises RunError, also where another process is at it."""
        self._path = folder / QUALITY
        self._known: dict[tuple[str, str], Known] = {}
        self._whys: dict[tuple[str, str], dict[str, str]] = {}
        """For what has no value, by scorer and by what was scored."""
        self._scorers: dict[str, Scorer] = {}
        self._gaps: dict[str, dict[str | None, Gap]] = {}
        """By scorer and target, those that the last line of their scorer has not made void."""
        self._file = self._open()
        try:
            self._lock()
            self._read()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def known(self, scorer: Scorer) -> Known:
        """What this scorer has said, also if another version of it spoke in between."""
        return self._known.setdefault((scorer.name, scorer.digest), Known(set(), set(), set()))

    def has_values(self, name: str) -> bool:
        """Whether the scorer that goes by that name now has found any."""
        scorer = self._scorers.get(name)
        return scorer is not None and bool(self.known(scorer).valued)

    def silence(self, name: str) -> str | None:
        """Why the scorer that goes by that name now has no value for most of what has none; None where there is no such thing."""
        scorer = self._scorers.get(name)
        whys = {} if scorer is None else self._whys.get((scorer.name, scorer.digest), {})
        if not whys:
            return None
        (why, times), *others = Counter(whys.values()).most_common(2)
        these = f"; of {times:,} of them it is said" if others else ""
        return f"None of {len(whys):,} could be scored{these}: {why}"

    def begin(self, scorer: Scorer) -> None:
        """From here on this scorer is the one of its name, and the gaps that it had are void. Raises RunError."""
        if self._scorers.get(scorer.name) != scorer or self._gaps.get(scorer.name):
            self.add([scorer])

    def add(self, lines: Iterable[Line]) -> None:
        """But for failures to ask about what has a value: they take nothing back. Raises RunError."""
        lines = [line for line in lines if not self._is_worse(line)]
        rest = memoryview(b"".join([to_line(line) for line in lines]))
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise self._unwritable(error) from error
        for line in lines:
            self._note(line)

    def _is_worse(self, line: Line) -> bool:
        if not isinstance(line, Score) or not line.passing:
            return False
        known = self._known.get((line.scorer, line.digest))
        return known is not None and subject_of(line) in (known.repeated if line.repeat else known.valued)

    def add_gap(self, gap: Gap) -> None:
        """Unless it is there as it is. Raises RunError."""
        if self._gaps.get(gap.scorer, {}).get(gap.target) != gap:
            self.add([gap])

    def _note(self, line: Line) -> None:
        if isinstance(line, Scorer):
            self._scorers[line.name] = line
            self._gaps.pop(line.name, None)
        elif isinstance(line, Gap):
            self._gaps.setdefault(line.scorer, {})[line.target] = line
        else:
            self._note_score(line)

    def _note_score(self, score: Score) -> None:
        known = self._known.setdefault((score.scorer, score.digest), Known(set(), set(), set()))
        subject = subject_of(score)
        if score.repeat:
            if not score.passing:
                known.repeated.add(subject)
            return
        known.valued.discard(subject)
        known.void.discard(subject)
        whys = self._whys.setdefault((score.scorer, score.digest), {})
        whys.pop(subject, None)
        if score.value is not None:
            known.valued.add(subject)
            return
        whys[subject] = score.why or "no reason is given."
        if not score.passing:
            known.void.add(subject)

    def _open(self) -> FileIO:
        try:
            # Without a buffer: one that a full disk left behind would be written once more when the file is closed.
            return FileIO(self._path, "a")
        except OSError as error:
            raise self._unwritable(error) from error

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(f"{self._path} is being written by another llocust: wait until that has ended.") from None
        except OSError as error:
            raise self._unwritable(error) from error

    def _read(self) -> None:
        whole = 0
        try:
            with self._path.open("rb") as file:
                for line in file:
                    if line.endswith(b"\n"):
                        whole += len(line)
                        self._take(line)
            # What a full disk or a kill has torn would run into the line that is written next.
            self._file.truncate(whole)
        except OSError as error:
            raise self._unwritable(error) from error

    def _take(self, line: bytes) -> None:
        try:
            said = from_line(line)
        except msgspec.DecodeError:
            self._expect(schema_of(line))
            return  # damaged: what it said is scored again, and the report counts it
        self._expect(said.schema if isinstance(said, Scorer) else None)
        self._note(said)

    def _expect(self, schema: int | None) -> None:
        if schema not in (None, SCHEMA):
            raise RunError(
                f"{self._path} has schema {schema}; this version of llocust writes schema {SCHEMA}. "
                "Score with the version that began it."
            )

    def _unwritable(self, error: OSError) -> RunError:
        return RunError(f"{self._path} cannot be written: {error.strerror}. What was scored so far is kept.")


def subject_of(score: Score) -> str:
    """What a score is about, in one word."""
    return score.request if score.request is not None else text_subject(score.target or "", score.text or "")


def text_subject(target: str, text: str) -> str:
    """Of a reference text that a target was asked for."""
    return f"{target}\x1f{text}"
