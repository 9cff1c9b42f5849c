"""How an answer was given: whether it declined, said nothing, was cut at its bound, or kept to the prompt's language."""

import re
from functools import lru_cache
from importlib.metadata import version as version_of
from typing import Any

from harness.quality import refusals, tongues
from harness.quality.answer import NOTHING_TO_SCORE, Answer, Found
from harness.score import BY_NAME

_REMEMBERED = 2048

_AT_THE_BOUND = frozenset({"length", "max_tokens", "max_output_tokens", "model_length", "limit", "max_length"})
"""Finish reasons in small letters: OpenAI, TGI and Ollama; Anthropic and Gemini; OpenAI's responses; Mistral; llama.cpp."""
_TO_CALL = frozenset({"tool_calls", "tool_use", "function_call"})
_UNSEEN = re.compile(r"[\s\u200b-\u200f\u2060\ufeff\u00ad\u3164]+")


class Refusal:
    """1 where the answer opens with a phrase of declining, or the server says so in the finish reason."""

    meaning = BY_NAME["refusal"]
    version = 1
    asks = False
    lacking = NOTHING_TO_SCORE

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {"languages": ["en", "zh", "ko"]}
        self._phrase = lru_cache(_REMEMBERED)(refusals.phrase)

    def applies(self, answer: Answer) -> bool:  # noqa: ARG002 - as for any scorer
        return True

    def score(self, answer: Answer) -> Found:
        words = answer.finish if refusals.is_refusal(answer.finish) else self._phrase(answer.text)
        return Found(float(words is not None), label=words)


class Empty:
    """1 where there is nothing to read. An answer that is a tool call was not meant to be read."""

    meaning = BY_NAME["empty"]
    version = 1
    asks = False
    lacking = "All answers of the run are tool calls, which are not read."

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}

    def applies(self, answer: Answer) -> bool:
        return answer.finish is None or answer.finish.lower() not in _TO_CALL

    def score(self, answer: Answer) -> Found:
        return Found(float(not answer.text or _UNSEEN.fullmatch(answer.text) is not None))


class Truncated:
    """1 where the finish reason says that the answer reached the bound of its length."""

    meaning = BY_NAME["truncated"]
    version = 1
    asks = False
    lacking = (
        "No answer of the run came with a finish reason, so nobody says which were cut at the bound of their length."
    )

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}

    def applies(self, answer: Answer) -> bool:
        return answer.finish is not None

    def score(self, answer: Answer) -> Found:
        if answer.finish is None:
            return Found(None, why="It came without a finish reason.")
        return Found(float(answer.finish.lower() in _AT_THE_BOUND), label=answer.finish)


class Language:
    """1 where the answer is in the language of what the user said, or in the one that the prompt's `language` names."""

    meaning = BY_NAME["language"]
    version = 1

    asks = False
    lacking = "No answer of the run has words enough to tell its language and that of its prompt."

    def __init__(self) -> None:
        classify = tongues.load()
        self.settings: dict[str, Any] = {"py3langid": version_of("py3langid")}

        @lru_cache(_REMEMBERED)
        def tongue(text: str) -> str | None:
            return tongues.tongue(text, classify)

        self._tongue = tongue

    def applies(self, answer: Answer) -> bool:
        return self._wanted(answer) is not None and self._tongue(answer.text) is not None

    def score(self, answer: Answer) -> Found:
        wanted, spoken = self._wanted(answer), self._tongue(answer.text)
        if wanted is None or spoken is None:
            return Found(None, why="There are too few words to tell the language.")
        return Found(float(wanted == spoken), label=spoken, detail={"asked": wanted})

    def _wanted(self, answer: Answer) -> str | None:
        # Sets of code name the programming language so.
        named = str(answer.prompt.metadata.get("language", "")).lower().partition("-")[0]
        return named if named in tongues.LANGUAGES else self._tongue(answer.asked)


def refusal() -> Refusal:
    return Refusal()


def empty() -> Empty:
    return Empty()


def truncated() -> Truncated:
    return Truncated()


def language() -> Language:
    """Raises ImportError where py3langid is missing."""
    return Language()
