"""A run's progress as server-sent events.

    id: 12
    event: progress
    data: {"event":"tick","phase":"window",…}

    event: state
    data: {"id":"…","state":"running",…}

The id counts the lines of progress, so that a listener who comes back with Last-Event-ID misses none. `state` comes first, with
each change, and last of all.
"""

from collections.abc import AsyncIterator, Callable
from typing import Annotated, NamedTuple

import anyio
from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from service.api.run import RunId, known, shown
from service.dependencies import JobsNow, SeatsNow, SettingsNow, StoreNow
from service.errors import Refused, answers
from service.jobs.directory import Directory
from service.jobs.jobs import Jobs
from service.jobs.lines import Lines
from service.store.store import Store

router = APIRouter(prefix="/runs", tags=["runs"])

POLL_S = 0.25
HEARTBEAT_S = 15.0
"""Nothing for that long, and a comment tells proxies that the stream is alive."""
_RETRY_AFTER_S = 30
_EXAMPLE = {"text/event-stream": {"schema": {"type": "string"}}}


class Seen(NamedTuple):
    """What a look at a run shows that was not told yet."""

    blocks: list[bytes]
    over: bool


class Follower:
    """Looks at one run for one listener."""

    def __init__(self, directory: Directory, jobs: Jobs, store: Store, after: int) -> None:
        self._id = directory.id
        self._jobs = jobs
        self._store = store
        self._lines = Lines(directory.progress, after)
        self._told: str | None = None

    def look(self) -> Seen:
        """Reads the file and perhaps the database. Raises Refused where the run is not there (any more)."""
        # Before the lines: those of a run that is over now are all there.
        state = self._jobs.state(self._id)
        lines = [_block("progress", line.text, line.number) for line in self._lines.more()]
        changed = state is None or state != self._told
        self._told = state
        told = [self._state()] if changed else []
        return Seen([*lines, *told] if state is None else [*told, *lines], state is None)

    def _state(self) -> bytes:
        return _block("state", shown(known(self._store, self._id)).model_dump_json())


def _block(event: str, data: str, number: int | None = None) -> bytes:
    identity = "" if number is None else f"id: {number}\n"
    return f"{identity}event: {event}\ndata: {data}\n\n".encode()


@router.get(
    "/{run}/events",
    response_class=StreamingResponse,
    responses={**answers(404, 503), 200: {"content": _EXAMPLE, "description": "Server-sent events"}},
)
async def events(
    run: RunId,
    *,
    settings: SettingsNow,
    store: StoreNow,
    jobs: JobsNow,
    seats: SeatsNow,
    last_event_id: Annotated[str | None, Header(pattern=r"^[0-9]{1,9}$")] = None,
) -> StreamingResponse:
    """Progress while it is made, and each change of state; ends with the run."""
    follower = Follower(Directory(settings.runs / run), jobs, store, int(last_event_id or 0))
    first = await run_in_threadpool(follower.look)
    if not seats.take():
        raise Refused(503, "As many listen as may listen here.", headers={"Retry-After": str(_RETRY_AFTER_S)})
    return StreamingResponse(_stream(follower, first, seats.leave), media_type="text/event-stream")


async def _stream(follower: Follower, first: Seen, leave: Callable[[], None]) -> AsyncIterator[bytes]:
    seen, silent_s = first, 0.0
    try:
        while True:
            for block in seen.blocks:
                yield block
            if seen.over:
                return
            silent_s = 0.0 if seen.blocks else silent_s + POLL_S
            if silent_s >= HEARTBEAT_S:
                silent_s = 0.0
                yield b": still here\n\n"
            await anyio.sleep(POLL_S)
            seen = await run_in_threadpool(follower.look)
    finally:
        leave()
