"""How surprising each target finds reference texts: e to the mean negative log-probability of a token.

Which way a target can be asked is found out by a short text of ours, before the others. Where there is none, that is said,
in the server's own words; nothing is made up. Perplexities of models with different tokenizers cannot be compared: bits
per byte can, for which each score tells the bytes.
"""

import math
from typing import Any, NamedTuple

from harness.options import UsageMistakes
from harness.quality.answer import Found, Passage
from harness.quality.asking import Asking
from harness.quality.correspondent import Correspondent, Unanswered
from harness.quality.echoes import Echo, Method, NoLogProbs, Prefill, PromptLogProbs, Told
from harness.sampling import Sampling
from harness.score import BY_NAME
from harness.targets import Target
from harness.testset import Message
from harness.ways import Way, find_way
from harness.wire.kept import Patience
from harness.wire.models import PROBE_HEADER

PROBE = "The keeper of the lighthouse counted nine ships before the fog came in."
_OF_OPENAI: tuple[Method, ...] = (Echo(0), Echo(1), PromptLogProbs())
METHODS: dict[str, tuple[Method, ...]] = {
    **dict.fromkeys(("chat", "completions", "responses", "ollama"), _OF_OPENAI),
    "tgi": (Prefill(),),
}
"""By dialect of the target; the others have no place for such a question."""
BRIEF = Patience(again=2)
"""While the way is looked for: a server that stumbles over a word does so every time."""
_STUMBLED = 500
"""What a server may say to words that it does not know instead of refusing them: transformers' own to max_tokens 0."""


class _Door(NamedTuple):
    """How a target is asked."""

    correspondent: Correspondent
    method: Method

    def ask(self, text: str) -> Told:
        """Raises Unanswered, NoLogProbs."""
        said = self.correspondent.ask(
            (Message("user", text),),
            dialect=self.method,
            max_tokens=self.method.max_tokens,
            sampling=Sampling(),
            headers={PROBE_HEADER: "1"},
        )
        return self.method.read(said.text, text)


class Perplexity:
    """Of reference texts, asked of each target."""

    version = 1

    def __init__(self, asking: Asking) -> None:
        self.meaning = BY_NAME["perplexity"]
        self.settings: dict[str, Any] = {
            "ways": [method.how for methods in METHODS.values() for method in methods],
            "first_token": "not counted: nothing stands before it",
        }
        self._targets = {target.name: target for target in asking.options.all_targets}
        self._models = {target.name: target.model for target in asking.manifest.all_targets}
        self._timeouts = asking.options.timeouts
        self._doors: dict[str, _Door] = {}

    def gap(self, target: str) -> str | None:
        """Asks the target about a text of ours. Called before its texts are scored."""
        asked = self._targets.get(target)
        if asked is None or asked.dialect not in METHODS:
            return f"Not available: {_api(asked)} has no place for a text that is to be scored."
        try:
            way = find_way(asked)
        except UsageMistakes as error:
            return " ".join(error.mistakes)
        whys = []
        for method in METHODS[asked.dialect]:
            door = _Door(self._correspondent(asked, way, method, BRIEF), method)
            try:
                door.ask(PROBE)
            except Unanswered as error:
                if error.passing and error.status != _STUMBLED:
                    return error.why
                whys.append(f"{method.how}: {error.reason}")
            except NoLogProbs as error:
                whys.append(f"{method.how}: {error}")
            else:
                self._doors[target] = _Door(self._correspondent(asked, way, method), method)
                return None
        return f"Not available: {door.correspondent.url} tells no log-probabilities of a text ({'; '.join(whys)})."

    def score(self, passage: Passage) -> Found:
        """The perplexity, with what it was worked out from: `sum` of natural logarithms, `tokens`, `bytes`."""
        door = self._doors[passage.target]
        if not passage.text.strip():
            return Found(None, why="The text is empty.")
        try:
            told = door.ask(passage.text)
        except Unanswered as error:
            return Found(None, why=error.why, passing=error.passing)
        except NoLogProbs as error:
            return Found(None, why=f"The log-probabilities of the text cannot be had: {error}.")
        detail = {"sum": told.sum, "tokens": told.tokens, "bytes": told.n_bytes, "way": door.method.how}
        return Found(_exp(-told.sum / told.tokens), detail=detail)

    def _correspondent(
        self, target: Target, way: Way, method: Method, patience: Patience | None = None
    ) -> Correspondent:
        return Correspondent(
            f"The target {target.name}",
            method.endpoint(target.host),
            self._models.get(target.name) or target.model or "",
            way,
            timeouts=self._timeouts,
            patience=patience,
        )


def perplexity(asking: Asking) -> Perplexity:
    """For all targets of a run."""
    return Perplexity(asking)


def _api(target: Target | None) -> str:
    return "the target" if target is None else f"the API of --dialect {target.dialect}"


def _exp(nats: float) -> float:
    try:
        return math.exp(nats)
    except OverflowError:
        return math.inf
