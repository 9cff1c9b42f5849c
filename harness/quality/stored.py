"""The answers that a run folder holds, with what was asked: read a line at a time, so that a run of any size fits.

Scored are the ok answers of the measured window whose text was stored. Canaries are not: they are compared with each
other, and would count one question many times.
"""

from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from harness.outcome import Outcome
from harness.quality.answer import Answer
from harness.record import LogProbs
from harness.run import PROMPTS, Manifest, Point, PromptText, RunError

BATCH = 1000
"""Answers that are in memory at once, of one target."""


class _Kept(msgspec.Struct, frozen=True):
    """Of a record what a scorer may want; the stamps are skipped where they stand."""

    id: str
    point: int
    prompt: str
    phase: str
    outcome: Outcome
    target: str = "default"
    model: str = ""
    turn: int = 0
    conversation: str | None = None
    canary: bool = False
    finish: str | None = None
    logprobs: LogProbs | None = None
    text: str | None = None


class Batch(NamedTuple):
    """Answers of one point and target."""

    point: int
    target: str
    answers: list[Answer]


class Census(NamedTuple):
    """How many answers there are."""

    stored: dict[str, int]
    """By target, those that can be scored."""
    textless: dict[str, int]
    """By target, those that could be if their text had been stored."""


class Stored:
    """The answers of a run."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        """Raises RunError where the prompts cannot be read."""
        self._folder = folder
        self._points = manifest.points
        self._prompts = _read_prompts(folder / PROMPTS)

    def census(self) -> Census:
        """Raises RunError, as all that reads here does."""
        census = Census({}, {})
        for record in self._records():
            counts = census.textless if record.text is None else census.stored
            counts[record.target] = counts.get(record.target, 0) + 1
        return census

    def batches(self, size: int = BATCH) -> Iterator[Batch]:
        """All answers, point by point, `size` at a time at most."""
        for point in self._points:
            waiting: dict[str, list[Answer]] = {}
            for record in self._records([point]):
                if record.text is None:
                    continue
                answers = waiting.setdefault(record.target, [])
                answers.append(self._answer(record, record.text))
                if len(answers) == size:
                    yield Batch(point.index, record.target, waiting.pop(record.target))
            for target, answers in waiting.items():
                yield Batch(point.index, target, answers)

    def answers(self, wanted: Container[str]) -> Iterator[Answer]:
        """Those whose ids are wanted."""
        for record in self._records():
            if record.text is not None and record.id in wanted:
                yield self._answer(record, record.text)

    def _records(self, points: Iterable[Point] | None = None) -> Iterator[_Kept]:
        decode = msgspec.json.Decoder(_Kept).decode
        for line in self._lines(self._points if points is None else points):
            try:
                record = decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue  # the torn last line of a process that died; the report counts them
            if record.outcome is Outcome.OK and record.phase == "window" and not record.canary:
                yield record

    def _lines(self, points: Iterable[Point]) -> Iterator[bytes]:
        for point in points:
            for path in sorted((self._folder / point.folder).glob("records-*.jsonl")):
                yield from _lines(path)

    def _answer(self, record: _Kept, text: str) -> Answer:
        prompt = self._prompts.get(record.prompt) or PromptText(record.prompt, "")
        in_turns = record.conversation is not None and bool(prompt.turns)
        said = prompt.turns[record.turn] if in_turns and record.turn < len(prompt.turns) else prompt.text
        is_last = not in_turns or record.turn + 1 == len(prompt.turns)
        return Answer(
            id=record.id,
            point=record.point,
            target=record.target,
            model=record.model,
            text=text,
            finish=record.finish,
            asked=said,
            expected=prompt.expected if is_last else None,
            prompt=prompt,
            logprobs=record.logprobs,
        )


def _lines(path: Path) -> Iterator[bytes]:
    """Raises RunError."""
    try:
        with path.open("rb") as file:
            yield from file
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror}.") from error


def _read_prompts(path: Path) -> dict[str, PromptText]:
    """By their names; none for a run that kept none."""
    if not path.exists():
        return {}
    decode = msgspec.json.Decoder(PromptText).decode
    prompts = {}
    for line in _lines(path):
        try:
            prompt = decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RunError(f"{path} has a line that is no prompt: {error}.") from error
        prompts[prompt.prompt] = prompt
    return prompts
