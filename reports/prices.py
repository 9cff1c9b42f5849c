"""What tokens and machines cost, as the user's table says: prices.toml becomes a tariff.

The table is copied into the run folder, so that the same folder gives the same report wherever it is rebuilt.
"""

import math
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple
from unicodedata import category

from harness.run import PRICES, RunError, write_atomically
from reports.frames import Tariff
from reports.report import Price

_KINDS: dict[str, Literal["model", "target"]] = {"models": "model", "targets": "target"}
"""The tables of rows, and what their names are names of."""
_OF_TOKENS = ("input", "cached_input", "output", "reasoning")
_NUMBERS = (*_OF_TOKENS, "per_hour")
_OF_ROWS = (*_NUMBERS, "source")
_OF_TABLE = ("currency", "as_of", "source", *_KINDS)
_LONGEST_CURRENCY = 8
_DEAREST = 1e12
"""More is a slip, and what is reckoned from it may be beyond all numbers."""


class PricesError(Exception):
    """A table that cannot be used; `mistakes` are sentences for the user, all of them."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def read(path: Path) -> Tariff:
    """The table in a file. Raises PricesError."""
    return _look(path).tariff


def keep(folder: Path, path: Path) -> None:
    """Copy the table into a run folder, byte for byte, over the one it may have. Raises PricesError, RunError."""
    found = _look(path)
    try:
        write_atomically(folder / PRICES, found.text)
    except OSError as error:
        raise RunError(f"The prices cannot be written to {folder}: {error.strerror}.") from error


def load(folder: Path) -> Tariff | None:
    """The run folder's own table; None where it has none. Raises RunError."""
    path = folder / PRICES
    if not path.exists():
        return None
    try:
        return _look(path).tariff
    except PricesError as error:
        raise RunError(f"{error}\nPut another table in its place with --prices, or remove {path}.") from error


class _File(NamedTuple):
    text: bytes
    tariff: Tariff


def _look(path: Path) -> _File:
    try:
        text = path.read_bytes()
        return _File(text, parse(text.decode("utf-8"), str(path)))
    except OSError as error:
        raise PricesError([f"--prices {path} cannot be read: {error.strerror}."]) from error
    except UnicodeDecodeError as error:
        raise PricesError([f"{path} is not TOML: it is not encoded in UTF-8."]) from error


def parse(text: str, called: str) -> Tariff:
    """A table; `called` is the name of its file. Raises PricesError with all that is wrong with it."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PricesError([f"{called} is not TOML: {error}."]) from error
    mistakes = [f"{called}: {mistake}" for mistake in _mistakes(table)]
    if mistakes:
        raise PricesError(mistakes)
    rows = [_row(kind, name, row) for tables, kind in _KINDS.items() for name, row in table.get(tables, {}).items()]
    as_of = table.get("as_of")
    return Tariff(
        currency=table["currency"].strip(),
        as_of=None if as_of is None else str(as_of),
        source=_said(table.get("source")),
        rows=rows,
    )


def _row(kind: Literal["model", "target"], name: str, row: Mapping[str, Any]) -> Price:
    numbers = {key: float(row[key]) for key in _NUMBERS if key in row}
    return Price(name=name, of=kind, source=_said(row.get("source")), **numbers)


def _said(text: str | None) -> str | None:
    """A source that was left to be filled in is none."""
    return (text or "").strip() or None


def _mistakes(table: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"`{key}` is not a key; there are {', '.join(_OF_TABLE)}." for key in table if key not in _OF_TABLE)
    for key, (is_right, give) in _READ.items():
        if key in table and not is_right(table[key]):
            yield f"`{key}` is {_shown(table[key])}; give {give}."
    if "currency" not in table:
        yield 'it has no `currency`; say what the prices are in, currency = "USD".'
    if not any(table.get(tables) for tables in _KINDS):
        yield 'it has no prices; give a table for each model, [models."NAME"], or for each target, [targets."NAME"].'
    for tables in _KINDS:
        yield from _mistakes_of_tables(tables, table.get(tables, {}))


def _mistakes_of_tables(tables: str, named: Any) -> Iterator[str]:
    if not isinstance(named, dict):
        yield f'`{tables}` is {_shown(named)}; give a table for each name, [{tables}."NAME"].'
        return
    for name, row in named.items():
        called = f'[{tables}."{name}"]'
        if not isinstance(row, dict):
            yield f"{called} is {_shown(row)}; give a table of prices."
        else:
            yield from (f"{called}: {mistake}" for mistake in _mistakes_of_row(row))


def _mistakes_of_row(row: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"`{key}` is not a price; there are {', '.join(_OF_ROWS)}." for key in row if key not in _OF_ROWS)
    for key in _NUMBERS:
        if key in row and not _is_price(row[key]):
            yield f"`{key}` is {_shown(row[key])}; give a number of zero or more."
        elif row.get(key, 0) > _DEAREST:
            yield f"`{key}` is more than {_DEAREST:,.0f}; give a number that is a price."
    if "source" in row and not isinstance(row["source"], str):
        yield f"`source` is {_shown(row['source'])}; give a text."
    tokens = [key for key in _OF_TOKENS if key in row]
    if "per_hour" in row and tokens:
        yield f"it has both `per_hour` and `{tokens[0]}`; give what its time costs, or its tokens."
    elif "per_hour" not in row and not {"input", "output"} <= set(tokens):
        missing = [key for key in ("input", "output") if key not in tokens]
        yield f"it has no {' and no '.join(f'`{key}`' for key in missing)}; give input and output (0 for what is free), or per_hour."


def _is_price(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf


def _is_currency(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    name = value.strip()
    return 0 < len(name) <= _LONGEST_CURRENCY and all(sign.isalpha() or category(sign) == "Sc" for sign in name)


def _is_day(value: Any) -> bool:
    if isinstance(value, str):
        try:
            date.fromisoformat(value)
        except ValueError:
            return False
        return True
    return isinstance(value, date) and not isinstance(value, datetime)


class _Readable(NamedTuple):
    is_right: Callable[[Any], bool]
    give: str


_READ = {
    "currency": _Readable(_is_currency, "a name of a few letters, or a sign, such as USD or €"),
    "as_of": _Readable(_is_day, "the day of the prices, such as 2026-01-31"),
    "source": _Readable(lambda value: isinstance(value, str), "a text"),
}


def _shown(value: Any) -> str:
    return repr(value) if isinstance(value, str | int | float) else f"a {type(value).__name__}"
