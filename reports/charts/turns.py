"""Charts of conversations: what each turn took, a line a point."""

from collections.abc import Callable, Iterator

import altair as alt

from reports.charts import look
from reports.charts.look import Figure, Panel, Row
from reports.report import Report, TurnReport

_MS = 1000.0
_ABSENT = "Nothing to draw: no turn of a conversation went well in any window."
_Value = Callable[[TurnReport], float | None]


def turns_figure(report: Report) -> Figure:
    """TTFT and length of the prompt against the turn."""
    caption = "One line a point, medians of the ok turns sent in its window. Invalid points are grey."
    ttft = turns_chart(report, lambda turn: _ms(turn.ttft_s.p50), "TTFT p50 (ms)")
    prompt = turns_chart(report, lambda turn: turn.prompt_tokens.p50, "prompt tokens p50")
    return Figure(
        "turns",
        "Conversations, turn by turn",
        (
            Panel("Time to first token by turn", f"{caption} It rises where the history is read anew at each turn.",
                  ttft, _ABSENT),
            Panel("Prompt tokens by turn", f"{caption} By the server's own counts, history included.", prompt, _ABSENT),
        ),
    )  # fmt: skip


def turns_chart(report: Report, value: _Value, title: str) -> alt.LayerChart | None:
    """Lines over turns, the first turn being 1; None without any value."""
    rows = list(_rows(report, value))
    if not rows:
        return None
    turns = sorted({int(row["turn"]) for row in rows})
    colours = alt.Scale(domain=list(look.labels(report).values()), range=look.point_colours(report))
    lines = alt.Chart(look.data(rows)).encode(
        x=alt.X(
            "turn:Q",
            title="turn",
            scale=alt.Scale(nice=False, padding=12),
            axis=alt.Axis(values=turns, format="d", grid=False),
        ),
        y=alt.Y("value:Q", title=title, scale=look.value_scale([float(row["value"]) for row in rows])),
        color=alt.Color("label:N", scale=colours, legend=alt.Legend(columns=4, symbolType="stroke")),
        tooltip=[
            alt.Tooltip("label:N", title="point"),
            alt.Tooltip("turn:Q", title="turn"),
            alt.Tooltip("value:Q", title=title, format=",.5~g"),
            alt.Tooltip("sent:Q", title="turns sent"),
        ],
    )
    return look.layered(lines.mark_line(strokeWidth=2), lines.mark_point(filled=True, size=45, opacity=1))


def _rows(report: Report, value: _Value) -> Iterator[Row]:
    names = look.labels(report)
    for point in report.points:
        for turn in point.conversations.by_turn if point.conversations is not None else ():
            drawn = value(turn)
            if drawn is not None:
                yield {
                    "label": names[point.key],
                    "turn": turn.turn + 1,
                    "value": look.brief(drawn),
                    "sent": turn.sent,
                }


def _ms(value_s: float | None) -> float | None:
    return None if value_s is None else value_s * _MS
