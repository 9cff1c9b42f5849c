"""The report as one page that needs nothing else: no network, no other file."""

import base64
import hashlib
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
from markupsafe import Markup

from harness.metrics import CLIENT, LATENCIES, STREAM
from reports.charts import page_spec
from reports.charts.look import Figure, labels
from reports.charts.pareto import PARETO
from reports.charts.sides import comparison_figure
from reports.compare import Comparison
from reports.frames import Frames
from reports.library import library
from reports.models import Models
from reports.render import sections, sides
from reports.render.best import headline
from reports.render.chapters import chapters
from reports.render.models import FRONT, words
from reports.render.numbers import MISSING, significant
from reports.report import Report

_HERE = Path(__file__).parent


class Drawing(NamedTuple):
    """A panel as the template needs it. `spec` is Vega-Lite as JSON, None where there is nothing to draw."""

    title: str
    caption: str
    absent: str
    spec: Markup | None


class Section(NamedTuple):
    """A figure as the template needs it."""

    name: str
    title: str
    drawings: list[Drawing]


def render(report: Report, frames: Frames, drawn: Iterable[Figure]) -> str:
    """The page of a run, with the figures that were drawn of it."""
    return _page(
        "report.html.jinja",
        report=report,
        manifest=frames.manifest,
        figures={section.name: section for section in map(_section, drawn)},
        headline=headline(report),
        names=labels(report),
        facts=sections.facts(frames.manifest, report),
        options=sections.options(frames.manifest),
        summary=sections.summary(report),
        outcomes=sections.outcomes(report),
        faults=sections.faults(frames),
        chapters=chapters(report),
        locust=sections.locust_table(report, frames),
        details=sections.details(report),
        definitions=(*LATENCIES, *STREAM, *CLIENT),
    )


def render_comparison(comparison: Comparison) -> str:
    """The page of two runs side by side."""
    verdicts = (comparison.base_verdict, comparison.candidate_verdict)
    return _page(
        "comparison.html.jinja",
        comparison=comparison,
        worst=next(word for word in ("invalid", "doubtful", "trusted") if word in verdicts),
        runs=sides.runs(comparison),
        changes=sides.changes(comparison),
        unmatched=sides.unmatched(comparison),
        figure=_section(comparison_figure(comparison)),
        pairs=sides.pairs(comparison),
    )


def render_models(report: Report, frames: Frames, models: Models, drawn: Iterable[Figure]) -> str:
    """The page of several targets side by side, with the one among the figures drawn that sets them against each other."""
    return _page(
        "models.html.jinja",
        manifest=frames.manifest,
        words=words(models, report),
        figure=next(_section(figure) for figure in drawn if figure.name == PARETO),
        front=FRONT,
    )


def _section(drawn: Figure) -> Section:
    drawings = [Drawing(panel.title, panel.caption, panel.absent, _json(page_spec(panel))) for panel in drawn.panels]
    return Section(drawn.name, drawn.title, drawings)


def _json(spec: dict[str, Any] | None) -> Markup | None:
    # Inside a script element only `<` could end it: names from outside are in these rows.
    if spec is None:
        return None
    return Markup(json.dumps(spec, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c"))  # noqa: S704


def _page(template: str, **context: Any) -> str:
    scripts = [library(), _text("page.js")]
    return _environment().get_template(template).render(
        scripts=[Markup(script) for script in scripts],  # noqa: S704
        policy=_policy(scripts),
        style=Markup(_text("page.css")),  # noqa: S704
        **context,
    )  # fmt: skip


def _policy(scripts: list[str]) -> str:
    """Only our own scripts run, by their digests, and nothing is fetched from anywhere.

    So even a text that got past the escaping could neither run nor call home.
    """
    allowed = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    return f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:"


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


@cache
def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _number(value: float | None) -> str:
    """A figure or a limit of whatever unit, without the zeros that would pretend to be digits: 0.8, 30, 0.0267."""
    text = significant(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["number"] = _number
    environment.globals["dash"] = MISSING
    return environment
