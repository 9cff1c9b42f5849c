"""Every picture of a report, in one grammar: interactive in the page, SVG and PNG beside it. No browser, no network."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import altair as alt
import vl_convert

from reports.charts import look
from reports.charts.canaries import canaries_figure
from reports.charts.clock import run_clock
from reports.charts.errors import errors_figure
from reports.charts.health import health_figure
from reports.charts.look import Figure, Panel
from reports.charts.pareto import pareto_figure
from reports.charts.quality import quality_figure, quality_ttft_figure
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
_PANELS_IN_A_ROW = 3
_SCALES: dict[str, Literal["independent"]] = {
    "color": "independent",
    "shape": "independent",
    "strokeDash": "independent",
}
"""Each panel has its own."""
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
        quality_figure(report),
        quality_ttft_figure(report),
        canaries_figure(report),
        *([pareto_figure(report)] if len(look.targets_of(report)) > 1 else []),
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
    """A figure's Vega-Lite for paper: its panels three in a row, with their titles; None where all are empty."""
    charts = [
        panel.chart.properties(width=_PANEL_WIDTH, height=_PANEL_HEIGHT, title=panel.title)
        for panel in figure.panels
        if panel.chart is not None
    ]
    if not charts:
        return None
    rows = list(_rows(charts))
    whole = rows[0] if len(rows) == 1 else alt.vconcat(*rows).resolve_scale(**_SCALES)
    return _bare(whole.to_dict()) | {"config": look.config(_PAPER_INK) | {"background": _PAPER}}


def _rows(charts: Sequence[alt.LayerChart]) -> Iterator[alt.HConcatChart]:
    for first in range(0, len(charts), _PANELS_IN_A_ROW):
        yield alt.hconcat(*charts[first : first + _PANELS_IN_A_ROW]).resolve_scale(**_SCALES)


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
            drawn = vl_convert.vegalite_to_svg(spec, vl_version=VEGALITE)
            svg.write_text(drawn, encoding="utf-8")
            png.write_bytes(vl_convert.svg_to_png(drawn, scale=_PNG_SCALE))
