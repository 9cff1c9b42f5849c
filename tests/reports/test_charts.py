import json

import numpy as np
import pandas as pd
import pytest
from support.charts import valid_figures
from support.folders import MS, T0, S, health, manifest, phases, point, process, record, refused, write_point, write_run

from harness.outcome import Outcome
from harness.run import Anchor, write_manifest
from reports.build import build
from reports.charts import figures, file_spec, look, page_spec, save_plots
from reports.charts.clock import end_of, run_clock, window_span
from reports.charts.errors import _COLOURS, errors_chart, errors_figure
from reports.charts.health import worst_by_bin
from reports.charts.spread import itl_ms, ttft_ms
from reports.charts.sweep import latency_figure, tradeoff_chart
from reports.charts.timeline import FAILURE, IN_WINDOW, OUTSIDE, mean_in_flight, sample
from reports.load import load
from reports.window import place

NAMES = [
    *("latency", "throughput", "tradeoff", "ttft", "itl", "timeline", "turns"),
    *("quality", "quality_ttft", "canaries", "errors", "health"),
]


def loaded(folder):
    frames = load(folder)
    return build(frames), frames


def placed(folder):
    frames = load(folder)
    return [place(each, request_bounded=False) for each in frames.points]


def a_sweep(folder, rows):
    """`rows`: (point, records) each."""
    folder.mkdir(parents=True, exist_ok=True)
    write_manifest(folder, manifest([row for row, _ in rows]))
    for row, records in rows:
        write_point(folder, row, records)
    return folder


@pytest.fixture
def two_points(tmp_path):
    later = phases(start_ns=T0 + 20 * S)
    return a_sweep(
        tmp_path / "run",
        [
            (point(1, 1), [record(n * 145, seq=n) for n in range(69)]),
            (
                point(2, 4, phases={"w0": later}),
                [record(20_000 + n * 50, seq=n, point=2) for n in range(150)]
                + [refused(20_000 + n * 900, seq=1000 + n, point=2) for n in range(5)]
                + [refused(19_000, seq=2000, point=2, phase="settle")],
            ),
        ],
    )


def layers(panel):
    """The rows of each layer of a chart, found by name as Vega-Lite does."""
    spec = page_spec(panel)
    names = [layer.get("data", spec.get("data"))["name"] for layer in spec["layer"]]
    return [spec["datasets"][name] for name in names]


# Colours, scales and names


def luminance(colour):
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(
    "colour", sorted({look.BLUE, look.ORANGE, look.PURPLE, look.GREY, *look.ramp_of(12), *_COLOURS.values()})
)
@pytest.mark.parametrize("paper", ["#ffffff", "#14171a"])
def test_every_colour_can_be_seen_on_white_and_on_near_black(colour, paper):
    # 3 : 1 is what WCAG asks of the parts of a graphic; a hair less is let pass for twelve steps of a ramp.
    assert contrast(colour, paper) >= 2.9


def test_every_way_to_fail_has_its_own_colour():
    assert set(_COLOURS) == set(Outcome) - {Outcome.OK}
    assert len(set(_COLOURS.values())) == len(_COLOURS)


def test_an_axis_is_logarithmic_only_where_values_lie_far_apart_and_none_is_zero():
    assert look.value_scale([1.0, 20.0]).to_dict()["type"] == "linear"
    assert look.value_scale([1.0, 21.0]).to_dict()["type"] == "log"
    assert look.value_scale([0.0, 1.0, 21.0]).to_dict()["type"] == "linear"
    assert look.value_scale([0.0, 0.0]).to_dict()["domain"] == [0, 1]


def test_points_are_called_by_their_users_and_told_apart(tmp_path):
    folder = a_sweep(tmp_path / "run", [(point(1, 1), []), (point(2, 4), []), (point(3, 4), [])])
    report, _ = loaded(folder)
    assert list(look.labels(report).values()) == ["1 user", "4 users (point 2)", "4 users (point 3)"]


