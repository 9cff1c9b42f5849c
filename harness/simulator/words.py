"""The simulator's language: 64 short tokens, some of them of several bytes, ready to be put into JSON."""

import hashlib
import json
import random
import re
from typing import NamedTuple

_TOKENS = (
    "the ", "a ", "of ", "to ", "and ", "in ", "is ", "it ", "for ", "on ", "model ", "token ", "stream ", "server ",
    "queue ", "batch ", "latency ", "answers ", "slowly ", "quickly ", "first ", "second ", "every ", "between ",
    "measured ", "truth ", "clock ", "time ", "gap ", "load ", "user ", "prompt ", ", ", ". ", "; ", ".\n", "é", "ü ",
    "café ", "naïve ", "déjà ", "größe ", "señor ", "数据", "模型", "速度", "并发", "的", "是", "。", "서버 ", "모델 ",
    "토큰 ", "속도 ", "は", "です", "—", "… ", "π ", "ж ", "👍 ", "42 ", '"so" ', "\\ ",
)  # fmt: skip

TOOL_NAME = "look_up"
_CUT = re.compile(r"\s?\S{1,6}|\s")


class Piece(NamedTuple):
    """One token: its kind (t text, r reasoning, c tool call), what a client decodes, and that as a JSON string."""

    kind: str
    text: str
    json: bytes
    names: bool = False
    """The token is the name of the tool, not a part of its arguments."""

    @property
    def chars(self) -> int:
        """Unicode code points; a tool's name counts like its arguments."""
        return len(self.text)


class Tokens(NamedTuple):
    """Token counts of one answer; `reasoning` is part of `output`."""

    prompt: int
    output: int
    reasoning: int


def encode(value: object) -> bytes:
    """JSON without spaces, in UTF-8 rather than escapes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _piece(kind: str, text: str, *, names: bool = False) -> Piece:
    return Piece(kind, text, encode(text), names)


_TEXT = [_piece("t", token) for token in _TOKENS]
_REASONING = [_piece("r", token) for token in _TOKENS]
# Arguments are JSON inside a JSON string, so that a token is escaped twice.
_ARGUMENTS = [_piece("c", json.dumps(token, ensure_ascii=False)[1:-1]) for token in _TOKENS]
_ARGUMENTS_BEGIN = _piece("c", '{"query":"')
_ARGUMENTS_END = _piece("c", '"}')
_TOOL_BEGIN = _piece("c", TOOL_NAME, names=True)


def seed_of(seed: int, prompt: str) -> int:
    """The number from which all that is random about an answer follows."""
    return int.from_bytes(hashlib.blake2b(f"{seed}\0{prompt}".encode("utf-8", "surrogatepass"), digest_size=8).digest())


def draw_count(answer_seed: int, mean: int) -> int:
    """How many tokens an answer has: uniform from half the mean to one and a half of it, at least 1."""
    return max(1, round(mean * random.Random(answer_seed).uniform(0.5, 1.5)))  # noqa: S311


def draw_text(answer_seed: int, count: int, reasoning: int = 0) -> list[Piece]:
    """`count` tokens, the first `reasoning` of them thought rather than said."""
    letters = random.Random(answer_seed).randbytes(count)  # noqa: S311
    thought = [_REASONING[letter & 63] for letter in letters[:reasoning]]
    return thought + [_TEXT[letter & 63] for letter in letters[reasoning:]]


def split_text(text: str) -> list[str]:
    """A text in tokens: up to six letters with the space before them, or a space."""
    return _CUT.findall(text)


def say(text: str) -> list[Piece]:
    """A text in tokens that are said."""
    return [_piece("t", token) for token in split_text(text)]


def draw_tool_call(answer_seed: int, count: int) -> list[Piece]:
    """`count` tokens of one tool call: its name, then arguments that are JSON where there are at least 3 tokens."""
    letters = random.Random(answer_seed).randbytes(count)  # noqa: S311
    middle = [_ARGUMENTS[letter & 63] for letter in letters[: max(0, count - 3)]]
    return [_TOOL_BEGIN, _ARGUMENTS_BEGIN, *middle, _ARGUMENTS_END][:count]


def draw_whole_call(answer_seed: int, count: int) -> list[Piece]:
    """The same tool call as one piece, for an API that sends it so. Its arguments are always JSON."""
    said = draw_tool_call(answer_seed, max(count, 3))
    return [_piece("c", "".join(piece.text for piece in said))]


def arguments_of(call: Piece) -> object:
    """The arguments of a whole call."""
    return json.loads(call.text.removeprefix(TOOL_NAME))
