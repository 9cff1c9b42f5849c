"""Charts held against Vega-Lite's own schema, which a report does not wait for."""

import contextlib

import pytest

from reports import charts
from reports.frames import Frames
from reports.report import Report


def valid_figures(report: Report, frames: Frames) -> set[str]:
    """Which figures of a report have something to draw. Altair raises where a part of one is no Vega-Lite."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charts, "debug_mode", lambda wanted: contextlib.nullcontext())
        drawn = charts.figures(report, frames)
    found = set()
    for figure in drawn:
        for panel in figure.panels:
            if panel.chart is not None:
                assert {**panel.chart.to_dict(), **panel.spec} == panel.chart.to_dict()
                found.add(figure.name)
    return found
