"""What scorers found, as lines of quality.jsonl. Pure."""

import hashlib
import math
from typing import Any

import msgspec

from harness.quality.answer import Answer, Found, Passage, Scorer, TextScorer
from harness.score import Score
from harness.score import Scorer as Entry

_DIGITS = 16


def of_scorer(scorer: Scorer | TextScorer, besides: dict[str, Any] | None = None) -> Entry:
    """`besides`: settings that are not the scorer's own to tell."""
    meaning = scorer.meaning
    settings = scorer.settings | (besides or {})
    return Entry(
        name=meaning.name,
        label=meaning.label,
        kind=meaning.kind,
        better=meaning.better,
        definition=meaning.definition,
        checks=meaning.checks,
        version=scorer.version,
        settings=settings,
        digest=_digest(scorer.version, settings),
    )


def _digest(version: int, settings: dict[str, Any]) -> str:
    said = msgspec.json.encode([version, settings], order="sorted")
    return hashlib.sha256(said).hexdigest()[:_DIGITS]


def of_answer(scorer: Entry, answer: Answer, found: Found, *, repeat: bool = False) -> Score:
    """What was found of an answer."""
    found = _finite(found)
    return Score(
        scorer=scorer.name,
        digest=scorer.digest,
        request=answer.id,
        value=found.value,
        label=found.label,
        why=found.why,
        passing=found.passing,
        repeat=repeat,
        detail=found.detail,
    )


def of_text(scorer: Entry, passage: Passage, found: Found) -> Score:
    """What was found of a reference text."""
    found = _finite(found)
    return Score(
        scorer=scorer.name,
        digest=scorer.digest,
        target=passage.target,
        text=passage.name,
        value=found.value,
        label=found.label,
        why=found.why,
        passing=found.passing,
        detail=found.detail,
    )


def _finite(found: Found) -> Found:
    """JSON has no infinity: it would be read as missing, and nobody would know why."""
    if found.value is None or math.isfinite(found.value):
        return found
    return found._replace(value=None, why=f"The value is {found.value}, which is no number to count with.")
