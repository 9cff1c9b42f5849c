"""The runs that wait and those that go on: a bounded queue, and a thread for each run that may go on at once."""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from service.jobs.child import start
from service.jobs.ending import Ending, conclude
from service.jobs.environment import run_environment
from service.jobs.job import Job
from service.settings import Settings
from service.store.nouns import RunRow, RunState, StoreError
from service.store.store import Store

POLL_S = 0.1
"""Between two looks at a process."""
GRACES_S = (0.0, 180.0, 240.0)
"""Beyond its longest duration a run is asked to end, asked once more, and then killed."""
_RETRY_S = 5.0
_LEAVE_S = 10.0

_log = logging.getLogger("llocust.jobs")


class QueueFull(Exception):
    """As many runs wait as may wait."""


class Counts(NamedTuple):
    """Runs by what they do now."""

    queued: int
    running: int


class Jobs:
    """Begins runs in the order in which they were asked for, and sees them to their ends."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._queue: deque[Job] = deque()
        self._active: dict[str, Job] = {}
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, recovered: Iterable[Job] = ()) -> None:
        """Go on with what an earlier service left, and then with what comes."""
        self._queue.extend(recovered)
        for number in range(self._settings.at_once):
            thread = threading.Thread(target=self._work, name=f"llocust-run-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Leave the runs alone: those that go on are found again by the next service, and those that wait, too."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        until_s = time.monotonic() + _LEAVE_S
        for thread in self._threads:
            thread.join(max(until_s - time.monotonic(), 0.0))

    @property
    def counts(self) -> Counts:
        """How many there are."""
        with self._changed:
            return Counts(len(self._queue), len(self._active))

    @property
    def is_full(self) -> bool:
        """Whether no more runs may wait."""
        return self.counts.queued >= self._settings.limits.queue

    def submit(self, job: Job, row: RunRow) -> None:
        """Put a run behind those that wait. Raises QueueFull, StoreError."""
        with self._changed:
            if len(self._queue) >= self._settings.limits.queue:
                raise QueueFull
            self._store.add_run(row)
            self._queue.append(job)
            self._changed.notify()

    def job(self, run: str) -> Job | None:
        """The run, while it waits or goes on."""
        with self._changed:
            return self._active.get(run) or next((job for job in self._queue if job.id == run), None)

    def state(self, run: str) -> RunState | None:
        """Whether it waits or goes on; None where it does neither (any more)."""
        with self._changed:
            if run in self._active:
                return "running"
            return "queued" if any(job.id == run for job in self._queue) else None

    def cancel(self, run: str) -> bool:
        """Take a run from the queue, or ask it to end: at first, to follow what is in flight. False if it is neither."""
        with self._changed:
            job = self._active.get(run)
            if job is None:
                return self._withdraw(run)
            job.cancelled = True
            job.directory.mark_cancelled()
            if job.child is not None:
                job.child.ask_to_end()
            return True

    def _withdraw(self, run: str) -> bool:
        job = next((job for job in self._queue if job.id == run), None)
        if job is None:
            return False
        self._store.update_run(run, state="cancelled", ended=datetime.now(UTC))
        self._queue.remove(job)
        job.over.set()
        return True

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                self._carry_out(job)
            except Exception:  # noqa: BLE001 - whatever it is, it is logged
                # A thread that ended with it would leave all other runs waiting.
                _log.exception("The run %s cannot be seen to its end.", job.id)
                self._record(job, {"state": "failed", "trouble": "The service failed; its log says why."})
            finally:
                with self._changed:
                    self._active.pop(job.id, None)
                job.over.set()

    def _next(self) -> Job | None:
        with self._changed:
            while not self._queue:
                if self._stopping.is_set():
                    return None
                self._changed.wait()
            if self._stopping.is_set():
                return None
            job = self._queue.popleft()
            self._active[job.id] = job
            return job

    def _carry_out(self, job: Job) -> None:
        if job.child is None and not job.directory.has_begun:
            self._begin(job)
        self._follow(job)
        if not self._stopping.is_set():
            self._conclude(job)

    def _begin(self, job: Job) -> None:
        # Before the process is there: a run that is called running and has no process never got one.
        self._record(job, {"state": "running", "begun": datetime.now(UTC)})
        environment = run_environment(self._settings, job.directory.path, job.secrets)
        try:
            child = start(self._settings.program, job.directory, environment)
        except OSError as error:
            job.why = f"The run could not be started: {error.strerror}."
            return
        with self._changed:
            job.child = child
            if job.cancelled:
                child.ask_to_end()

    def _follow(self, job: Job) -> None:
        graces_s = deque(GRACES_S)
        while job.child is not None and job.child.is_alive() and not self._stopping.wait(POLL_S):
            if graces_s and time.time() - job.child.begun_s > self._settings.limits.duration_s + graces_s[0]:
                graces_s.popleft()
                self._end(job, killing=not graces_s)

    def _end(self, job: Job, *, killing: bool) -> None:
        assert job.child is not None
        limit_s = self._settings.limits.duration_s
        job.cancelled = True
        job.why = f"The run was ended after {limit_s:g} s, the longest that one may take here (--max-duration)."
        if killing:
            job.child.kill()
        else:
            job.child.ask_to_end()

    def _conclude(self, job: Job) -> None:
        ending = conclude(job.directory, self._settings.program, cancelled=job.cancelled, why=job.why)
        self._insist(lambda: self._keep(job, ending))

    def _keep(self, job: Job, ending: Ending) -> None:
        changes: dict[str, Any] = {"state": ending.state, "trouble": job.scrubbed(ending.trouble), **ending.facts}
        if ending.folder is not None:
            changes["folder"] = str(ending.folder.relative_to(self._settings.data.resolve()))
            # Rows before the state: a service that is killed in between finds a run to see to its end again.
            self._store.load_run(job.id, ending.folder)
        self._store.update_run(job.id, ended=datetime.now(UTC), **changes)

    def _record(self, job: Job, changes: dict[str, Any]) -> None:
        self._insist(lambda: self._store.update_run(job.id, **changes))

    def _insist(self, write: Any) -> None:
        """Until the database takes it, or the service ends: the next one then finds the run as it was."""
        while True:
            try:
                write()
            except StoreError as error:
                _log.warning("%s It is tried again.", error)
                if self._stopping.wait(_RETRY_S):
                    return
            else:
                return
