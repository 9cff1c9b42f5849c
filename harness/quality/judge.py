"""A model that is asked about answers: one question, one JSON object of a known form, kept word by word.

It is asked at temperature 0 where its API has a place for that. What it answers is validated by a schema; once it may
mend its form. What was said is kept in judgements.jsonl, and the same question is not asked again.
"""

import hashlib
from functools import lru_cache, partial
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from harness.call import Timeouts
from harness.dialects import Dialect, dialect_of
from harness.quality.answer import Unavailable
from harness.quality.asking import Asking
from harness.quality.correspondent import Correspondent, Said, Unanswered, printable
from harness.quality.judgements import Judgement, Judgements, judgements_of, key_of
from harness.quality.objects import NoObject, find_object
from harness.record import mend
from harness.sampling import Sampling
from harness.targets import Target
from harness.testset import Message
from harness.ways import find_way

T = TypeVar("T", bound=msgspec.Struct)

MAX_TOKENS = 2048
"""Of an answer; some servers count the thinking of a model in it."""
TRIES = 2
"""How often an answer may be given that cannot be read."""
COLDEST = Sampling(temperature=0.0)
_AT_THE_BOUND = frozenset({"length", "max_tokens", "max_output_tokens"})
"""Finish reasons, in small letters, of an answer that was cut off."""
_QUOTED_CHARS = 200
_MEND = (
    "That could not be read: $why. Answer once more, with the one JSON object in the form that was asked for, and with "
    "nothing else."
)


class Rubric(Generic[T]):
    """A prompt of ours, versioned by the name of its file, and the form of what is answered to it."""

    def __init__(self, name: str, kind: type[T]) -> None:
        self.name = name
        self.kind = kind
        self._template = Template((files("harness.quality") / "prompts" / f"{name}.md").read_text("utf-8"))

    def rendered(self, material: dict[str, str]) -> str:
        """The question. What is put in is not searched for further places to fill."""
        whole = {name: mend(text) for name, text in material.items()}
        # A mark that an answer cannot hold, as it is made from the answer; the same for the same material.
        mark = hashlib.sha256(msgspec.json.encode(whole)).hexdigest()[:12]
        return self._template.substitute(whole, mark=mark)


class Judged(NamedTuple, Generic[T]):
    """What a judge found, and under which key its words are kept."""

    found: T
    key: str


class Judge:
    """May be asked by several threads at once."""

    def __init__(self, correspondent: Correspondent, dialect: Dialect, judgements: Judgements) -> None:
        self._correspondent = correspondent
        self._dialect = dialect
        self._judgements = judgements
        self._unreadable: dict[str, str] = {}
        """Why, by the key of the question: another scorer that has the same one does not ask it a third time."""
        refuses = bool(dialect.refusals(COLDEST))
        self._sampling = Sampling() if refuses else COLDEST
        self.settings: dict[str, Any] = {
            "judge": correspondent.model,
            **correspondent.whom,
            "dialect": dialect.name,
            "temperature": "the server's own" if refuses else 0,
            "max_tokens": MAX_TOKENS,
        }
        """What its judgements depend on; no secret."""

    def judge(self, rubric: Rubric[T], material: dict[str, str], *, again: bool = False) -> Judged[T]:
        """Raises Unanswered, also for an answer that cannot be read. `again`: whatever was said before."""
        asked = rubric.rendered(material)
        key = key_of(self._correspondent.address, self._correspondent.model, rubric.name, asked)
        if again:
            return Judged(self._ask(rubric, asked, key, again=True), key)

        def find(kept: str | None) -> T:
            found = None if kept is None else _remembered(kept, rubric.kind)
            if found is not None:
                return found
            if key in self._unreadable:
                raise Unanswered(self._unreadable[key], passing=False)
            return self._ask(rubric, asked, key, again=False)

        return Judged(self._judgements.once(key, find), key)

    def _ask(self, rubric: Rubric[T], asked: str, key: str, *, again: bool) -> T:
        messages: tuple[Message, ...] = (Message("user", asked),)
        said: list[Said] = []
        keep = partial(self._keep, rubric.name, key, said, again=again)
        for _ in range(TRIES):
            said.append(self._said(messages))
            try:
                found = _read(said[-1], rubric.kind)
            except NoObject as flaw:
                why, messages = str(flaw), _mending(asked, said[-1], flaw)
            else:
                keep(readable=True)
                return found
        keep(readable=False)
        sentence = f"The judge did not answer in the form that was asked for, twice: {why}."
        if not again:
            self._unreadable[key] = sentence
        raise Unanswered(sentence, passing=False)

    def _said(self, messages: tuple[Message, ...]) -> Said:
        ask = partial(self._correspondent.ask, messages, dialect=self._dialect, max_tokens=MAX_TOKENS)
        try:
            return ask(sampling=self._sampling)
        except Unanswered as refusal:
            # Some reasoning models know one temperature only, and say so.
            if not (self._sampling.said and refusal.status in (400, 422) and "temperature" in refusal.why.lower()):
                raise
        self._sampling = Sampling()
        return ask(sampling=self._sampling)

    def _keep(self, prompt: str, key: str, said: list[Said], *, again: bool, readable: bool) -> None:
        self._judgements.keep(
            Judgement(
                key=key,
                judge=self._correspondent.model,
                url=self._correspondent.url,
                prompt=prompt,
                again=again,
                said=[each.text for each in said],
                readable=readable,
            )
        )

    @property
    def chose_freely(self) -> bool:
        """Whether it refused temperature 0 when it was asked."""
        return not self._sampling.said and self.settings["temperature"] == 0


def judge_of(asking: Asking) -> Judge:
    """That of the options; the same one for all scorers of a run. Raises Unavailable, UsageMistakes."""
    options = asking.options
    if options.judge is None:
        raise Unavailable('No judge was named: give --judge "host=URL model=NAME".')
    return _judge(asking.folder, options.judge, options.judge_rate, options.timeouts)


@lru_cache(maxsize=4)
def _judge(folder: Path, target: Target, rate: float | None, timeouts: Timeouts) -> Judge:
    dialect = dialect_of(target.dialect)
    correspondent = Correspondent(
        "The judge",
        dialect.endpoint(target.host),
        target.model or "",
        find_way(target),
        timeouts=timeouts,
        rate=rate,
    )
    return Judge(correspondent, dialect, judgements_of(folder))


def _remembered(kept: str, kind: type[T]) -> T | None:
    try:
        return find_object(kept, kind)
    except NoObject:
        return None  # of a version that read it in another way: it is asked anew


def _read(said: Said, kind: type[T]) -> T:
    try:
        return find_object(said.text, kind)
    except NoObject as flaw:
        if (said.finish or "").lower() in _AT_THE_BOUND:
            raise NoObject(f"the answer ended at its bound of {MAX_TOKENS} tokens") from flaw
        raise NoObject(printable(str(flaw)[:_QUOTED_CHARS])) from flaw


def _mending(asked: str, said: Said, flaw: NoObject) -> tuple[Message, ...]:
    note = Template(_MEND).substitute(why=flaw)
    if not said.text.strip():
        # An empty turn is refused by some.
        return (Message("user", f"{asked}\n\n{note}"),)
    return (Message("user", asked), Message("assistant", mend(said.text)), Message("user", note))
