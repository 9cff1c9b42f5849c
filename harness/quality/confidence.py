"""How sure a server says it was of its own tokens. Pure."""

import math
from typing import Any

from harness.quality.answer import Answer, Found
from harness.score import BY_NAME


class LogProb:
    """The mean of the log-probabilities that came with an answer, in nats a token."""

    meaning = BY_NAME["logprob"]
    version = 1
    asks = False
    lacking = (
        "No answer of the run came with log-probabilities: sweep with --logprobs, against a server that gives them."
    )

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}

    def applies(self, answer: Answer) -> bool:
        return answer.logprobs is not None and answer.logprobs.tokens > 0

    def score(self, answer: Answer) -> Found:
        if answer.logprobs is None or answer.logprobs.tokens <= 0:
            return Found(None, why="No log-probabilities came with it.")
        mean = answer.logprobs.sum / answer.logprobs.tokens
        if not math.isfinite(mean):
            return Found(None, why="The log-probabilities that came with it add up to no finite number.")
        return Found(mean, detail={"tokens": answer.logprobs.tokens})


def logprob() -> LogProb:
    return LogProb()
