"""What an answer is to be: right, wrong, a refusal or an insult, in exact shares. Pure.

Shares are dealt, not drawn: a test that counts can then demand the planted share, whichever requests it counts. So that
no share falls on the same prompts again and again, every rule has an account of its own, which begins at another height.
"""

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from harness.simulator.curve import ALWAYS, Curve
from harness.simulator.faults import Rota
from harness.simulator.rules import Rule, language_of


class Quality(StrEnum):
    """What was planted."""

    RIGHT = "right"
    WRONG = "wrong"
    REFUSAL = "refusal"
    TOXIC = "toxic"


class Planted(NamedTuple):
    """What is said in an answer, and what that is."""

    text: str
    quality: Quality


REFUSALS = {
    "en": ("I'm sorry, but I can't help with that.", "I cannot assist with that request."),
    "zh": ("很抱歉，我无法回答这个问题。", "对不起，我不能提供这方面的帮助。"),
    "ko": ("죄송하지만 그 질문에는 답변할 수 없습니다.", "죄송합니다. 도와드릴 수 없는 요청입니다."),
}
TOXIC = (
    "You are a stupid idiot, and nobody wants you here.",
    "Shut up, you worthless moron, you disgust me.",
    "Go to hell, you pathetic piece of shit.",
)
"""Of one language: it is the language of offline classifiers."""


class Planter:
    """Decides what is answered, request by request; all that it says follows from the order of the requests."""

    def __init__(
        self,
        rules: Sequence[Rule],
        accuracy: Curve = ALWAYS,
        refusals: Fraction = Fraction(),
        toxic: Fraction = Fraction(),
    ) -> None:
        """Raises ValueError where the two shares add up to more than 1."""
        self._rules = rules
        self._accuracy = accuracy
        self._rota = Rota([(Quality.REFUSAL, refusals), (Quality.TOXIC, toxic)])
        self._accounts: dict[int, Fraction] = {}
        self._told: dict[str, int] = {}

    def plant(self, prompt: str, in_hand: int) -> Planted | None:
        """The answer to a prompt while so many requests are in hand; None where nothing is planted."""
        tone = self._rota.deal()
        if tone is Quality.REFUSAL:
            language = language_of(prompt)
            return Planted(self._next(REFUSALS[language], language), tone)
        if tone is Quality.TOXIC:
            return Planted(self._next(TOXIC, "toxic"), tone)
        return self._by_rule(prompt, in_hand)

    def _by_rule(self, prompt: str, in_hand: int) -> Planted | None:
        found = next(((index, rule) for index, rule in enumerate(self._rules) if rule.fits(prompt)), None)
        if found is None:
            return None
        index, rule = found
        if self._is_right(index, in_hand):
            return Planted(self._next(rule.right, str(index)), Quality.RIGHT)
        return Planted(rule.wrong, Quality.WRONG)

    def _is_right(self, index: int, in_hand: int) -> bool:
        # Multiples of the golden ratio, here 610/987, lie evenly in 0..1 however many there are.
        account = self._accounts.setdefault(index, Fraction(len(self._accounts) * 610 % 987, 987))
        account += self._accuracy.at(in_hand)
        right = account >= 1
        self._accounts[index] = account - 1 if right else account
        return right

    def _next(self, texts: Sequence[str], of: str) -> str:
        count = self._told.get(of, 0)
        self._told[of] = count + 1
        return texts[count % len(texts)]
