"""What one answer will be, decided before its first byte: tokens, the events after them, and how it ends."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from harness.simulator.apis.api import Answer, Api
from harness.simulator.faults import STOPS_EARLY, Fault
from harness.simulator.logprobs import Told, told
from harness.simulator.options import SimulatorOptions
from harness.simulator.request import Ask, count_prompt_tokens
from harness.simulator.words import (
    Piece,
    Tokens,
    draw_count,
    draw_text,
    draw_tool_call,
    draw_whole_call,
    say,
    seed_of,
    split_text,
)

_DIED = "The engine died in the middle of this answer."
_BROKEN = b'{"what":"breaks o'


class Ending(Enum):
    """How the transfer ends; whether the answer was whole is another matter."""

    COMPLETE = "complete"
    CUT = "cut"
    STALL = "stall"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One answer. `finish` and `tokens` are what the client will be told, None where it will not."""

    seed: int
    prompt_tokens: int
    pieces: list[Piece]
    finish: str | None
    tokens: Tokens | None
    ending: Ending
    fault: Fault | None
    breaks_after: int | None = None
    """How many tokens come before an event of broken JSON."""

    @property
    def turns(self) -> int:
        """How often the pacing calls; an answer without tokens still takes the time of one."""
        return max(1, len(self.pieces))


def write(api: Api, ask: Ask, fault: Fault | None, options: SimulatorOptions, text: str | None = None) -> Script:
    """The answer to a request, faults included: the text, or words that are drawn.

    What the API has no place for is said as text.
    """
    prompt = ask.prompt
    seed = seed_of(options.seed, prompt)
    spoken = None if text is None else _speak(api, seed, text, options)
    wanted = _wanted(ask, options.tokens or draw_count(seed, options.tokens_mean)) if spoken is None else len(spoken)
    count = wanted if ask.limit is None else min(wanted, ask.limit)
    pieces = _draw(api, seed, wanted, count, options) if spoken is None else spoken[:count]
    if fault is Fault.EMPTY or not api.kinds:
        pieces = []
    thought = sum(piece.kind == "r" for piece in pieces)
    tokens = Tokens(count_prompt_tokens(prompt), count if pieces else 0, thought)
    finishes = fault not in STOPS_EARLY
    return Script(
        seed=seed,
        prompt_tokens=tokens.prompt,
        pieces=pieces[: options.fault_after] if not finishes else pieces,
        finish=api.reasons[_reason(api, count < wanted, options)] if finishes else None,
        tokens=tokens if finishes and _tells_usage(ask, fault, options) else None,
        ending=_ENDINGS.get(fault, Ending.COMPLETE) if fault else Ending.COMPLETE,
        fault=fault,
        breaks_after=min(options.fault_after, len(pieces)) if fault is Fault.MALFORMED else None,
    )


def _wanted(ask: Ask, drawn: int) -> int:
    """Tokens of the answer, but for its limit. Told to go on to that, it would have gone on beyond it."""
    return ask.limit + 1 if ask.ignore_end and ask.limit else max(drawn, ask.least)


_ENDINGS = {
    Fault.CUT: Ending.CUT,
    Fault.STALL_AFTER_TOKEN: Ending.STALL,
    Fault.STALL_BEFORE_TOKEN: Ending.STALL,
    Fault.STALL_BEFORE_HEADERS: Ending.STALL,
}


def broken(api: Api) -> bytes:
    """An event of JSON that breaks off."""
    return api.event(_BROKEN)


def tail(script: Script, answer: Answer) -> list[bytes]:
    """The events after the last token."""
    if script.fault is Fault.ERROR_EVENT:
        return answer.fault(_DIED)
    if script.finish is None:
        return []
    return answer.end(script.finish, script.tokens, done=script.fault is not Fault.NO_DONE)


class Weighed(NamedTuple):
    """Log-probabilities that a client was told; None where it did not ask for them."""

    answer: Told | None
    prompt: Told | None


def weigh(script: Script, ask: Ask) -> Weighed:
    """What a whole answer told of its tokens, and of the prompt's."""
    answer = told(piece.text for piece in script.pieces if piece.kind == "t") if ask.logprobs else None
    # Nothing stands before the first token of a prompt from which it could follow.
    return Weighed(answer, told(split_text(ask.prompt)[1:]) if ask.weighs_prompt else None)


def document(script: Script, api: Api, answer: Answer) -> bytes:
    """The body of an answer that is not streamed."""
    if script.fault is Fault.ERROR_EVENT:
        return api.error(500, _DIED)
    return _BROKEN if script.fault is Fault.MALFORMED else answer.whole(script.pieces, script.finish, script.tokens)


def _speak(api: Api, seed: int, text: str, options: SimulatorOptions) -> list[Piece]:
    """The text, and before it whatever is to be thought."""
    reasoning = options.reasoning if "r" in api.kinds else 0
    return draw_text(seed, reasoning, reasoning) + say(text)


def _draw(api: Api, seed: int, wanted: int, count: int, options: SimulatorOptions) -> list[Piece]:
    """`count` tokens, drawn whole and then shortened: the same prompt begins the same, whatever its limit."""
    reasoning = options.reasoning if "r" in api.kinds else 0
    if not _calls(api, options):
        return draw_text(seed, wanted, reasoning)[:count]
    thought = draw_text(seed, min(reasoning, wanted), reasoning)[:count]
    if api.calls_whole:
        return thought + (draw_whole_call(seed, wanted - len(thought)) if count > len(thought) else [])
    return (thought + draw_tool_call(seed, wanted - len(thought)))[:count]


def _calls(api: Api, options: SimulatorOptions) -> bool:
    return options.tool_call and "c" in api.kinds


def _reason(api: Api, limited: bool, options: SimulatorOptions) -> str:
    if limited:
        return "length"
    return "tool_calls" if _calls(api, options) else "stop"


def _tells_usage(ask: Ask, fault: Fault | None, options: SimulatorOptions) -> bool:
    if fault is Fault.NO_USAGE or options.usage == "never":
        return False
    # As OpenAI does it: a document always has token counts, a stream only where they were asked for. An API that
    # tells them unasked takes every request as one that asks.
    return options.usage == "always" or ask.include_usage or not ask.stream
