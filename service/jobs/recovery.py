"""What an earlier service left: runs that waited, runs that still go on, and runs that ended while nobody looked."""

from datetime import UTC, datetime

from service.jobs.child import find
from service.jobs.directory import Directory
from service.jobs.job import Job
from service.settings import Settings
from service.store.nouns import Page, RunFilter, RunRow
from service.store.store import Store

_PAGE = 1_000
_KEY_GONE = "The service was restarted before the run began, and its API key was in memory alone; submit the run again, with the key."
_NOTHING_LEFT = "The service was restarted, and nothing is left of the run's directory; submit the run again."


def recover(settings: Settings, store: Store) -> list[Job]:
    """The jobs to go on with, in the order in which they were asked for. What cannot be gone on with has failed."""
    rows = [row for state in ("running", "queued") for row in _all(store, state)]
    jobs = [
        job for row in sorted(rows, key=lambda row: row.id) if (job := _recovered(settings, store, row)) is not None
    ]
    # What has begun needs no turn, only somebody to look after it.
    return sorted(jobs, key=lambda job: not job.directory.has_begun)


def _all(store: Store, state: str) -> list[RunRow]:
    rows: list[RunRow] = []
    cursor = None
    while True:
        page = store.runs(RunFilter(state=state), Page(limit=_PAGE, cursor=cursor))
        rows += [row for row in page.items if not row.imported]
        cursor = page.next
        if cursor is None:
            return rows


def _recovered(settings: Settings, store: Store, row: RunRow) -> Job | None:
    directory = Directory(settings.runs.resolve() / row.id)
    if directory.has_begun:
        return Job(directory, child=find(directory), cancelled=directory.was_cancelled)
    order = directory.order()
    if order is not None and not order.variables:
        return Job(directory)
    trouble = _NOTHING_LEFT if order is None else _KEY_GONE
    store.update_run(row.id, state="failed", ended=datetime.now(UTC), trouble=trouble)
    return None
