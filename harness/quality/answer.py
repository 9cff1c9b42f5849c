"""What a scorer is given, and what it gives back. Pure."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import msgspec

from harness.record import LogProbs
from harness.run import PromptText
from harness.score import Meaning

NOTHING_TO_SCORE = "None of the answers has what this scorer needs."


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An ok answer of the measured window, with what was asked."""

    id: str
    """Of the record."""
    point: int
    target: str
    model: str
    text: str
    """What a reader saw: without reasoning and tool calls."""
    finish: str | None
    asked: str
    """What the user said, at this turn of a conversation."""
    expected: str | None
    """The right answer; None where the set has none, or the turn is not the last."""
    prompt: PromptText
    logprobs: LogProbs | None = None


class Found(NamedTuple):
    """What a scorer found; `value` None goes with a sentence why."""

    value: float | None
    label: str | None = None
    why: str | None = None
    passing: bool = False
    """The next try may find a value."""
    detail: dict[str, Any] = {}


class Scorer(Protocol):
    """Scores answers one by one. Two with the same name, version and settings give the same scores."""

    meaning: Meaning
    version: int
    settings: dict[str, Any]
    asks: bool
    """Whether it asks somebody, and is called by several threads at once; the others compute."""

    lacking: str
    """Why there are no scores, in a sentence, where it applies to no answer."""

    def applies(self, answer: Answer) -> bool:
        """Whether there is anything to score; an answer without is counted nowhere."""

    def score(self, answer: Answer) -> Found: ...


@runtime_checkable
class Asker(Scorer, Protocol):
    """A scorer that asks somebody who may say something else the next time."""

    def score_again(self, answer: Answer) -> Found:
        """As `score`, asked anew whatever was said before: to see whether the two agree."""


@runtime_checkable
class BatchScorer(Scorer, Protocol):
    """One that computes much faster over many answers at once, say a thousand."""

    def score_many(self, answers: Sequence[Answer]) -> list[Found]:
        """What `score` would find, for each in their order."""


class Unavailable(Exception):
    """A scorer that cannot be had: its library, judge or file is missing. The message is a sentence for the user."""


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A reference text, for one target."""

    target: str
    name: str
    """Of the set and its place there, such as texts/3."""
    text: str


class TextScorer(Protocol):
    """Has each target score reference texts, when the load has ended. Called by several threads at once."""

    meaning: Meaning
    version: int
    settings: dict[str, Any]

    def gap(self, target: str) -> str | None:
        """Why this target cannot be asked, in a sentence."""

    def score(self, passage: Passage) -> Found: ...
