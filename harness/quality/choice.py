"""The letter that an answer to a multiple choice question chooses, A to J. Pure.

Looked for in this order, and of each the last one counts, as who thinks aloud says the answer in the end: what is boxed;
what is called the answer; a last line that is but a letter; what is called correct; a letter at the very beginning; the only letter there is.
"""

import re
from collections.abc import Iterator

from harness.quality import boxed

_UP = "(?-i:[A-J])"
# What may stand between a cue and its letter, and around the letter: markdown, brackets, quotes, LaTeX.
# All of it is possessive (*+): a model that has come off the rails says ten thousand asterisks.
_MARKS = r"[\s*_`\"'“”‘’「」『』（(\[【<$:：=]*+(?:\\(?:text|mathrm|mathbf|textbf|boxed)\s*\{\s*)*+[*_(（]*+"
_END = r"(?![A-Za-z0-9]|['’][a-z])"
# "A or B" chooses nothing, and "I think" is nobody's answer.
_SURE = r"(?!['\"*_)）\s]*(?:/|\bor\b|\band\b|或者?|或|和|与|및|또는)\s*[(（*_\"']*(?-i:[A-J])(?![A-Za-z]))(?!(?<=I)\s+[a-z'’])"
_LETTER = rf"(?P<letter>{_UP}){_END}{_SURE}"
_SMALL = rf"(?P<letter>[a-j])(?=[)）.\]*_}}`\"']|\s*$)(?![.][a-z]){_SURE}"
_LEAD = r"(?:(?:the )?(?:option|choice|letter|answer)|选项|選項)?"
# "not A but B"; a denial with nothing after it chooses nothing.
_NOT_THAT = (
    rf"(?:(?:not|不是|并非|非)\s*{_MARKS}{_UP}{_END}[^A-Za-z\n]{{0,4}}(?:but|rather|而是|应该是|应为|，是|,是)\s*)?"
)

_ENGLISH_CUE = (
    r"\b(?:answers?|choices?|options?|solution|conclusion)(?: (?:here|choice|option|to (?:this|the) (?:question|problem)))?"
    r"[\s*_]*+(?:(?:is|would be|should be|must be|will be|=|:|：)[\s*_]*+)+(?:therefore |thus |clearly |definitely |most likely |likely |probably )?"
)
_CHOOSING_CUE = r"\bi(?:'d| would| will|'ll)? (?:choose|pick|select|go with|say)\b"
_CHINESE_CUE = (
    r"(?:答案|正确选项|正確選項|正解|选项(?=[是为：:]))(?:应该|應該|应|應|就|显然|因此|选择|選擇|选|選)*[\s*_]*+(?:是|为|為|选|選|：|:|=)?"
    r"|(?<![不能别非])(?:故|应|應|所以|因此|我|可|则|须)?(?:选择|選擇|选|選)(?![项項])(?:项|項)?(?:是|为|：|:)?"
)
_KOREAN_CUE = r"(?:정답|답)(?:은|이|:|：)?"

_IN_BOX = re.compile(r"[\s(]*(?:\\[a-z]+\s*\{)?[\s(]*(?P<letter>[A-J])(?=[\s)}.:,]*\Z|[).:：、])")
_NAMED = re.compile(
    rf"(?:{_ENGLISH_CUE}|{_CHOOSING_CUE}|{_CHINESE_CUE}|{_KOREAN_CUE})\s*+{_NOT_THAT}{_MARKS}{_LEAD}{_MARKS}{_LETTER}",
    re.IGNORECASE,
)
_NAMED_SMALL = re.compile(rf"(?:{_ENGLISH_CUE})\s*+{_MARKS}{_LEAD}{_MARKS}{_SMALL}", re.IGNORECASE)
_CALLED_CORRECT = re.compile(
    rf"(?<![A-Za-z])(?P<letter>{_UP})(?![A-Za-z])[\s*_)）\"'”’」.]*+(?:项|項|选项)?\s*"
    r"(?:is (?:the |therefore the |clearly the )?(?:correct|right|best|true|answer)|(?:是|才是|为)?(?:正确|正確|对的|答案)|[가이]? ?(?:정답|맞))",
    re.IGNORECASE,
)
_LONELY = re.compile(r"[\W_]*(?P<letter>[A-Ja-j])[\W_]*")
# Who begins with several, as in "A, C and D are wrong", has not begun with the answer.
_AND = r"(?:and\b|or\b|或者?|[和与])"
_NOT_SEVERAL = rf"(?!\s*(?:[,，、]\s*[A-J]\s*(?:[,，、]|{_AND})|{_AND}\s*[A-J](?![A-Za-z])))"
_FIRST = re.compile(
    rf"\A[\s*_(（\[【\"'“「#>]*(?:Option |选项)?(?P<letter>[A-J]){_NOT_SEVERAL}(?:[)）\]】*_\"'”」]*(?:[.:：．、，,。;；\n)）]|\Z)|[*_)）\]】]|(?=[\u3400-\u9fff\uac00-\ud7af])|(?<![AI])\s)"
)
_LONE = re.compile(r"(?<![A-Za-z0-9'’+#-])(?P<letter>[A-J])(?![A-Za-z0-9'’+#-]|\.[A-Za-z])(?!(?<=[AI]) +[a-z'’])")
_NEGATED = re.compile(r"(?:\bnot|n['’]t)[\s*_(]+[A-J]\b|不是[\s*_(]*[A-J](?![A-Za-z])")
_SEVERAL = re.compile(r"(?<![A-Za-z])[A-J]\W{0,6}(?:/|\bor\b|\band\b|或者?|和|与|및|또는)\W{0,6}[A-J](?![A-Za-z])")


def choose(text: str) -> str | None:
    """The letter chosen; None where there is none, or more than one with nothing to say which."""
    plain = _narrow(text)
    if len(plain) == 1:
        return plain.upper() if plain in "ABCDEFGHIJabcdefghij" else None
    for letter in _signs(plain):
        if letter is not None:
            return letter
    if _SEVERAL.search(plain):
        return None
    lone = {found["letter"] for found in _LONE.finditer(_NEGATED.sub(" ", plain))}
    return lone.pop() if len(lone) == 1 else None


def read(expected: str) -> str | None:
    """The letter that is expected; None where it is no letter A to J."""
    letter = _narrow(expected).strip(" ()[].:*\"'").upper()
    return letter if len(letter) == 1 and letter in "ABCDEFGHIJ" else None


def _signs(plain: str) -> Iterator[str | None]:
    """What each kind of sign says, the surest first."""
    inside = boxed.last(plain)
    yield _only(_IN_BOX.match(inside)) if inside is not None else None
    yield _last(_NAMED, plain)
    yield _last(_NAMED_SMALL, plain)
    yield _only(_LONELY.fullmatch(plain.rpartition("\n")[2]))
    yield _last(_CALLED_CORRECT, plain)
    yield _only(_FIRST.match(plain))


def _only(found: re.Match[str] | None) -> str | None:
    return found["letter"].upper() if found is not None else None


def _last(pattern: re.Pattern[str], text: str) -> str | None:
    letter: str | None = None
    for found in pattern.finditer(text):
        letter = found["letter"].upper()
    return letter


_WIDE = {wide: wide - 0xFEE0 for wide in (*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
_WIDE |= {0x24B6 + place: 0x41 + place for place in range(26)}


def _narrow(text: str) -> str:
    """Letters of full width (Ａ) or in circles (Ⓐ) as plain ones."""
    plain = text.strip()
    return plain if plain.isascii() else plain.translate(_WIDE)
