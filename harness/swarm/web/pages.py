"""The routes beside Locust's own: the page, its numbers, its scripts, and the report. All behind --web-login."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from flask import Blueprint, Response, request, send_file
from locust.web import WebUI

from harness.swarm.web.library import Library
from harness.swarm.web.show import Show

_HERE = Path(__file__).parent
_ASSETS = {
    "page.css": "text/css",
    **dict.fromkeys(("page.js", "charts.js", "tables.js", "words.js", "tab.js"), "text/javascript"),
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src data: blob:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
"""Only our own scripts run, and nothing is fetched from anywhere else."""


def add_pages(ui: WebUI, show: Show, library: Library) -> None:
    """Join Locust's application; `--web-base-path` goes before each of the routes."""
    options = ui.environment.parsed_options
    pages = Blueprint("llm", __name__, url_prefix=options.web_base_path if options is not None else None)

    def route(rule: str, view: Callable[..., Response]) -> None:
        pages.add_url_rule(rule, view.__name__, ui.auth_required_if_enabled(view))

    def page() -> Response:
        response = _file("page.html", "text/html")
        response.headers["Content-Security-Policy"] = _POLICY
        return response

    def asset(name: str) -> Response:
        return _file(name, _ASSETS[name]) if name in _ASSETS else _missing("There is no such file.")

    def vega() -> Response:
        return _lasting(Response(library.script(), mimetype="text/javascript"))

    def numbers() -> Response:
        after = {key: request.args.get(key, -1, type=int) for key in ("recent_after", "whole_after")}
        return _passing(Response(msgspec.json.encode(show.snapshot(**after)), mimetype="application/json"))

    def report(run: str) -> Response:
        # The name is looked up among the runs of this process; no path is made of it.
        path = show.report(run)
        if path is None:
            return _missing("There is no report of this run here.")
        return _passing(send_file(path.resolve(), mimetype="text/html"))

    route("/llm", page)
    route("/llm/<name>", asset)
    route("/llm/vega.js", vega)
    route("/llm/data", numbers)
    route("/llm/report/<run>", report)
    assert ui.app is not None
    ui.app.register_blueprint(pages)


def _file(name: str, mimetype: str) -> Response:
    return _passing(Response((_HERE / name).read_bytes(), mimetype=mimetype))


def _missing(sentence: str) -> Response:
    return Response(sentence, status=404, mimetype="text/plain")


def _passing(response: Response) -> Response:
    return _kept("no-store", response)


def _lasting(response: Response) -> Response:
    return _kept("private, max-age=86400", response)


def _kept(how: str, response: Response) -> Response:
    response.headers["Cache-Control"] = how
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
