"""What is said of an answer after the run: the scores, who gave them, and what could not be scored. Lines of quality.jsonl.

A score is a fact about one answer of the run, or about one text that a target was asked for. Intervals, differences and
charts are for readers. None is "not scored", and `why` says why; it is never zero.

Schema history
    1   first version
"""

from typing import Any, Literal, NamedTuple

import msgspec

SCHEMA = 1

Kind = Literal["ratio", "mean"]
"""ratio: every value is 0 or 1; mean: any number."""
Better = Literal["higher", "lower", "neither"]


class Meaning(NamedTuple):
    """What a scorer is called, what its values are, and how they are to be read."""

    name: str
    label: str
    kind: Kind
    better: Better
    definition: str
    """One line: what a value is, and what 1 means where it is a ratio."""
    checks: bool = False
    """A value of 1 says that the answer is right."""
    needs: Literal["", "judge", "moderation", "texts", "logprobs"] = ""
    """What has to be given besides the answers."""


MEANINGS: tuple[Meaning, ...] = (
    Meaning(
        "accuracy",
        "Accuracy",
        "ratio",
        "higher",
        "right answers, by the check that the prompt names, or else the one that the form of its expected answer calls for",
        checks=True,
    ),
    Meaning(
        "choice",
        "Accuracy (choice)",
        "ratio",
        "higher",
        "answers whose chosen letter is the expected one",
        checks=True,
    ),
    Meaning(
        "exact",
        "Accuracy (exact)",
        "ratio",
        "higher",
        "answers that are the expected one, but for case, width, outer punctuation and white space",
        checks=True,
    ),
    Meaning(
        "contains",
        "Accuracy (contains)",
        "ratio",
        "higher",
        "answers in which the expected one stands as words of its own",
        checks=True,
    ),
    Meaning(
        "regex",
        "Accuracy (regex)",
        "ratio",
        "higher",
        "answers in which the expected regular expression is found",
        checks=True,
    ),
    Meaning(
        "numeric",
        "Accuracy (numeric)",
        "ratio",
        "higher",
        "answers whose number is the expected one, within the tolerance: the one boxed or named as the answer, else the last",
        checks=True,
    ),
    Meaning(
        "math",
        "Accuracy (math)",
        "ratio",
        "higher",
        "answers whose formula is equivalent to the expected one",
        checks=True,
    ),
    Meaning(
        "json", "Accuracy (JSON)", "ratio", "higher", "answers whose JSON document equals the expected one", checks=True
    ),
    Meaning(
        "refusal",
        "Refusals",
        "ratio",
        "lower",
        "answers that decline to answer, by the phrases in which models do so or by the finish reason",
    ),
    Meaning("empty", "Empty answers", "ratio", "lower", "answers that say nothing but white space"),
    Meaning("truncated", "Truncated answers", "ratio", "lower", "answers that ended at the bound of their length"),
    Meaning("language", "Language kept", "ratio", "higher", "answers in the language of their prompt"),
    Meaning("chrf", "chrF", "mean", "higher", "character n-gram F-score against the expected answer, 0 to 100"),
    Meaning(
        "logprob",
        "Mean log-probability",
        "mean",
        "higher",
        "natural logarithm of the probability that the server gives for its own tokens, mean over the tokens of an answer",
        needs="logprobs",
    ),
    Meaning(
        "perplexity",
        "Perplexity",
        "mean",
        "lower",
        "of reference texts, as the server scores them: e to the mean negative log-probability of a token",
        needs="texts",
    ),
    Meaning(
        "factuality",
        "Factuality",
        "mean",
        "higher",
        "claims of an answer that the reference supports / all of its claims, by a judge",
        needs="judge",
    ),
    Meaning(
        "contradiction",
        "Contradiction",
        "mean",
        "lower",
        "claims of an answer that the reference contradicts / all of its claims, by a judge",
        needs="judge",
    ),
    Meaning("coherence", "Coherence", "mean", "higher", "1 (incoherent) to 5, by a judge with a rubric", needs="judge"),
    Meaning(
        "toxicity-classifier",
        "Toxicity (classifier)",
        "ratio",
        "lower",
        "answers that a small offline classifier of offensive English calls offensive",
    ),
    Meaning(
        "toxicity-moderation",
        "Toxicity (moderation)",
        "ratio",
        "lower",
        "answers that a moderation endpoint flags",
        needs="moderation",
    ),
    Meaning("toxicity-judge", "Toxicity (judge)", "ratio", "lower", "answers that a judge calls toxic", needs="judge"),
)
"""All scorers there are, in the order in which they are shown."""

BY_NAME = {meaning.name: meaning for meaning in MEANINGS}


class Scorer(msgspec.Struct, frozen=True, kw_only=True, tag="scorer", tag_field="line"):
    """Who gives scores from here on. The last line of a name is the one that counts."""

    schema: int = SCHEMA
    name: str
    label: str
    kind: Kind
    better: Better
    definition: str
    checks: bool = False
    """As in a Meaning, which a scorer of the user's own has too."""
    version: int
    """Of the scorer's code or prompt: another one may score the same answer differently."""
    settings: dict[str, Any] = {}
    """All that its scores depend on besides: a tolerance, the judge's model, a library's version. Never a secret."""
    digest: str
    """Of version and settings: scores of one name and another digest are not mixed."""


class Score(msgspec.Struct, frozen=True, kw_only=True, tag="score", tag_field="line", omit_defaults=True):
    """One score, of a request's answer or of a text that a target was asked for. Of the same subject the last counts."""

    scorer: str
    digest: str
    request: str | None = None
    """Id of the record."""
    target: str | None = None
    """Of a score that belongs to no request."""
    text: str | None = None
    """Which of the reference texts it is about, where it belongs to no request."""
    value: float | None = None
    label: str | None = None
    """What was found, in a word: the letter chosen, the language, the phrase of a refusal."""
    why: str | None = None
    """Why there is no value."""
    passing: bool = False
    """There may be one at the next try: a judge was busy, or did not answer."""
    repeat: bool = False
    """Asked a second time, to see whether the judge agrees with itself."""
    detail: dict[str, Any] = {}


class Gap(msgspec.Struct, frozen=True, kw_only=True, tag="gap", tag_field="line"):
    """What a scorer could not do for a whole run, or for a target of it, in a sentence."""

    scorer: str
    target: str | None = None
    text: str


Line = Scorer | Score | Gap

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Line)


class _Versioned(msgspec.Struct):
    schema: int


_VERSIONED = msgspec.json.Decoder(_Versioned)


def to_line(line: Line) -> bytes:
    """One line of JSON, newline included."""
    return _ENCODER.encode(line) + b"\n"


def from_line(line: bytes) -> Line:
    """Raises msgspec.DecodeError (ValidationError included) where it is none, e.g. a torn last line."""
    try:
        found: Line = _DECODER.decode(line)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from error
    return found


def schema_of(line: bytes) -> int | None:
    """The schema that a line which is none of ours names, as one of a later version may; None where it names none."""
    try:
        return _VERSIONED.decode(line).schema
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
