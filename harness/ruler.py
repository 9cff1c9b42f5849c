"""How long a text is, and where to cut it so that it has a certain length: in characters, or in tokens. Pure."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from harness.vocabulary import SHORTEST

_REACH = 24
"""Characters to both sides within which a better place to cut is looked for: the longest word, and some."""


class Fitted(NamedTuple):
    """Texts cut to measure."""

    texts: list[str]
    missed: int
    """How many of them have another length all the same."""


class Ruler(Protocol):
    """Measures text."""

    def words(self, length: int) -> int:
        """So many words are at least that long."""

    def heads(self, text: str, lengths: Sequence[int]) -> list[str]:
        """Beginnings of one text, of these lengths."""

    def fit(self, texts: Sequence[str], lengths: Sequence[int], least: int) -> Fitted:
        """Each text cut to its length, or as near to it as can be: at least `least` characters, and no blank at the end."""


class Characters(msgspec.Struct, frozen=True):
    """Characters; or tokens, if there are so many characters in one, and so many tokens beside the text."""

    per_token: float = 1.0
    beside: float = 0.0

    def words(self, length: int) -> int:
        return self._chars(length) // (SHORTEST + 1) + 1

    def heads(self, text: str, lengths: Sequence[int]) -> list[str]:
        return [text[: self._chars(length)] for length in lengths]

    def fit(self, texts: Sequence[str], lengths: Sequence[int], least: int) -> Fitted:
        places = [self._chars(length) for length in lengths]
        cut = [_closed(text[: max(place, least)]) for text, place in zip(texts, places, strict=True)]
        return Fitted(cut, sum(len(text) != place for text, place in zip(cut, places, strict=True)))

    def _chars(self, length: int) -> int:
        return max(round((length - self.beside) * self.per_token), 0)


def _closed(text: str) -> str:
    # Servers strip blanks from the ends of messages.
    return text[:-1] + "." if text.endswith(" ") else text


class Tokenizing(Protocol):
    """What of a tokenizer is needed; see harness.tokenizer."""

    def counts(self, texts: Sequence[str]) -> list[int]: ...

    def ends(self, texts: Sequence[str]) -> list[list[int]]: ...


class Tokens:
    """Tokens as a tokenizer cuts them, each word at least one."""

    def __init__(self, tokenizer: Tokenizing) -> None:
        self._tokenizer = tokenizer

    def words(self, length: int) -> int:
        return length + 1

    def heads(self, text: str, lengths: Sequence[int]) -> list[str]:
        (ends,) = self._tokenizer.ends([text])
        return [text[: _end(ends, length)] for length in lengths]

    def fit(self, texts: Sequence[str], lengths: Sequence[int], least: int) -> Fitted:
        places = [max(_end(*each), least) for each in zip(self._tokenizer.ends(texts), lengths, strict=True)]
        cut = [text[:place] for text, place in zip(texts, places, strict=True)]
        missed = 0
        # Cut in the midst of a word, what is left of it may become other tokens.
        for index, count in enumerate(self._tokenizer.counts(cut)):
            if count != lengths[index] or cut[index].endswith(" "):
                nearest = self._nearest(texts[index], lengths[index], places[index], least)
                cut[index] = nearest.text
                missed += nearest.off > 0
        return Fitted(cut, missed)

    def _nearest(self, text: str, length: int, place: int, least: int) -> "_Cut":
        around = range(max(place - _REACH, least), min(place + _REACH, len(text)) + 1)
        cut = [text[:end] for end in sorted(around, key=lambda end: abs(end - place)) if text[end - 1] != " "]
        # Where no place will do, a full stop most often makes up for the one token that lacks.
        tried = [*cut, *(each + "." for each in cut)]
        off = [abs(count - length) for count in self._tokenizer.counts(tried)]
        return _Cut(tried[off.index(min(off))], min(off))


class _Cut(NamedTuple):
    text: str
    off: int
    """Tokens by which it is longer or shorter than was wanted."""


def _end(ends: Sequence[int], length: int) -> int:
    """Where the token of that number ends; 0 for none."""
    return ends[min(length, len(ends)) - 1] if length and ends else 0
