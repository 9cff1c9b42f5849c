"""Every picture of a report, in one grammar: interactive in the page, SVG and PNG beside it. No browser, no network."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import vl_convert
from altair.utils.schemapi import debug_mode

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
_IN_A_ROW = 3
_RESOLVE = {"scale": {"color": "independent", "shape": "independent", "strokeDash": "independent"}}
"""Each panel has its own."""
_AT_THE_TOP = {"datasets", "params"}
_PAPER_INK, _PAPER = "#24292f", "white"
_PNG_SCALE = 1.5


def figures(report: Report, frames: Frames) -> list[Figure]:
    """All figures of a report, in the order in which they are read."""
    # Altair holds every piece against its schema: our tests let it, a report does not wait for that.
    with debug_mode(False):
        return _figures(report, frames)


def _figures(report: Report, frames: Frames) -> list[Figure]:
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
    if panel.spec is None:
        return None
    return panel.spec | {"width": "container", "height": _PANEL_HEIGHT, "config": look.config("currentColor")}


def file_spec(figure: Figure) -> dict[str, Any] | None:
    """A figure's Vega-Lite for paper: its panels three in a row, with their titles; None where all are empty."""
    drawn = [(panel.title, panel.spec) for panel in figure.panels if panel.spec is not None]
    if not drawn:
        return None
    charts = [_on_paper(spec, title) for title, spec in drawn]
    rows = [_side_by_side(charts[first : first + _IN_A_ROW]) for first in range(0, len(charts), _IN_A_ROW)]
    whole = rows[0] if len(rows) == 1 else {"vconcat": rows, "resolve": _RESOLVE}
    return whole | _shared(spec for _, spec in drawn) | {"config": look.config(_PAPER_INK) | {"background": _PAPER}}


def _on_paper(spec: dict[str, Any], title: str) -> dict[str, Any]:
    own = {key: value for key, value in spec.items() if key not in _AT_THE_TOP}
    return own | {"width": _PANEL_WIDTH, "height": _PANEL_HEIGHT, "title": title}


def _side_by_side(charts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"hconcat": list(charts), "resolve": _RESOLVE}


def _shared(specs: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """What Vega-Lite looks for only at the top: rows by name, and what can be picked, which says in which views."""
    top: dict[str, Any] = {"datasets": {}, "params": []}
    for spec in specs:
        top["datasets"] |= spec.get("datasets", {})
        top["params"] += spec.get("params", [])
    return {key: value for key, value in top.items() if value}


def save_plots(drawn: Iterable[Figure], directory: Path) -> None:
    """Write each figure as NAME.svg and NAME.png; one with nothing to draw leaves no file, not even an old one."""
    directory.mkdir(parents=True, exist_ok=True)
    for figure in drawn:
        spec = file_spec(figure)
        if spec is None:
            remove_plots([figure], directory)
        else:
            picture = vl_convert.vegalite_to_svg(spec, vl_version=VEGALITE)
            svg, png = _files(figure, directory)
            svg.write_text(picture, encoding="utf-8")
            png.write_bytes(vl_convert.svg_to_png(picture, scale=_PNG_SCALE))


def remove_plots(drawn: Iterable[Figure], directory: Path) -> None:
    """Take away what an earlier report wrote of these figures: it would show another one's numbers."""
    for figure in drawn:
        for file in _files(figure, directory):
            file.unlink(missing_ok=True)


def _files(figure: Figure, directory: Path) -> tuple[Path, Path]:
    return directory / f"{figure.name}.svg", directory / f"{figure.name}.png"
