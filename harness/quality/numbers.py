r"""The number that a text gives as its answer, and whether it is the one expected. Pure.

Read are thousands separators (1,234 · 1 234 with a narrow space · 1'234 · 1.234.567), decimal points and commas, signs,
1.5e3 and 1.5 × 10^3, 1/2, 1 1/2, ½ and \frac{1}{2}, 50%, 3 million, 3万5000, and full-width digits. Units are not compared.
"""

import decimal
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from harness.quality import boxed

DEFAULT_TOLERANCE = 1e-6
"""For what decimals lose in rounding. Two whole numbers have to be equal, unless a greater one is asked for."""

# Nothing in an answer may raise: what is out of bounds becomes NaN, which equals nothing.
_CONTEXT = decimal.Context(prec=60, Emax=999_999, Emin=-999_999, traps=[])

_RUN = r"[0-9]+(?:[.,'’\u00a0\u2009\u202f_][0-9]+)*|\.[0-9]+"
_NUMBER = re.compile(
    r"(?<![A-Za-z0-9_.^\\])(?P<sign>[-−–+])?[$€£¥₩]?(?:"
    r"(?<![0-9]/)(?:(?P<whole>[0-9]+)\s+)?(?P<upper>[0-9]+)\s*[/⁄]\s*(?P<lower>[0-9]+)(?![0-9]|[.,/⁄][0-9])"
    rf"|(?P<run>{_RUN})"
    r"(?:[eE](?P<power>[-+]?[0-9]+)(?![0-9A-Za-z])|\s*[×x*·]\s*10\s*\^\s*[{(]?(?P<raised>[-−+]?[0-9]+)[})]?)?)"
    r"(?:\s*(?P<times>(?:thousand|million|billion|trillion)\b|[百千]?[万萬]?[亿億]|[百千]?[万萬]|千|[백천]?[만억]|조))?"
    r"(?P<percent>\s*(?:%|percent\b|per cent\b|퍼센트))?"
)
_ENGLISH_TIMES = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_TIMES = {"百": 2, "백": 2, "千": 3, "천": 3, "万": 4, "萬": 4, "만": 4, "亿": 8, "億": 8, "억": 8, "조": 12}
"""Powers of ten; 千万 is the product of its two."""

_BY_COMMAS = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_BY_POINTS = re.compile(r"[1-9][0-9]{0,2}(?:(?:\.[0-9]{3}){2,}|(?:\.[0-9]{3})+(?=,))(?:,[0-9]+)?")
_PLAIN = re.compile(r"[0-9]*\.[0-9]+|[0-9]+")
_COMMA = re.compile(r"[0-9]+,[0-9]+")
_SPACED = re.compile(r"[1-9][0-9]{0,2}(?:(?P<gap>['’\u00a0\u2009\u202f_])[0-9]{3})(?:(?P=gap)[0-9]{3})*(?:[.,][0-9]+)?")
_GAP = re.compile(r"['’\u00a0\u2009\u202f_]")
_WHOLE = re.compile(r"-?[0-9]{1,30}")

_CUE = re.compile(
    r"####|\banswer[\s*_]*(?:is|would be|should be|equals|comes to|=|:|：)|答案[\s*_]*(?:应该|應該)?(?:是|为|為|等于|：|:|=)?"
    r"|정답[\s*_]*(?:은|:|：)|\b답은",
    re.IGNORECASE,
)

_FRACTION = re.compile(r"\\[dtc]?frac\s*(?:\{\s*([0-9]+)\s*\}\s*\{\s*([0-9]+)\s*\}|([0-9])([0-9]))")
_VULGAR = dict(
    zip(
        "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞",
        ["1/2", "1/3", "2/3", "1/4", "3/4", "1/5", "2/5", "3/5", "4/5", "1/6", "5/6", "1/8", "3/8", "5/8", "7/8"],
        strict=True,
    )
)
_VULGAR_SIGNS = re.compile(f"[{''.join(_VULGAR)}]")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_RAISED_SIGNS = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+")
_NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_SEPARATORS = re.compile(r"(?<=[0-9])(?:\{,\}|\\,|\\!|\\;)(?=[0-9]{3})")
_MINUS_WORDS = ("inus ", "egative ", "负", "負", "마이너스")
_MINUS = re.compile(r"(?<![0-9] )(?<![0-9])(?:\b(?:minus|negative)\s+|[负負]|마이너스\s*)(?=[0-9$])", re.IGNORECASE)


class Number(NamedTuple):
    """As it is written: 50 where it says 50%."""

    value: Decimal
    percent: bool = False


def find(text: str) -> Number | None:
    """The number that the text gives as its answer: the one boxed or named so, else the last; None where it gives none."""
    if _WHOLE.fullmatch(text.strip()) and text.isascii():
        return Number(Decimal(text.strip()))
    plain = _plain(text)
    inside = boxed.last(plain)
    if inside is not None and (number := _last(inside)):
        return number
    return _named(plain) or _last(plain)


def read(expected: str) -> Number | None:
    """The number that is expected, where the text is a number and nothing else."""
    plain = _plain(expected).strip().strip("$").strip()
    found = _NUMBER.match(plain)
    if found is None or plain[found.end() :].strip(" .。") or _is_list(found["run"]):
        return None
    return _number(found, plain)


def agree(found: Number, expected: Number, tolerance: float) -> bool:
    """Whether they are the same; where one alone is a percentage, 50 % is 0.5 as well as 50."""
    if _near(found.value, expected.value, tolerance):
        return True
    if found.percent == expected.percent:
        return False
    hundredth = Decimal("0.01")
    if found.percent:
        return _near(_CONTEXT.multiply(found.value, hundredth), expected.value, tolerance)
    return _near(found.value, _CONTEXT.multiply(expected.value, hundredth), tolerance)