def test_a_target_is_named_where_there_are_several(tmp_path):
    folder = a_sweep(tmp_path / "run", [(point(1, 4, target="a"), []), (point(2, 4, target="b"), [])])
    report, _ = loaded(folder)
    assert list(look.labels(report).values()) == ["4 users, a", "4 users, b"]


# The axis of time


def test_two_clocks_are_laid_on_one_axis(tmp_path):
    # w0 reads 1000 s at wall 50 s: shift -950 s. w1 reads 2000 s at wall 57 s, and its wall is 7 s ahead: shift -1950.
    # w0 spawns at 997 s, i.e. wall 47 s; w1 at 1998 s, i.e. wall 48 s. So zero is wall 47 s.
    processes = [
        process("w0", start=Anchor(wall_ns=50 * S, monotonic_ns=1000 * S)),
        process("w1", start=Anchor(wall_ns=57 * S, monotonic_ns=2000 * S), offset_ns=7 * S),
    ]
    row = point(1, 2, phases={"w0": phases(start_ns=1000 * S), "w1": phases(start_ns=2001 * S)})
    records = [record(0, worker="w0", seq=1), record(500, worker="w1", seq=2, t0_ns=2001 * S)]
    folder = write_run(tmp_path / "run", records, row, lines={"w0": [], "w1": []}, processes=processes)
    frames = load(folder)
    places = placed(folder)
    clock = run_clock(frames.manifest, places)
    requests = frames.points[0].requests
    # w0's was sent at wall 50 s, w1's at 2001.5 - 1950 = 51.5 s.
    assert clock.seconds(requests["worker"], requests["sent_ns"]).tolist() == [3.0, 4.5]
    # Windows: [3, 13) and [4, 14).
    assert window_span(places[0], clock) == (3.0, 14.0)
    assert end_of(places[0], clock) == 15.0


def test_a_worker_that_the_manifest_does_not_know_is_not_placed(tmp_path):
    folder = write_run(tmp_path / "run", [record(worker="w9")], point(workers=["w9"]))
    frames = load(folder)
    clock = run_clock(frames.manifest, placed(folder))
    requests = frames.points[0].requests
    assert np.isnan(clock.seconds(requests["worker"], requests["sent_ns"])).all()


def test_requests_in_flight_are_averaged_over_each_stretch():
    # [0, 2) and [1, 2): in [0, 1) one, in [1, 2) two, in [2, 3) none; over [0, 1.5) it is (1.5 + 0.5) / 1.5.
    sent_s, ended_s = np.array([0.0, 1.0]), np.array([2.0, 2.0])
    assert mean_in_flight(sent_s, ended_s, np.array([0.0, 1.0, 2.0, 3.0])).tolist() == [1.0, 2.0, 0.0]
    assert mean_in_flight(sent_s, ended_s, np.array([0.0, 1.5])).tolist() == pytest.approx([4 / 3])


def test_a_stretch_of_no_length_has_nothing_in_flight():
    assert mean_in_flight(np.array([0.0]), np.array([1.0]), np.array([0.0, 0.0])).tolist() == [0.0]


# What is drawn of many requests


def dots(count, failed=0):
    values = np.arange(count, dtype=float) % 97
    kinds = np.where(np.arange(count) < failed, FAILURE, IN_WINDOW)
    return pd.DataFrame({"value": values, "kind": kinds})


def test_few_requests_are_all_drawn():
    assert sample(dots(1000, failed=300)).tolist() == list(range(1000))


def test_many_requests_are_thinned_but_the_slowest_and_the_failed_stay():
    table = dots(100_000, failed=100)
    table.loc[777, "value"] = 1e6
    drawn = sample(table)
    assert len(drawn) <= 1200 + 200 + 400
    assert 777 in drawn
    assert set(range(100)) <= set(drawn.tolist())
    assert 99_999 in drawn
    assert np.array_equal(drawn, sample(table))


