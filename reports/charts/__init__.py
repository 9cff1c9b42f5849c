"""Every picture of a report, in one grammar: interactive in the page, SVG and PNG beside it. No browser, no network."""

from pathlib import Path
from typing import Any

import altair as alt
import vl_convert

from reports.charts import look
from reports.charts.clock import run_clock
from reports.charts.errors import errors_figure
from reports.charts.health import health_figure
from reports.charts.look import Figure, Panel
from reports.charts.spread import itl_figure, ttft_figure
from reports.charts.sweep import latency_figure, throughput_figure, tradeoff_figure
from reports.charts.timeline import shade, timeline_figure
from reports.charts.turns import turns_figure
from reports.frames import Frames
from reports.report import Report
from reports.window import is_request_bounded, place

VEGALITE = "6.4"
"""The version that both converts the pictures and runs in the page."""

_PANEL_WIDTH, _PANEL_HEIGHT = 380, 260
_PAPER_INK, _PAPER = "#24292f", "white"
_PNG_SCALE = 1.5


def figures(report: Report, frames: Frames) -> list[Figure]:
    """All figures of a report, in the order in which they are read."""
    bounded = is_request_bounded(frames.manifest)
    places = [place(point, request_bounded=bounded) for point in frames.points]
    clock = run_clock(frames.manifest, places)
    shading = shade(report, places, clock)
    return [
        latency_figure(report),
        throughput_figure(report),
        tradeoff_figure(report),
        ttft_figure(report, places),
        itl_figure(report, places),
        timeline_figure(places, clock, shading),
        turns_figure(report),
        errors_figure(report),
        health_figure(places, clock, shading),
    ]


def page_spec(panel: Panel) -> dict[str, Any] | None:
    """A panel's Vega-Lite for the page: as wide as its place, inked in the page's own colour."""
    if panel.chart is None:
        return None
    sized = panel.chart.properties(width="container", height=_PANEL_HEIGHT)
    return _bare(sized.to_dict()) | {"config": look.config("currentColor")}


def file_spec(figure: Figure) -> dict[str, Any] | None:
    """A figure's Vega-Lite for paper: its panels side by side, with their titles; None where all are empty."""
    charts = [
        panel.chart.properties(width=_PANEL_WIDTH, height=_PANEL_HEIGHT, title=panel.title)
        for panel in figure.panels
        if panel.chart is not None
    ]
    if not charts:
        return None
    whole = alt.hconcat(*charts).resolve_scale(color="independent", shape="independent", strokeDash="independent")
    return _bare(whole.to_dict()) | {"config": look.config(_PAPER_INK) | {"background": _PAPER}}


def _bare(spec: dict[str, Any]) -> dict[str, Any]:
    # Altair's own configuration gives way to ours; the schema's address has no business in a page that loads nothing.
    return {key: value for key, value in spec.items() if key not in {"$schema", "config"}}


def save_plots(report: Report, frames: Frames, directory: Path) -> None:
    """Write each figure as NAME.svg and NAME.png; one with nothing to draw leaves no file, not even an old one."""
    directory.mkdir(parents=True, exist_ok=True)
    for figure in figures(report, frames):
        spec = file_spec(figure)
        svg, png = directory / f"{figure.name}.svg", directory / f"{figure.name}.png"
        if spec is None:
            svg.unlink(missing_ok=True)
            png.unlink(missing_ok=True)
        else:
            svg.write_text(vl_convert.vegalite_to_svg(spec, vl_version=VEGALITE), encoding="utf-8")
            png.write_bytes(vl_convert.vegalite_to_png(spec, vl_version=VEGALITE, scale=_PNG_SCALE))
