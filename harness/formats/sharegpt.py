"""ShareGPT: objects with `conversations`, lists of turns that say who spoke (`from`) and what (`value`).

The sets in circulation hold entries that ask nothing (no turn at all, or answers alone, what was before them being cut
off); these are left out and counted. Everything else that is wrong is a mistake.
"""

from typing import Any

from harness.formats.conversations import asked
from harness.formats.entries import entries, value_of
from harness.formats.row import Format, Mistake, Reading, quoted
from harness.testset import Message, Prompt

_ROLES = {"system": "system", "tool": "tool"}
_ROLES |= dict.fromkeys(("human", "user"), "user")
_ROLES |= dict.fromkeys(("gpt", "chatgpt", "bing", "bard", "assistant", "model"), "assistant")


def _prompt(entry: Any, _: Reading) -> Prompt | None:
    fields = value_of(entry)
    if not isinstance(fields, dict) or not isinstance(fields.get("conversations"), list):
        raise Mistake('must be an object with a list of "conversations".')
    turns = tuple(_message(place, turn) for place, turn in enumerate(fields["conversations"]))
    messages, expected = asked(_from_first_question(turns))
    if not messages:
        return None
    named = fields.get("id")
    return Prompt(
        index=0,
        messages=messages,
        id=named if named is None else str(named),
        expected=expected,
        metadata={key: value for key, value in fields.items() if key not in ("id", "conversations")},
    )


def _from_first_question(turns: tuple[Message, ...]) -> tuple[Message, ...]:
    """Without turns that say nothing, and without answers to what is not there."""
    told = [turn for turn in turns if turn.text.strip()]
    opening = [turn for turn in told[:1] if turn.role == "system"]
    rest = told[len(opening) :]
    while rest and rest[0].role != "user":
        del rest[0]
    return (*opening, *rest) if rest else ()


def _message(place: int, turn: Any) -> Message:
    if not isinstance(turn, dict) or not isinstance(turn.get("value"), str):
        raise Mistake(f'conversations[{place}] must have "from" and "value", which are strings.')
    speaker = turn.get("from")
    if speaker not in _ROLES:
        raise Mistake(f"conversations[{place}] is from {quoted(speaker)}, who is none of {', '.join(_ROLES)}.")
    return Message(_ROLES[speaker], turn["value"])


SHAREGPT = Format("sharegpt", entries, _prompt)
