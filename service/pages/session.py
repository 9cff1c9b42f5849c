"""A browser logs in with a token, once, and carries it in a cookie that no script can read."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from service.dependencies import SettingsNow
from service.pages.address import within
from service.pages.route import PageRoute
from service.pages.site import page
from service.pages.start import Sent
from service.safety.guard import COOKIE
from service.safety.tokens import find

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/login")
def ask(
    request: Request, settings: SettingsNow, onward: Annotated[str, Query(alias="next", max_length=2_000)] = "/ui/runs"
) -> Response:
    """Ask for a token, if any is needed."""
    if not settings.tokens:
        return RedirectResponse(within(onward), 303)
    return _asking(request, onward, None)


@router.post("/login")
def log_in(request: Request, settings: SettingsNow, sent: Sent) -> Response:
    """Take the token, and go on."""
    token = sent.get("token", "").strip()
    onward = sent.get("next", "")
    if find(settings.tokens, token) is None:
        return _asking(request, onward, "This is none of the tokens of this service.")
    answer = RedirectResponse(within(onward), 303)
    answer.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=request.url.scheme == "https")
    return answer


@router.post("/logout")
def log_out() -> RedirectResponse:
    """Forget the token."""
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def _asking(request: Request, onward: str, mistake: str | None) -> HTMLResponse:
    return page(request, "login.html.jinja", 200 if mistake is None else 403, next=within(onward), mistake=mistake)
