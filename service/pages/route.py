"""How a page that cannot be shown says so: as a page, not as JSON."""

from collections.abc import Callable, Coroutine, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from service.errors import Refused
from service.pages.site import page
from service.store.nouns import StoreError


class PageRoute(APIRoute):
    """What a page raises becomes a page."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own, with our ending."""
        handle = super().get_route_handler()

        async def show(request: Request) -> Response:
            try:
                return await handle(request)
            except Refused as error:
                return trouble(request, error.status, error.sentences)
            except RequestValidationError:
                return trouble(request, 422, ["This address is none that a page here leads to."])
            except StoreError as error:
                return trouble(request, 503, [str(error)])

        return show


def trouble(request: Request, status: int, sentences: Sequence[str]) -> HTMLResponse:
    """Why not."""
    return page(request, "trouble.html.jinja", status, title=HTTPStatus(status).phrase, sentences=sentences)
