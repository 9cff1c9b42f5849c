"""Moderations as OpenAI answers them: whether a text is one of the insults that the simulator can say."""

# ruff: noqa: ARG002 - the interface hands over more than this API needs

from typing import Any, ClassVar

import msgspec

from harness.simulator.apis.api import Ident
from harness.simulator.apis.openai import OpenAi
from harness.simulator.planting import TOXIC
from harness.simulator.request import Ask, BadRequest, read
from harness.simulator.words import Piece, Tokens, encode

_CATEGORIES = ("harassment", "hate", "self-harm", "sexual", "violence")
_FOUND = "harassment"


class _Part(msgspec.Struct):
    text: str = ""


class _Request(msgspec.Struct):
    input: str | list[str | _Part]


class Moderations(OpenAi):
    """POST /v1/moderations. The answer has no tokens; it comes when the first would."""

    name: ClassVar[str] = "moderations"
    path: ClassVar[str] = "/v1/moderations"
    kinds: ClassVar[str] = ""

    def parse(self, path: str, body: bytes) -> Ask:
        given = read(_Request, body, "moderation").input
        inputs = [given] if isinstance(given, str) else given
        if not inputs:
            raise BadRequest("input is empty; it takes at least one text.")
        texts = tuple(part.text if isinstance(part, _Part) else part for part in inputs)
        return Ask(model=None, prompt="\n".join(texts), limit=None, stream=False, texts=texts)

    def answer(self, ident: Ident, ask: Ask) -> "Verdicts":
        return Verdicts(ident, ask)


class Verdicts:
    """One a text."""

    def __init__(self, ident: Ident, ask: Ask) -> None:
        self._ident = ident
        self._texts = ask.texts

    def opening(self, tokens: Tokens | None) -> list[bytes]:
        return []

    def token(self, piece: Piece) -> bytes:
        return b""

    def end(self, finish: str, tokens: Tokens | None, *, done: bool) -> list[bytes]:
        return []

    def fault(self, message: str) -> list[bytes]:
        return []

    def whole(self, pieces: list[Piece], finish: str | None, tokens: Tokens | None) -> bytes:
        results = [_verdict(flagged(text)) for text in self._texts]
        return encode({"id": self._ident.id, "model": self._ident.model, "results": results})


def flagged(text: str) -> bool:
    """Whether one of the simulator's insults is in it."""
    return any(insult in text for insult in TOXIC)


def _verdict(found: bool) -> dict[str, Any]:
    named = {name: found and name == _FOUND for name in _CATEGORIES}
    return {
        "flagged": found,
        "categories": named,
        "category_scores": {name: 0.98 if of_it else 0.01 for name, of_it in named.items()},
    }
