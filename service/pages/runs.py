"""The list of runs."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from service.dependencies import StoreNow
from service.pages.address import Cursor, Searched, address
from service.pages.route import PageRoute
from service.pages.show import STATES, listed
from service.pages.site import page
from service.store.nouns import Page, RunFilter, RunState

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PER_PAGE = 25
_HERE = "/ui/runs"


@router.get("/ui")
@router.get("/ui/")
def begin() -> RedirectResponse:
    """Where the pages begin."""
    return RedirectResponse(_HERE, 303)


@router.get(_HERE)
def runs(
    *,
    request: Request,
    store: StoreNow,
    text: Searched = None,
    model: Searched = None,
    state: Annotated[RunState | Literal[""] | None, Query()] = None,
    workload: Searched = None,
    cursor: Cursor = None,
) -> HTMLResponse:
    """Newest first."""
    wanted = RunFilter(state or None, model or None, workload or None, text or None)
    found = store.runs(wanted, Page(limit=PER_PAGE, cursor=cursor or None))
    query = {"text": text, "model": model, "state": state, "workload": workload}
    return page(
        request,
        "runs.html.jinja",
        runs=[listed(run) for run in found.items],
        total=found.total,
        wanted=wanted,
        states=STATES,
        is_filtered=wanted != RunFilter(),
        is_first=not cursor,
        first=address(_HERE, **query),
        older=None if found.next is None else address(_HERE, **query, cursor=found.next),
    )
