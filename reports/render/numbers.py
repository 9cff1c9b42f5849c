"""How a number is written for people, in one place. None is an en dash: not observed. Pure."""

MISSING = "–"
_SECONDS = ((1.0, "s", 1.0), (1e-3, "ms", 1e3), (1e-6, "µs", 1e6))


def significant(value: float | None, digits: int = 3) -> str:
    """Three significant digits, thousands separated, whole numbers from a thousand on: 0.0123, 56.4, 12,346."""
    if value is None:
        return MISSING
    rounded = (
        float(f"{value:.{digits}g}") if abs(value) < 10 ** (digits - 1) else round(value, _decimals(value, digits))
    )
    return f"{rounded:,.{_decimals(rounded, digits)}f}"


def _decimals(value: float, digits: int) -> int:
    if value == 0:
        return 0
    exponent = int(f"{value:e}".partition("e")[2])
    return max(digits - 1 - exponent, 0)


def seconds(value: float | None) -> str:
    """350 µs, 104 ms, 1.32 s."""
    if value is None:
        return MISSING
    for least, unit, factor in _SECONDS:
        # 0.9996 s is 1.00 s, not 1000 ms: the unit follows the rounded number.
        if float(f"{abs(value):.3g}") >= least:
            return f"{significant(value * factor)} {unit}"
    return "0 s" if value == 0 else f"{significant(value * 1e6)} µs"


def rate(value: float | None) -> str:
    """Anything per second, without its unit: 56.4, 225, 12,346."""
    return significant(value)


def count(value: int | None) -> str:
    """1,234."""
    return MISSING if value is None else f"{value:,}"


def ratio(value: float | None) -> str:
    """A ratio 0..1 in per cent: 99.2 %. Never rounded to 100 % or 0 % unless it is."""
    if value is None:
        return MISSING
    percent = value * 100
    text = f"{percent:.1f}"
    if text == "100.0" and value < 1:
        return "> 99.9 %"
    if text == "0.0" and value > 0:
        return "< 0.1 %"
    return f"{text.removesuffix('.0')} %"


def factor(value: float | None) -> str:
    """A quotient: ×1.25."""
    return MISSING if value is None else f"×{significant(value)}"


def in_unit(value: float | None, unit: str) -> str:
    """By the unit of a metric: s and s/token as seconds, ratio in per cent, the rest as a rate."""
    if unit in ("s", "s/token"):
        return seconds(value)
    return ratio(value) if unit == "ratio" else rate(value)


def signed(value: float | None, unit: str) -> str:
    """A difference with its sign: +12.3 ms, −4.1 %; none for no difference."""
    if value is None:
        return MISSING
    sign = "−" if value < 0 else "+" if value > 0 else ""
    return f"{sign}{in_unit(abs(value), unit)}"


def in_units_of(difference: float | None, kind: str) -> str:
    """A difference of scores with its sign: of ratios in percentage points, −3.2 pp; of means as they are."""
    if difference is None:
        return MISSING
    sign = "−" if difference < 0 else "+" if difference > 0 else ""
    amount = abs(difference)
    return f"{sign}{significant(amount * 100)} pp" if kind == "ratio" else f"{sign}{significant(amount)}"


def probability(value: float | None) -> str:
    """A p: 0.034; never 0, since it never is: < 0.0001."""
    if value is None:
        return MISSING
    return "< 0.0001" if value < 1e-4 else f"{value:.2g}"


def money(value: float | None, currency: str) -> str:
    """An amount with the name of its currency: 0.00123 USD. It is never rounded to whole cents: most are far below one."""
    return MISSING if value is None else f"{significant(value)} {currency}"


def prompts_compared(shared: int, others: int) -> str:
    """What a comparison rests on: prompts of both sides, and those of one."""
    return f"{count(shared)} + {count(others)}" if others else count(shared)
