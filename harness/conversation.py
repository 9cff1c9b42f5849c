"""A prompt held as a conversation: what is said at each turn, and what goes before it. Pure.

A turn is what the user says until it is the assistant's to answer: two messages of the user in a row are said together.
System messages belong to the user's next message; so does whatever stands before the first one, a greeting of the
assistant included. Where nobody answers any more, nothing is left to be asked, so that a last answer is not sent.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from harness.record import Record, mend
from harness.testset import Message, Prompt

_NS_PER_US = 1000
_ANSWERS = frozenset({"assistant", "tool"})
"""Roles of an answer: a tool's result answers the call that the assistant made, and goes with it."""


class Turn(NamedTuple):
    """One turn as the set has it."""

    said: tuple[Message, ...]
    answer: tuple[Message, ...] = ()


class Place(NamedTuple):
    """Where a request stands in its conversation: the record's fields of the same names."""

    turn: int = 0
    turns: int | None = None
    conversation: str | None = None
    """None also for the first turn, whose request gives the conversation its name."""
    think_us: int | None = None
    due_ns: int | None = None


ALONE = Place()
"""Of a request that is no turn of any conversation."""


def split(messages: Sequence[Message]) -> tuple[Turn, ...]:
    """The turns of a dialogue, in order; a dialogue in which no user speaks is one turn."""
    turns: list[Turn] = []
    now = Turn(())
    for message in messages:
        if message.role in _ANSWERS and _asks(now):
            now = Turn(now.said, (*now.answer, message))
        elif now.answer:
            turns.append(now)
            now = Turn((message,))
        else:
            now = Turn((*now.said, message))
    return (*turns, now) if _asks(now) or not turns else tuple(turns)


def _asks(turn: Turn) -> bool:
    return any(message.role == "user" for message in turn.said)


class Conversation:
    """A conversation under way: the turn that is up, and all that was said before."""

    def __init__(self, prompt: Prompt, *, live: bool, most: int | None = None) -> None:
        """`live`: the model's own answers become the history, in place of the set's. `most` bounds the turns."""
        self._prompt = prompt
        self._live = live
        self._turns = split(prompt.messages)[:most]
        self._turn = 0
        self._history: tuple[Message, ...] = ()

    @property
    def turns(self) -> int:
        """How many it is to have."""
        return len(self._turns)

    def asked(self) -> Prompt:
        """What is sent at this turn: the history, and what the user says now."""
        return msgspec.structs.replace(self._prompt, messages=(*self._history, *self._turns[self._turn].said))

    def go_on(self, text: str) -> bool:
        """The turn was answered with this text. Whether there is a next turn, which is then up.

        A live conversation ends where the model said nothing (it called a tool, or thought until its tokens were used
        up): most APIs refuse an empty answer in a history, and words of the set would not be the model's.
        """
        said, answer = self._turns[self._turn]
        if self._turn + 1 == self.turns or (self._live and not text):
            return False
        self._history += (*said, *((Message("assistant", mend(text)),) if self._live else answer))
        self._turn += 1
        return True


def following(record: Record, think_us: int | None) -> Place:
    """The place of the turn after one that went well, due when the user has thought for so long; at once if None."""
    assert record.sent_ns is not None, "what went well was sent"
    assert record.ended_us is not None
    ended_ns = record.sent_ns + record.ended_us * _NS_PER_US
    due_ns = None if think_us is None else ended_ns + think_us * _NS_PER_US
    return Place(record.turn + 1, record.turns, record.conversation, think_us, due_ns)