def _near(one: Decimal, other: Decimal, tolerance: float) -> bool:
    if one.is_nan() or other.is_nan() or one.is_infinite() or other.is_infinite():
        return False
    if one == other:
        return True
    if tolerance <= DEFAULT_TOLERANCE and _is_whole(one) and _is_whole(other):
        return False
    apart = _CONTEXT.subtract(one, other).copy_abs()
    return bool(apart <= _CONTEXT.multiply(other.copy_abs(), Decimal(repr(tolerance))))


def _is_whole(value: Decimal) -> bool:
    return value == value.to_integral_value()


def _named(plain: str) -> Number | None:
    cues = list(_CUE.finditer(plain))
    if not cues:
        return None
    after = plain[cues[-1].end() :].lstrip(" \t\r\n*_:：$")
    line = after.partition("\n")[0]
    result = line.rpartition("=")[2]
    return next(_numbers(result), None) or next(_numbers(line), None) or next(_numbers(after), None)


def _last(plain: str) -> Number | None:
    numbers = list(_numbers(plain))
    return numbers[-1] if numbers else None


def _numbers(plain: str) -> Iterator[Number]:
    """In their order; 3万5000 is one."""
    parts: Number | None = None
    end = -2
    for found in _NUMBER.finditer(plain):
        number = _number(found, plain)
        if number is None:
            continue
        if parts is not None and end in (found.start(), found.start() - 1) and _goes_on(parts.value, number.value):
            parts = Number(_CONTEXT.add(parts.value, number.value), number.percent)
        else:
            if parts is not None:
                yield parts
            parts = number
        end = found.end() if found["times"] and not found["times"].isascii() else -2
    if parts is not None:
        yield parts


def _goes_on(value: Decimal, less: Decimal) -> bool:
    # To ask whether NaN is greater raises.
    return _CONTEXT.compare(value, less) == 1 and not less.is_signed()


def _number(found: re.Match[str], plain: str) -> Number | None:
    value = _fraction(found) if found["upper"] else _decimal(found)
    if value is None:
        return None
    if found["sign"] in ("-", "−", "–") and not _is_operand(plain, found.start() - 1):
        value = value.copy_negate()  # a plain minus rounds to 28 digits
    if found["times"]:
        value = _CONTEXT.scaleb(value, _power(found["times"]))
    return Number(value, bool(found["percent"]))


def _is_operand(plain: str, place: int) -> bool:
    """Whether what stands there makes of the sign after it a subtraction, or the dash of a range: 10-3, x-3, (2)-3."""
    return place >= 0 and plain[place].isascii() and (plain[place].isalnum() or plain[place] in ")]}%")


def _power(times: str) -> int:
    return _ENGLISH_TIMES[times] if times.isascii() else sum(_TIMES[each] for each in times)


def _fraction(found: re.Match[str]) -> Decimal | None:
    upper, lower = _CONTEXT.create_decimal(found["upper"]), _CONTEXT.create_decimal(found["lower"])
    if lower == 0:
        return None
    return _CONTEXT.add(_CONTEXT.create_decimal(found["whole"] or 0), _CONTEXT.divide(upper, lower))


def _decimal(found: re.Match[str]) -> Decimal | None:
    value = Decimal(_digits(found["run"]))
    power = (found["power"] or found["raised"] or "0").replace("−", "-")
    return _CONTEXT.scaleb(value, Decimal(power)) if power != "0" else value


def _digits(run: str) -> str:
    """A run of digits and separators, as Decimal reads it. Of a list such as 1,2,3 the last entry."""
    if _PLAIN.fullmatch(run):
        return run
    if _BY_COMMAS.fullmatch(run):
        return run.replace(",", "")
    if _BY_POINTS.fullmatch(run):
        return run.replace(".", "").replace(",", ".")
    if _SPACED.fullmatch(run):
        return _GAP.sub("", run).replace(",", ".")
    if _COMMA.fullmatch(run):
        return run.replace(",", ".")
    return re.split(r"[^0-9]", run)[-1]


def _is_list(run: str | None) -> bool:
    forms = (_PLAIN, _BY_COMMAS, _BY_POINTS, _SPACED, _COMMA)
    return run is not None and not any(form.fullmatch(run) for form in forms)


def _plain(text: str) -> str:
    """Full-width signs narrow, fractions as 1/2, powers as ^3, a minus as such."""
    if not text.isascii():
        text = text.translate(_NARROW)
        text = _VULGAR_SIGNS.sub(lambda sign: _apart(sign, _VULGAR[sign.group()]), text)
        text = _RAISED_SIGNS.sub(lambda signs: "^" + signs.group().translate(_RAISED), text)
    if "\\" in text:
        text = text.replace("\\times", "×").replace("\\cdot", "·").replace("\\%", "%").replace("\\$", "$")
        text = _SEPARATORS.sub("", text)
        text = _FRACTION.sub(lambda made: _apart(made, f"{made[1] or made[3]}/{made[2] or made[4]}"), text)
    elif "{,}" in text:
        text = _SEPARATORS.sub("", text)
    return _MINUS.sub("-", text) if any(word in text for word in _MINUS_WORDS) else text


def _apart(found: re.Match[str], fraction: str) -> str:
    """Set off from the whole number before it, as in 1½."""
    before = found.string[found.start() - 1 : found.start()]
    return f" {fraction}" if before.isdigit() else fraction
