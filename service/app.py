"""The service as an ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from harness import __version__
from service import errors
from service.api import benchmark, compare, events, health, reports, results, root, runs
from service.api.seats import Seats
from service.jobs.jobs import Jobs
from service.jobs.recovery import recover
from service.pages import routes as pages
from service.safety.body import BodyLimit
from service.safety.guard import Guard
from service.safety.headers import SecurityHeaders
from service.settings import Settings
from service.store.store import Store

_QUIET: Any = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""FastAPI's own telemetry would copy bodies, and there are keys in them."""
_ROUTERS = (root, health, benchmark, runs, events, reports, compare, results, pages)


def create_app(settings: Settings) -> FastAPI:
    """The whole of it. When it starts it migrates the database, finds runs again, and opens the queue."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(begin, app, settings)
        try:
            yield
        finally:
            await run_in_threadpool(end, app)

    app = FastAPI(
        title="llocust",
        version=__version__,
        description="Benchmarks of LLM inference servers over HTTP, and a store that keeps every result.",
        lifespan=life,
        docs_url=None,  # they would fetch their scripts from elsewhere
        redoc_url=None,
        telemetry=_QUIET,
    )
    app.state.settings = settings
    errors.install(app)
    for module in _ROUTERS:
        app.include_router(module.router)
    # The last is the outermost.
    app.add_middleware(BodyLimit, limit_bytes=settings.limits.body_bytes)
    app.add_middleware(Guard, settings=settings)
    app.add_middleware(SecurityHeaders)
    return app


def begin(app: FastAPI, settings: Settings) -> None:
    """Open all that the calls need. Raises StoreError."""
    for directory in (settings.runs, settings.testsets, settings.imports):
        directory.mkdir(parents=True, exist_ok=True)
    store = Store(settings.database_url)
    store.migrate()
    jobs = Jobs(settings, store)
    jobs.start(recover(settings, store))
    app.state.store, app.state.jobs = store, jobs
    app.state.seats = Seats(settings.limits.listeners)


def end(app: FastAPI) -> None:
    """Close it again; runs go on."""
    app.state.jobs.stop()
    app.state.store.close()
