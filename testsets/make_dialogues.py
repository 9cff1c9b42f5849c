"""Makes dialogues.jsonl: conversations of several turns, to be held turn by turn, out of the texts in dialogues.toml.

Run `python -m testsets.make_dialogues` after a change and put the new digest into README.md.
"""

import json
import tomllib
from pathlib import Path

import msgspec


class Turn(msgspec.Struct, frozen=True):
    """What the user says, and what the assistant answers to all but the last."""

    user: str
    assistant: str | None = None


class Dialogue(msgspec.Struct, frozen=True):
    """One conversation."""

    about: str
    turns: list[Turn]
    system: str | None = None


def read_dialogues() -> list[Dialogue]:
    """Those in dialogues.toml."""
    text = Path(__file__).with_name("dialogues.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text)["dialogues"], list[Dialogue])


def make(dialogues: list[Dialogue]) -> bytes:
    """The whole file, a dialogue a line."""
    rows = (_row(number, dialogue) for number, dialogue in enumerate(dialogues, start=1))
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _row(number: int, dialogue: Dialogue) -> dict[str, object]:
    opening = [] if dialogue.system is None else [_says("system", dialogue.system)]
    said = [message for turn in dialogue.turns for message in _spoken(turn)]
    return {"id": f"dialogue-{number:02d}", "messages": [*opening, *said], "about": dialogue.about}


def _spoken(turn: Turn) -> list[dict[str, str]]:
    asked = _says("user", turn.user)
    return [asked] if turn.assistant is None else [asked, _says("assistant", turn.assistant)]


def _says(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


if __name__ == "__main__":
    Path(__file__).with_name("dialogues.jsonl").write_bytes(make(read_dialogues()))
