"""Texts made alike where they differ in nothing that matters: case, width, outer punctuation, white space. Pure."""

import re
import unicodedata

_OPENING = "\"'“‘«‹「『【《〈`*_~ "
_CLOSING = "\"'”’»›」』】》〉`*_~ .,;:!?。，；：！？、…"
_ROUNDS = 8
"""Brackets in brackets: nobody means more, and a text of brackets alone must not cost its length squared."""
_HEADING = re.compile(r"\A#+ ")
_ALIKE = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "−": "-", "–": "-"})

# Characters that are no letters of a word written with spaces: between them a word may begin anywhere.
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_IN_WORD = rf"[^\W_{_UNSPACED}]"
# An underscore joins the words of a name, as in snake_case, and otherwise is markdown: _Paris_, __Paris__.
_NO_WORD_BEFORE = rf"(?<!{_IN_WORD})(?<!{_IN_WORD}_)(?<!{_IN_WORD}__)"
_NO_WORD_AFTER = rf"(?!_*+{_IN_WORD})"


def fold(text: str) -> str:
    """Of one case, width and kind of quote, and with single spaces."""
    plain = text.strip()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKC", plain.translate(_ALIKE))
    return " ".join(plain.casefold().split())


def bare(text: str) -> str:
    """Folded, and without what stands around it: quotes, markdown, round brackets, a full stop."""
    left = _HEADING.sub("", fold(text))
    for _ in range(_ROUNDS):
        left = left.lstrip(_OPENING).rstrip(_CLOSING)
        if not (left.startswith("(") and left.endswith(")") and _is_one_pair(left)):
            break
        left = left[1:-1]
    # "..." and "!" are all that somebody said, and no nothing.
    return left or fold(text)


def _is_one_pair(text: str) -> bool:
    """Whether the first bracket is closed by the last, as in (a) but not in (a)(b)."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return place == len(text) - 1
    return False


def contains(text: str, expected: str) -> bool:
    """Whether `expected` stands in `text` as words of its own: no "cat" in "concatenate", no "5" in "15" or "5.2"."""
    wanted = bare(expected)
    inside = fold(text)
    if not wanted or wanted not in inside:
        return False
    before, after = _BEFORE[_kind(wanted[0])], _AFTER[_kind(wanted[-1])]
    place = inside.find(wanted)
    while place >= 0:
        if before.match(inside, place) and after.match(inside, place + len(wanted)):
            return True
        place = inside.find(wanted, place + 1)
    return False


def _kind(character: str) -> str:
    if character.isdigit():
        return "digit"
    return "letter" if _LETTER.match(character) else "other"


# Compiled once: with what is wanted between them a pattern would have to be compiled for each, which takes ten milliseconds.
_LETTER = re.compile(_IN_WORD)
_BEFORE = {
    "digit": re.compile(rf"{_NO_WORD_BEFORE}(?<!\d[.,])(?<![-+.])"),
    "letter": re.compile(_NO_WORD_BEFORE),
    "other": re.compile(""),
}
_AFTER = {
    "digit": re.compile(rf"{_NO_WORD_AFTER}(?![.,]\d)"),
    "letter": re.compile(_NO_WORD_AFTER),
    "other": re.compile(""),
}
