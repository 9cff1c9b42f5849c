"""A run is started from a form."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from service.dependencies import JobsNow, SettingsNow
from service.errors import Refused
from service.jobs.intake import take_in
from service.pages.form import KEY, Filled, Group, fields, fill, groups, place
from service.pages.route import PageRoute
from service.pages.site import may_run, page
from service.safety.files import shipped
from service.settings import Settings

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_MOST_SETS = 500
_AT_FIELDS = (403, 422)
"""Refusals that something in the form is to blame for."""


async def _sent(request: Request) -> dict[str, str]:
    body = (await request.body()).decode("utf-8", "replace")
    try:
        return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=100))
    except ValueError:
        raise Refused(422, "This is no form of ours.") from None


Sent = Annotated[dict[str, str], Depends(_sent)]


@router.get("/ui/start")
def form(request: Request, settings: SettingsNow) -> HTMLResponse:
    """An empty form."""
    if not may_run(request):
        raise Refused(403, "This token is for reading only.")
    return _form(request, _groups(settings), {"host": settings.suggested_host or ""}, Filled(None, {}, []))


@router.post("/ui/start")
def start(request: Request, settings: SettingsNow, jobs: JobsNow, sent: Sent) -> Response:
    """Start a run, or show the form again with what is wrong."""
    asked = _groups(settings)
    filled = fill(asked, sent)
    if filled.submission is None:
        return _form(request, asked, sent, filled)
    try:
        row = take_in(settings, jobs, filled.submission)
    except Refused as error:
        status = 422 if error.status in _AT_FIELDS else error.status
        return _form(request, asked, sent, place(asked, error.sentences), status)
    return RedirectResponse(f"/ui/runs/{row.id}", 303)


def _form(
    request: Request, asked: list[Group], sent: Mapping[str, str], filled: Filled, status: int | None = None
) -> HTMLResponse:
    values = {field.name: sent.get(field.name, field.initial) for field in fields(asked) if field.name != KEY}
    wrong = filled.mistakes or filled.others
    return page(
        request,
        "start.html.jinja",
        status or (422 if wrong else 200),
        groups=asked,
        values=values,
        mistakes=filled.mistakes,
        others=filled.others,
    )


def _groups(settings: Settings) -> list[Group]:
    return groups([*sorted(shipped()), *own_sets(settings.testsets)])


def own_sets(folder: Path) -> list[str]:
    """Files below the folder, by the names that a run takes."""
    if not folder.is_dir():
        return []
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return [path.relative_to(folder).as_posix() for path in found[:_MOST_SETS]]
