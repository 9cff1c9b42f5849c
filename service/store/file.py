"""Results out of a JSON file in place of a database: {"benchmarking_results": [row, ...]}."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from service.store.averages import Average, Sums, Tallied, averages
from service.store.incoming import FileRow
from service.store.nouns import BadCursor, Page, Paged, ResultFilter, ResultRow, StoreError
from service.store.scope import DID_NOT_FAIL, Outcomes, outcomes_of

SWITCH = "SUPERBENCHMARK_DEBUG"
DEFAULT = "test_database.json"
_ON, _OFF = frozenset({"true", "1", "yes", "on"}), frozenset({"false", "0", "no", "off", ""})


def file_wanted(environ: Mapping[str, str], named: Path | None = None) -> Path | None:
    """The file that is served in place of the database, if the environment says so. Raises StoreError."""
    word = environ.get(SWITCH, "").strip().lower()
    if word in _OFF:
        return None
    if word in _ON:
        return named or Path(DEFAULT)
    raise StoreError(f"{SWITCH} must be True or False.")


class _File(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    benchmarking_results: list[FileRow]


class FileResults:
    """The rows of a file, read anew each time, so that it may be edited while it is served."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def results(self, wanted: ResultFilter | None = None, page: Page | None = None) -> Paged[ResultRow]:
        """As service.store.nouns.Results has it; a cursor is the number of rows before the page."""
        wanted, page = wanted or ResultFilter(), page or Page()
        outcomes = outcomes_of(wanted.outcome, None)
        rows = [row for row in self._rows() if _is_like(row, wanted, outcomes)]
        rows.sort(key=lambda row: row.timestamp, reverse=True)
        begin = _begin(page)
        end = begin + page.limit
        return Paged(rows[begin:end], len(rows), str(end) if end < len(rows) else None)

    def average(self, wanted: ResultFilter | None = None, *, by_model: bool = False) -> list[Average]:
        """As service.store.nouns.Results has it."""
        wanted = wanted or ResultFilter()
        outcomes = outcomes_of(wanted.outcome, DID_NOT_FAIL)
        tallied = [_tallied(row) for row in self._rows() if _is_like(row, wanted, outcomes)]
        return averages(tallied, by_model=by_model)

    def _rows(self) -> list[ResultRow]:
        try:
            read = _File.model_validate_json(self._path.read_bytes())
        except OSError as error:
            why = f"{self._path}, which {SWITCH}=True serves, cannot be read: {error.strerror}."
            raise StoreError(why) from None
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise StoreError(f"{self._path} is no file of results: {where}: {first['msg']}.") from None
        return [row.row() for row in read.benchmarking_results]


def _begin(page: Page) -> int:
    if page.cursor is None:
        return page.offset
    if not page.cursor.isdecimal():
        raise BadCursor("No page ended there: give the `next` of the page before.")
    return int(page.cursor) + page.offset


def _tallied(row: ResultRow) -> Tallied:
    sums = Sums()
    sums.add(row)
    return Tallied(row.model, sums)


def _is_like(row: ResultRow, wanted: ResultFilter, outcomes: Outcomes) -> bool:
    exact = ("run", "point", "model", "phase", "request_id")
    return (
        all(getattr(wanted, name) in (None, getattr(row, name)) for name in exact)
        and (outcomes is None or (row.outcome or "") in outcomes)
        and (wanted.begin is None or row.timestamp >= wanted.begin)
        and (wanted.end is None or row.timestamp <= wanted.end)
    )
