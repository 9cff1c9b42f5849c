"""The files that go with the pages."""

from fastapi import APIRouter
from fastapi.responses import FileResponse

from service.errors import Refused
from service.pages.route import PageRoute
from service.pages.site import STATIC

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_TYPES = {"page.css": "text/css", "live.js": "text/javascript"}


@router.get("/static/{name}")
def asset(name: str) -> FileResponse:
    """One of them. The name is looked up; no path is made of it."""
    if name not in _TYPES:
        raise Refused(404, "There is no such file.")
    return FileResponse(STATIC / name, media_type=_TYPES[name])
