"""Results come out of the database, newest first."""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    and_,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)

from service.store.averaging import count
from service.store.nouns import BadCursor, Page, Paged, ResultFilter, ResultRow
from service.store.scope import Scope, outcomes_of, scope
from service.store.tables import cohorts, from_us, prompts, results, sources, to_us

_CURSOR = re.compile(r"(-?[0-9]{1,18})\.([0-9]{1,18})")
"""The moment and the number of the last result of a page."""
_MOST_COHORTS = 100
"""That are searched each on its own: SQLite puts no more than 500 queries together."""

_rows = (
    select(
        results,
        sources.c.run,
        cohorts.c.model,
        cohorts.c.outcome,
        cohorts.c.phase,
        prompts.c.text.label("prompt_text"),
    )
    .join(sources, sources.c.id == results.c.source)
    .join(cohorts, cohorts.c.id == results.c.cohort)
    .outerjoin(prompts, prompts.c.id == results.c.prompt)
)


def stored(connection: Connection, source: int, request_ids: Sequence[str]) -> list[ResultRow]:
    """Those of a source that have one of the ids."""
    numbers = [row.id for row in connection.execute(_numbers(connection, source, request_ids))]
    if not numbers:
        return []
    return [_read(row) for row in connection.execute(_rows.where(results.c.id.in_(numbers)))]


def _numbers(connection: Connection, source: int, request_ids: Sequence[str]) -> Select[Any]:
    of_source = select(results.c.id).where(results.c.source == source)
    if connection.dialect.name == "sqlite":
        return of_source.where(results.c.request_id.in_(request_ids))
    # Of a table that grew since its statistics were made, PostgreSQL would read all rows of the source; so it is told to
    # look up one id after the other.
    wanted = func.unnest(literal(list(request_ids), ARRAY(Text))).table_valued("value").render_derived()
    found = of_source.where(results.c.request_id == wanted.c.value).limit(1).lateral()
    return select(found.c.id).select_from(wanted).join(found, true())


def search(connection: Connection, wanted: ResultFilter, page: Page) -> Paged[ResultRow]:
    """Newest first. Raises BadCursor."""
    meant = scope(connection, wanted, outcomes_of(wanted.outcome, None))
    after = [] if page.cursor is None else [_after(page.cursor)]
    ids = _newest(connection, meant, after, page)
    found = {row.id: _read(row) for row in connection.execute(_rows.where(results.c.id.in_(ids[: page.limit])))}
    items = [found[number] for number in ids[: page.limit]]
    more = f"{to_us(items[-1].timestamp)}.{ids[page.limit - 1]}" if len(ids) > page.limit else None
    return Paged(items, count(connection, meant), more)


def _after(cursor: str) -> ColumnElement[bool]:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise BadCursor("No page ended there: give the `next` of the page before.")
    last_us, last = int(found[1]), int(found[2])
    # Said twice, so that the index by time is used.
    earlier = or_(results.c.at_us < last_us, results.c.id < last)
    return and_(results.c.at_us <= last_us, earlier)


def _newest(connection: Connection, meant: Scope, after: list[ColumnElement[bool]], page: Page) -> list[int]:
    """The numbers of the page's results, and of the one that follows."""
    most = page.offset + page.limit + 1
    conditions = [*meant.rows, *after]
    found = select(results.c.id, results.c.at_us)
    if meant.all_cohorts:
        query = _ordered(found.where(*conditions), most)
    elif meant.rows_alone or len(meant.cohorts) > _MOST_COHORTS:
        query = _ordered(found.where(*conditions, results.c.cohort.in_(list(meant.cohorts))), most)
    else:
        # Of a rare cohort, a search of all results by time would find few among many.
        each = [_ordered(found.where(*conditions, results.c.cohort == cohort), most) for cohort in meant.cohorts]
        query = _together(each, most)
    return [row.id for row in connection.execute(query.offset(page.offset))]


def _ordered(query: Select[Any], most: int) -> Select[Any]:
    return query.order_by(results.c.at_us.desc(), results.c.id.desc()).limit(most)


def _together(queries: list[Select[Any]], most: int) -> Select[Any]:
    if not queries:
        return select(results.c.id).where(results.c.id < 0)
    merged = union_all(*(select(query.subquery()) for query in queries)).subquery()
    return select(merged.c.id).order_by(merged.c.at_us.desc(), merged.c.id.desc()).limit(most)


def _read(row: Row[Any]) -> ResultRow:
    return ResultRow(
        request_id=row.request_id,
        prompt_text=row.prompt_text,
        generated_text=row.generated_text,
        token_count=row.token_count,
        time_to_first_token=row.time_to_first_token,
        time_per_output_token=row.time_per_output_token,
        total_generation_time=row.total_generation_time,
        timestamp=from_us(row.at_us),
        run=row.run or None,
        point=row.point,
        users=row.users,
        model=row.model or None,
        outcome=row.outcome or None,
        phase=row.phase or None,
    )
