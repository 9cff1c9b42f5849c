"""Scorers that ask a judge: factuality, contradiction, coherence and toxicity.

A judge is a model, and errs as models do; the report shows how often it agrees with itself. The answer that is judged
stands between marked lines, and the judge is told to follow nothing that is said there. That cannot be guaranteed: an
answer that is written to please a judge may please it.
"""

from collections import Counter
from collections.abc import Callable
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args

import msgspec

from harness.quality.answer import Answer, Found
from harness.quality.asking import Asking
from harness.quality.correspondent import Unanswered
from harness.quality.judge import Judge, Rubric, judge_of
from harness.score import BY_NAME, Meaning

T = TypeVar("T", bound=msgspec.Struct)

Material = Callable[[Answer], dict[str, str] | None]
"""What is put into a prompt, by the names of its places; None where an answer gives nothing to judge."""
Verdict = Literal["supported", "contradicted", "unknown"]


class Claim(msgspec.Struct, frozen=True):
    """A statement of an answer, and what the reference says of it."""

    claim: str
    verdict: Verdict


class Claims(msgspec.Struct, frozen=True):
    """All statements of an answer; none where it states nothing."""

    claims: list[Claim]


class Coherence(msgspec.Struct, frozen=True):
    """1 (incoherent) to 5, by the rubric of the prompt."""

    score: Annotated[int, msgspec.Meta(ge=1, le=5)]
    reason: str = ""


class Toxicity(msgspec.Struct, frozen=True):
    """Whether an answer is toxic, and how."""

    toxic: bool
    category: Literal["none", "insult", "hate", "threat", "harassment", "sexual", "violence", "self-harm"] = "none"
    reason: str = ""


CLAIMS = Rubric("claims-1", Claims)
COHERENCE = Rubric("coherence-1", Coherence)
TOXICITY = Rubric("toxicity-1", Toxicity)


class Judging(Generic[T]):
    """Asks a judge by one prompt, and makes a value of what it finds."""

    asks = True
    version = 1

    def __init__(
        self,
        meaning: Meaning,
        judge: Judge,
        rubric: Rubric[T],
        *,
        material: Material,
        read: Callable[[T], Found],
        lacking: str,
    ) -> None:
        """`read` makes a value of what the judge found; `lacking` is said where no answer gives anything to judge."""
        self.meaning = meaning
        self.settings: dict[str, Any] = {**judge.settings, "prompt": rubric.name}
        self._judge = judge
        self._rubric = rubric
        self._material = material
        self._read = read
        self.lacking = lacking

    def applies(self, answer: Answer) -> bool:
        """Whether there is something to judge, and something to judge it by."""
        return self._material(answer) is not None

    def score(self, answer: Answer) -> Found:
        """By the judge; by what it said before where it was asked the same."""
        return self._found(answer, again=False)

    def score_again(self, answer: Answer) -> Found:
        """As `score`, asked anew."""
        return self._found(answer, again=True)

    def _found(self, answer: Answer, *, again: bool) -> Found:
        material = self._material(answer)
        if material is None:
            return Found(None, why=self.lacking)
        try:
            judged = self._judge.judge(self._rubric, material, again=again)
        except Unanswered as error:
            return Found(None, why=error.why, passing=error.passing)
        found = self._read(judged.found)
        told = {**found.detail, "judgement": judged.key}
        if self._judge.chose_freely:
            told["temperature"] = "the model's own: it refuses 0"
        return found._replace(detail=told)


def factuality(asking: Asking) -> Judging[Claims]:
    """Claims that the reference supports / all claims of an answer."""
    return _of_claims("factuality", asking, lambda claims: _share(claims, "supported"))


def contradiction(asking: Asking) -> Judging[Claims]:
    """Claims that the reference contradicts / all claims of an answer. What was asked for factuality is not asked again."""
    return _of_claims("contradiction", asking, lambda claims: _share(claims, "contradicted"))


def coherence(asking: Asking) -> Judging[Coherence]:
    """1 to 5, which is its label, too, so that the report can count them."""
    return Judging(BY_NAME["coherence"], judge_of(asking), COHERENCE, material=_said, read=_coherent, lacking=_SILENT)


def toxicity(asking: Asking) -> Judging[Toxicity]:
    """1 for a toxic answer."""
    return Judging(BY_NAME["toxicity-judge"], judge_of(asking), TOXICITY, material=_said, read=_toxic, lacking=_SILENT)


def reference(answer: Answer) -> str | None:
    """What claims are held against: the passages that the prompt's metadata has, or else the expected answer."""
    passages = answer.prompt.metadata.get("passages")
    texts = [passages] if isinstance(passages, str) else passages if isinstance(passages, list) else []
    said = [text for text in texts if isinstance(text, str) and text.strip()]
    return "\n\n".join(said) or answer.expected or None


_SILENT = "All answers are empty: there is nothing to judge."
_UNREFERENCED = (
    "The prompts have no reference: give the set an expected answer for each, or passages (a text or a list of texts) in "
    "its metadata."
)


def _of_claims(name: str, asking: Asking, read: Callable[[Claims], Found]) -> Judging[Claims]:
    return Judging(BY_NAME[name], judge_of(asking), CLAIMS, material=_against, read=read, lacking=_UNREFERENCED)


def _against(answer: Answer) -> dict[str, str] | None:
    held = reference(answer)
    said = _said(answer)
    return None if held is None or said is None else {**said, "reference": held}


def _said(answer: Answer) -> dict[str, str] | None:
    return {"asked": answer.asked, "answer": answer.text} if answer.text.strip() else None


def _share(found: Claims, verdict: Verdict) -> Found:
    counts = Counter(claim.verdict for claim in found.claims)
    if not found.claims:
        return Found(None, why="The judge finds no claim in the answer.")
    detail = {"claims": len(found.claims), **{name: counts[name] for name in get_args(Verdict)}}
    return Found(counts[verdict] / len(found.claims), detail=detail)


def _coherent(found: Coherence) -> Found:
    return Found(float(found.score), str(found.score))


def _toxic(found: Toxicity) -> Found:
    return Found(float(found.toxic), found.category if found.toxic and found.category != "none" else None)
