"""How the requests that did not succeed ended, point by point."""

from collections.abc import Iterator

import altair as alt

from harness.outcome import Outcome
from reports.charts import look
from reports.charts.look import Figure, Panel, Row
from reports.report import Report

_ACROSS = alt.Axis(labelAngle=0, labelOverlap="greedy", grid=False)
_COLOURS = {
    Outcome.DROPPED: "#92959c",
    Outcome.ABORTED: "#7a7f88",
    Outcome.CONNECT: "#8a5a2b",
    Outcome.TLS: "#b0793f",
    Outcome.TIMEOUT_CONNECT: "#8f6fc8",
    Outcome.TIMEOUT_TOTAL: "#5a63d6",
    Outcome.TIMEOUT_FIRST_BYTE: "#2f7ebc",
    Outcome.TIMEOUT_IDLE: "#3f9bd1",
    Outcome.REFUSED_429: "#b07c00",
    Outcome.REFUSED_4XX: "#8b8a12",
    Outcome.SERVER_5XX: "#d55e00",
    Outcome.REDIRECT: "#5d8a1e",
    Outcome.MALFORMED: "#c2417c",
    Outcome.FAULT: "#a8569f",
    Outcome.CUT: "#d0453a",
    Outcome.EMPTY: "#0b8a83",
    Outcome.TRUNCATED: "#2c9e6a",
}


def errors_figure(report: Report) -> Figure:
    """Stacked bars of every outcome but ok, of the requests sent in the windows."""
    caption = (
        "Requests sent in each window that did not end well, by how they ended. Aborted ones were stopped by llocust "
        "itself and count neither as success nor as failure."
    )
    absent = "Every request that was sent in a window ended well: there are no errors to draw."
    if not any(point.requests.sent or point.requests.dropped for point in report.points):
        absent = "Nothing to draw: no request was sent in a window."
    panel = Panel("Requests that were not ok", caption, errors_chart(report), absent)
    return Figure("errors", "Errors by outcome", (panel,))


def errors_chart(report: Report) -> alt.LayerChart | None:
    """None where every request of the windows was ok."""
    rows = list(_rows(report))
    if not rows:
        return None
    seen = [outcome for outcome in _COLOURS if any(row["outcome"] == outcome for row in rows)]
    colours = alt.Scale(domain=[str(outcome) for outcome in seen], range=[_COLOURS[outcome] for outcome in seen])
    names = list(look.labels(report).values())
    bars = (
        alt.Chart(look.data(rows))
        .mark_bar(size=34)
        .encode(
            x=alt.X("label:N", title=None, scale=alt.Scale(domain=names), axis=_ACROSS),
            y=alt.Y("requests:Q", title="requests", axis=alt.Axis(format="~s", tickMinStep=1)),
            color=alt.Color("outcome:N", scale=colours, legend=alt.Legend(columns=4)),
            order="rank:O",
            tooltip=[
                alt.Tooltip("label:N", title="point"),
                alt.Tooltip("outcome:N", title="outcome"),
                alt.Tooltip("requests:Q", title="requests", format=","),
                alt.Tooltip("share:Q", title="of all sent", format=".2%"),
            ],
        )
    )
    return look.layered(bars)


def _rows(report: Report) -> Iterator[Row]:
    names = look.labels(report)
    for point in report.points:
        for rank, outcome in enumerate(_COLOURS):
            count = point.requests.outcomes.get(outcome, 0)
            if count:
                yield {
                    "label": names[point.key],
                    "outcome": str(outcome),
                    "rank": rank,
                    "requests": count,
                    "share": look.brief(count / max(point.requests.sent + point.requests.dropped, 1)),
                }
