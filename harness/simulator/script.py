"""What one answer will be, decided before its first byte: tokens, the events after them, and how it ends."""

from dataclasses import dataclass
from enum import Enum

from harness.simulator.chunks import BROKEN, DONE, Chunks, Tokens, error_event
from harness.simulator.faults import STOPS_EARLY, Fault
from harness.simulator.options import SimulatorOptions
from harness.simulator.request import Ask, count_prompt_tokens
from harness.simulator.words import Piece, draw_count, draw_text, draw_tool_call, seed_of


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


def write(ask: Ask, fault: Fault | None, options: SimulatorOptions) -> Script:
    """The answer to a request, faults included."""
    prompt = ask.prompt
    seed = seed_of(options.seed, prompt)
    wanted = options.tokens or draw_count(seed, options.tokens_mean)
    count = min(wanted, ask.limit or wanted)
    # Drawn whole and then shortened: the same prompt begins the same, whatever its limit.
    pieces = _draw(seed, wanted, options)[:count] if fault is not Fault.EMPTY else []
    tokens = Tokens(count_prompt_tokens(prompt), len(pieces), sum(piece.kind == "r" for piece in pieces))
    finishes = fault not in STOPS_EARLY
    return Script(
        seed=seed,
        prompt_tokens=tokens.prompt,
        pieces=pieces[: options.fault_after] if not finishes else pieces,
        finish=_reason(count < wanted, options) if finishes else None,
        tokens=tokens if finishes and _tells_usage(ask, fault, options) else None,
        ending=_ENDINGS.get(fault, Ending.COMPLETE) if fault else Ending.COMPLETE,
        fault=fault,
        breaks_after=min(options.fault_after, len(pieces)) if fault is Fault.MALFORMED else None,
    )


_ENDINGS = {
    Fault.CUT: Ending.CUT,
    Fault.STALL_AFTER_TOKEN: Ending.STALL,
    Fault.STALL_BEFORE_TOKEN: Ending.STALL,
    Fault.STALL_BEFORE_HEADERS: Ending.STALL,
}


def tail(script: Script, chunks: Chunks) -> list[bytes]:
    """The events after the last token."""
    if script.fault is Fault.ERROR_EVENT:
        return [error_event("The engine died in the middle of this answer."), DONE]
    events = []
    if script.finish is not None:
        events.append(chunks.finish(script.finish))
    if script.tokens is not None:
        events.append(chunks.usage(script.tokens))
    if script.finish is not None and script.fault is not Fault.NO_DONE:
        events.append(DONE)
    return events


def document(script: Script, chunks: Chunks) -> bytes:
    """The body of an answer that is not streamed."""
    if script.fault is Fault.ERROR_EVENT:
        return error_event("The engine died in the middle of this answer.")[len(b"data: ") :].strip()
    whole = chunks.whole(script.pieces, script.finish, script.tokens)
    return BROKEN[len(b"data: ") :].strip() if script.fault is Fault.MALFORMED else whole


def _draw(seed: int, count: int, options: SimulatorOptions) -> list[Piece]:
    if not options.tool_call:
        return draw_text(seed, count, options.reasoning)
    thought = draw_text(seed, min(options.reasoning, count), options.reasoning)
    return thought + draw_tool_call(seed, count - len(thought))


def _reason(limited: bool, options: SimulatorOptions) -> str:
    if limited:
        return "length"
    return "tool_calls" if options.tool_call else "stop"


def _tells_usage(ask: Ask, fault: Fault | None, options: SimulatorOptions) -> bool:
    if fault is Fault.NO_USAGE or options.usage == "never":
        return False
    # As OpenAI does it: a document always has token counts, a stream only where they were asked for.
    return options.usage == "always" or ask.include_usage or not ask.stream