def test_a_distribution_takes_as_much_of_the_page_for_a_hundred_requests_as_for_ten(tmp_path):
    sizes = []
    for count in (10, 100):
        folder = write_run(tmp_path / str(count), [record(n * 50, (100 + n, 120 + 2 * n), seq=n) for n in range(count)])
        report, frames = loaded(folder)
        panels = {figure.name: figure.panels[0] for figure in figures(report, frames) if figure.panels}
        sizes.append([len(layers(panels[name])[0]) for name in ("ttft", "itl")])
    assert sizes[0] == sizes[1]
    assert sizes[0][0] <= 101


def test_distributions_are_of_what_was_measured(tmp_path):
    records = [
        record(-500, (100, 700), seq=1, phase="settle"),  # its second event arrives in the window: no gap of it does
        record(0, (100, 130, 170), seq=2),
        refused(100, seq=3),
        record(9_900, (50, 90, 190), seq=4),  # events at 9.95, 9.99, 10.09 s: the window ends at 10 s
    ]
    (only,) = placed(write_run(tmp_path / "run", records))
    assert ttft_ms(only).tolist() == [100.0, 50.0]
    assert itl_ms(only).tolist() == [30.0, 40.0, 40.0]


def test_the_timeline_tells_windows_from_the_rest(tmp_path):
    records = [record(-500, seq=1, phase="settle"), record(0, seq=2), refused(100, seq=3, e2e_ms=7)]
    report, frames = loaded(write_run(tmp_path / "run", records))
    timeline = next(figure for figure in figures(report, frames) if figure.name == "timeline")
    windows, requests = layers(timeline.panels[0])
    # The users spawn 3 s before the window of 10 s, and the clock of the only process starts there.
    assert [(row["start_s"], row["end_s"]) for row in windows] == [(3.0, 13.0)]
    assert [(row["at_s"], row["value"], row["kind"]) for row in requests] == [
        (2.5, 100.0, OUTSIDE),
        (3.0, 100.0, IN_WINDOW),
        (3.1, 7.0, FAILURE),
    ]


# Against users


def test_invalid_points_are_marked_and_no_coloured_line_touches_them(two_points):
    report, _ = loaded(two_points)
    by_users = {row.users: row.verdict for row in report.points}
    assert by_users[4] == "invalid"  # one request at a time is far from four
    thread, *lines, marks = layers(latency_figure(report).panels[0])
    assert {row["users"] for row in thread} == {1, 4}
    assert {(row["users"], row["verdict"]) for row in marks} == {(1, by_users[1]), (4, "invalid")}
    assert [[(row["series"], row["users"]) for row in line] for line in lines] == [
        [("p50", 1)],
        [("p95", 1)],
        [("p99", 1)],
    ]


def test_latencies_are_drawn_in_milliseconds(two_points):
    report, _ = loaded(two_points)
    marks = layers(latency_figure(report).panels[0])[-1]
    assert [row["value"] for row in marks if row["series"] == "p50"] == [100.0, 100.0]


def test_one_point_is_set_against_nothing(tmp_path):
    report, _ = loaded(write_run(tmp_path / "run", [record(n * 100, seq=n) for n in range(50)]))
    assert tradeoff_chart(report) is None


# Errors and health


def test_errors_are_counted_by_outcome(two_points):
    report, _ = loaded(two_points)
    (rows,) = layers(errors_figure(report).panels[0])
    # 5 of 155 sent: 3.22581 %.
    assert rows == [{"label": "4 users", "outcome": "server_5xx", "rank": 10, "requests": 5, "share": 0.0322581}]


def test_a_run_without_errors_says_so(tmp_path):
    report, _ = loaded(write_run(tmp_path / "run", [record()]))
    assert errors_chart(report) is None
    assert errors_figure(report).panels[0].absent.startswith("Every request that was sent in a window ended well")


