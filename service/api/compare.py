"""Two runs side by side, as `llocust compare` sees them."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Query
from fastapi.responses import Response

from harness.run import RunError
from reports.build import build
from reports.compare import CompareError, Comparison, compare
from reports.load import load
from reports.render import html, json
from service.api.run import known
from service.dependencies import SettingsNow, StoreNow
from service.errors import Refused, answers
from service.safety.headers import REPORTS
from service.settings import Settings
from service.store.store import Store

router = APIRouter(tags=["reports"])

Compared = Annotated[str, Query(pattern=r"^[A-Za-z0-9._-]{1,100}$", description="Id of a run")]
_CONTENT: dict[str, Any] = {
    "application/json": {"schema": {"type": "object"}},
    "text/html": {"schema": {"type": "string"}},
}


@router.get("/compare", response_class=Response, responses={**answers(404, 409), 200: {"content": _CONTENT}})
def side_by_side(
    base: Compared,
    candidate: Compared,
    settings: SettingsNow,
    store: StoreNow,
    accept: Annotated[str, Header(max_length=1_000)] = "application/json",
) -> Response:
    """The candidate against the base, point by point; a page where HTML is wanted."""
    comparison = _compare(settings, store, base, candidate)
    if "text/html" in accept:
        page = html.render_comparison(comparison)
        return Response(page, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": REPORTS})
    return Response(json.render(comparison), media_type="application/json")


def _compare(settings: Settings, store: Store, base: str, candidate: str) -> Comparison:
    folders = []
    for run in (base, candidate):
        folder = known(store, run).folder
        if folder is None:
            raise Refused(409, f"The run {run} has no results (yet).")
        folders.append(settings.data / folder)
    try:
        left, right = load(folders[0]), load(folders[1])
        return compare(build(left), build(right), left, right)
    except CompareError as error:
        raise Refused(409, *error.sentences) from None
    except (RunError, msgspec.DecodeError) as error:
        raise Refused(409, str(error)) from None
