"""How like the expected answer an answer is, by the character sequences that the two share. Needs sacrebleu.

chrF: M. Popović, "chrF: character n-gram F-score for automatic MT evaluation", WMT 2015; sequences of up to six
characters, recall counting twice as much as precision. White space does not count, so it is fair to Chinese too.
"""

from functools import lru_cache
from importlib.metadata import version as version_of
from typing import Any

from harness.quality.answer import Answer, Found
from harness.score import BY_NAME

_REMEMBERED = 2048


class ChrF:
    """Sentence by sentence; 100 is the expected answer itself, letter for letter."""

    meaning = BY_NAME["chrf"]
    version = 1
    asks = False
    lacking = 'No prompt in the run folder has an expected answer to compare with: give the set a field "expected", and run it again.'

    def __init__(self) -> None:
        from sacrebleu.metrics.chrf import CHRF

        metric = CHRF()
        # Of a reference shorter than six characters the longer sequences are left out by the formula; so they need not be counted.
        by_order = {order: CHRF(char_order=order) for order in range(1, metric.char_order + 1)}
        self.settings: dict[str, Any] = {
            "sacrebleu": version_of("sacrebleu"),
            "characters": metric.char_order,
            "words": metric.word_order,
            "beta": metric.beta,
        }

        # A server asked the same thing at temperature 0 says the same thing a thousand times.
        @lru_cache(_REMEMBERED)
        def compare(text: str, expected: str) -> float:
            order = min(len("".join(expected.split())), metric.char_order)
            return float(by_order[order].sentence_score(text, [expected]).score)

        self._compare = compare

    def applies(self, answer: Answer) -> bool:
        return bool(answer.expected and answer.expected.strip())

    def score(self, answer: Answer) -> Found:
        if not answer.expected:
            return Found(None, why="Its prompt has no expected answer.")
        return Found(self._compare(answer.text, answer.expected))


def chrf() -> ChrF:
    """Raises ImportError where sacrebleu is missing."""
    return ChrF()
