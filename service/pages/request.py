"""One request of a run, as the page of results shows it. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from reports.render.numbers import count, seconds
from service.store.nouns import ResultRow

_MS_PER_S = 1_000
MOST_SHOWN = 20_000
"""Characters of a text; the rest is in the run folder and in GET /results."""


class Shown(NamedTuple):
    """`prompt` and `answer` are what strangers wrote."""

    id: str
    words: str
    prompt: str | None
    answer: str | None


def shown(row: ResultRow) -> Shown:
    """The request, in words and texts."""
    return Shown(row.request_id, " · ".join(_words(row)), _cut(row.prompt_text), _cut(row.generated_text))


def _words(row: ResultRow) -> Iterator[str]:
    yield f"{row.timestamp:%Y-%m-%d %H:%M:%S} UTC"
    if row.outcome is not None:
        yield row.outcome
    if row.users is not None:
        yield f"{count(row.users)} user{'' if row.users == 1 else 's'}"
    if row.phase is not None:
        yield row.phase
    for name, value_ms in (("TTFT", row.time_to_first_token), ("TPOT", row.time_per_output_token), ("in all", row.total_generation_time)):  # fmt: skip
        if value_ms is not None:
            yield f"{name} {seconds(value_ms / _MS_PER_S)}"
    if row.token_count is not None:
        yield f"{count(row.token_count)} token{'' if row.token_count == 1 else 's'}"


def _cut(text: str | None) -> str | None:
    if text is None or len(text) <= MOST_SHOWN:
        return text
    return f"{text[:MOST_SHOWN]}\n… and {count(len(text) - MOST_SHOWN)} characters more"
