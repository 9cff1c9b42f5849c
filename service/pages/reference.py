"""The page about the calls, made of /openapi.json: nothing is fetched from elsewhere."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from service.dependencies import SettingsNow
from service.pages.calls import calls, forms
from service.pages.route import PageRoute
from service.pages.site import page

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/docs")
def reference(request: Request, settings: SettingsNow) -> HTMLResponse:
    """Every call, with its parameters and a line of curl."""
    document: Mapping[str, Any] = request.app.openapi()
    return page(
        request,
        "reference.html.jinja",
        about=document["info"],
        calls=calls(document, str(request.base_url).rstrip("/"), with_token=bool(settings.tokens)),
        forms=forms(document),
        with_token=bool(settings.tokens),
    )
