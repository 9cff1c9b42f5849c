"""The simulator's language: 64 short tokens, some of them of several bytes, ready for a JSON delta."""

import hashlib
import json
import random
from typing import NamedTuple

_TOKENS = (
    "the ", "a ", "of ", "to ", "and ", "in ", "is ", "it ", "for ", "on ", "model ", "token ", "stream ", "server ",
    "queue ", "batch ", "latency ", "answers ", "slowly ", "quickly ", "first ", "second ", "every ", "between ",
    "measured ", "truth ", "clock ", "time ", "gap ", "load ", "user ", "prompt ", ", ", ". ", "; ", ".\n", "é", "ü ",
    "café ", "naïve ", "déjà ", "größe ", "señor ", "数据", "模型", "速度", "并发", "的", "是", "。", "서버 ", "모델 ",
    "토큰 ", "속도 ", "は", "です", "—", "… ", "π ", "ж ", "👍 ", "42 ", '"so" ', "\\ ",
)  # fmt: skip

TOOL_NAME = "look_up"


class Piece(NamedTuple):
    """One token: its kind (t text, r reasoning, c tool call), what a client decodes, and its delta as JSON."""

    kind: str
    text: str
    delta: bytes

    @property
    def chars(self) -> int:
        """Unicode code points; a tool's name counts like its arguments."""
        return len(self.text)


def _encode(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _argument(text: str) -> Piece:
    return Piece("c", text, _encode({"tool_calls": [{"index": 0, "function": {"arguments": text}}]}))


_TEXT = [Piece("t", token, _encode({"content": token})) for token in _TOKENS]
_REASONING = [Piece("r", token, _encode({"reasoning_content": token})) for token in _TOKENS]
# Arguments are JSON inside a JSON string, so that a token is escaped twice.
_ARGUMENTS = [_argument(json.dumps(token, ensure_ascii=False)[1:-1]) for token in _TOKENS]
_ARGUMENTS_BEGIN = _argument('{"query":"')
_ARGUMENTS_END = _argument('"}')
_TOOL_CALL = {"index": 0, "id": "call_0", "type": "function", "function": {"name": TOOL_NAME, "arguments": ""}}
_TOOL_BEGIN = Piece("c", TOOL_NAME, _encode({"tool_calls": [_TOOL_CALL]}))


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


def draw_tool_call(answer_seed: int, count: int) -> list[Piece]:
    """`count` tokens of one tool call: its name, then arguments that are JSON where there are at least 3 tokens."""
    letters = random.Random(answer_seed).randbytes(count)  # noqa: S311
    middle = [_ARGUMENTS[letter & 63] for letter in letters[: max(0, count - 3)]]
    return [_TOOL_BEGIN, _ARGUMENTS_BEGIN, *middle, _ARGUMENTS_END][:count]
