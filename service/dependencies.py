"""What the calls are given: the parts of the app that live as long as it does."""

from typing import Annotated, cast

from fastapi import Depends, Request

from service.api.seats import Seats
from service.errors import Refused
from service.jobs.jobs import Jobs
from service.settings import Settings
from service.store.file import SWITCH, FileResults
from service.store.nouns import Results
from service.store.store import Store


def _settings(request: Request) -> Settings:
    return cast("Settings", request.app.state.settings)


def _store(request: Request) -> Store:
    return cast("Store", request.app.state.store)


def _results(request: Request) -> Results:
    """The store, or the file that is served in its place."""
    file = _settings(request).debug_file
    return _store(request) if file is None else FileResults(file)


def _writable(request: Request) -> Store:
    if _settings(request).debug_file is not None:
        raise Refused(409, f"Results are served from a file, as {SWITCH} says, and none can be added.")
    return _store(request)


def _jobs(request: Request) -> Jobs:
    return cast("Jobs", request.app.state.jobs)


def _seats(request: Request) -> Seats:
    return cast("Seats", request.app.state.seats)


SettingsNow = Annotated[Settings, Depends(_settings)]
StoreNow = Annotated[Store, Depends(_store)]
ResultsNow = Annotated[Results, Depends(_results)]
WritableNow = Annotated[Store, Depends(_writable)]
"""For rows from elsewhere."""
JobsNow = Annotated[Jobs, Depends(_jobs)]
SeatsNow = Annotated[Seats, Depends(_seats)]