def test_a_run_without_requests_does_not_claim_that_all_ended_well(tmp_path):
    report, _ = loaded(write_run(tmp_path / "run", []))
    assert errors_figure(report).panels[0].absent == "Nothing to draw: no request was sent in a window."


def test_health_keeps_the_worst_process_of_each_second():
    table = pd.DataFrame(
        {"at_s": [0.2, 0.9, 1.5, np.nan], "lag_ms": [1.0, 5.0, 2.0, 99.0], "cpu_ratio": [0.5, 0.1, 0.2, 9.0]}
    )
    worst = worst_by_bin(table, end_s=2.0)
    assert worst["at_s"].tolist() == [0.5, 1.5]
    assert worst["lag_ms"].tolist() == [5.0, 2.0]
    assert worst["cpu_ratio"].tolist() == [0.5, 0.2]


def test_a_long_run_has_no_more_marks_of_health_than_can_be_seen():
    at_s = np.arange(36_000, dtype=float)
    table = pd.DataFrame({"at_s": at_s, "lag_ms": at_s, "cpu_ratio": at_s})
    assert len(worst_by_bin(table, end_s=36_000.0)) == 400


# Whole figures


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([], id="no points"),
        pytest.param([(point(1, 1), [])], id="no requests"),
        pytest.param([(point(1, 2, state="interrupted", phases={}), [record(phase="settle")])], id="no phases"),
        pytest.param([(point(1, 2), [refused(n, seq=n) for n in range(5)])], id="all failed"),
        pytest.param([(point(1, 2), [record(0, (), output=None, outcome="dropped", sent_ns=None)])], id="dropped"),
    ],
)
def test_every_figure_is_there_whatever_happened(tmp_path, rows):
    report, frames = loaded(a_sweep(tmp_path / "run", rows))
    drawn = figures(report, frames)
    assert [figure.name for figure in drawn] == NAMES
    assert all(panel.chart is not None or panel.absent for figure in drawn for panel in figure.panels)


def test_specifications_name_no_address_and_do_not_change(two_points):
    def specs():
        report, frames = loaded(two_points)
        drawn = figures(report, frames)
        pages = [page_spec(panel) for figure in drawn for panel in figure.panels]
        return json.dumps([pages, [file_spec(figure) for figure in drawn]])

    once = specs()
    assert once == specs()
    assert "http" not in once


def test_every_chart_is_vega_lite(two_points):
    without = {"turns", "quality", "quality_ttft", "canaries"}
    assert valid_figures(*loaded(two_points)) == set(NAMES) - without


def test_plots_are_saved_as_svg_and_png_and_do_not_change(two_points, tmp_path):
    report, frames = loaded(two_points)
    kept = []
    for name in ("one", "two"):
        save_plots(figures(report, frames), tmp_path / name)
        kept.append({path.name: path.read_bytes() for path in sorted((tmp_path / name).iterdir())})
    # Nobody held a conversation there, scored an answer, or asked a canary.
    drawn = [name for name in NAMES if name not in ("turns", "quality", "quality_ttft", "canaries")]
    assert sorted(kept[0]) == sorted(f"{name}.{kind}" for name in drawn for kind in ("svg", "png"))
    assert kept[0] == kept[1]
    assert all(data.startswith(b"\x89PNG") for name, data in kept[0].items() if name.endswith("png"))
    assert all(data.startswith(b"<svg") for name, data in kept[0].items() if name.endswith("svg"))


def test_a_figure_with_nothing_to_draw_leaves_no_old_file(tmp_path):
    report, frames = loaded(write_run(tmp_path / "run", [], lines=health(1, start_ns=T0 - 1500 * MS)))
    plots = tmp_path / "plots"
    plots.mkdir()
    (plots / "ttft.svg").write_text("old")
    save_plots(figures(report, frames), plots)
    assert sorted(path.name for path in plots.iterdir()) == [
        "health.png",
        "health.svg",
        "throughput.png",
        "throughput.svg",
    ]
