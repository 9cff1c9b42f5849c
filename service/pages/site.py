"""What all pages share: the templates, the frame around them, and the files that go with them."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup, escape

from harness import __version__
from reports.render.numbers import MISSING
from service.pages.text import brief, visible
from service.safety.guard import token_of
from service.settings import Settings

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
_CODE = re.compile(r"`([^`]+)`")
PLACES = (("/ui/runs", "Runs"), ("/ui/start", "Start a run"), ("/ui/trend", "Trend"), ("/docs", "API"))


def page(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """A template, filled in."""
    return HTMLResponse(render(template, **frame(request), **context), status)


def render(template: str, **context: Any) -> str:
    """A template, filled in; what it shows is escaped, and is what it looks like."""
    return environment().get_template(template).render(**context)


def frame(request: Request) -> dict[str, Any]:
    """What is around every page: where one is, and as whom."""
    token = token_of(request.scope)
    return {
        "here": request.url.path,
        "places": () if is_stranger(request) else PLACES,
        "visitor": None if token is None else token.name,
        "may_run": may_run(request),
        "version": __version__,
    }


def is_stranger(request: Request) -> bool:
    """Whether a token is needed, and none was brought."""
    settings: Settings = request.app.state.settings
    return bool(settings.tokens) and token_of(request.scope) is None


def may_run(request: Request) -> bool:
    """Whether who looks at the page may begin and cancel runs."""
    settings: Settings = request.app.state.settings
    token = token_of(request.scope)
    return not settings.tokens or (token is not None and token.scope == "run")


@cache
def environment() -> jinja2.Environment:
    """Escapes everything, and turns away what a template does not know."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        finalize=_shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals["dash"] = MISSING
    made.filters["coded"] = coded
    made.filters["brief"] = lambda text: text and brief(text)
    return made


def coded(words: str) -> Markup:
    """Words of our own, with what stands between backticks as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(words))))  # noqa: S704 - escaped just now


def _shown(value: Any) -> Any:
    """Every value of every page comes through here, so that no template can forget it."""
    if value is None:
        return MISSING
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
