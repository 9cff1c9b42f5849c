"""Several targets side by side: what stands beside what, the front, and the page."""

from dataclasses import replace

import msgspec
import pytest
from support.beside import write_beside
from support.charts import valid_figures
from support.folders import full_window, manifest, point, record, write_point, write_run
from support.priced import price

from harness.run import TargetInfo, write_manifest
from reports.build import build
from reports.charts import figures
from reports.charts.pareto import Mark, front, pareto_figure
from reports.load import load
from reports.models import side_by_side
from reports.render import html, markdown
from reports.render.models import words
from reports.report import PointKey
from reports.write import write


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_beside(tmp_path_factory.mktemp("run"), invalid=5)


@pytest.fixture(scope="module")
def loaded(folder):
    frames = load(folder)
    return build(frames), frames


@pytest.fixture(scope="module")
def models(loaded):
    return side_by_side(*loaded)


@pytest.fixture(scope="module")
def said(models, loaded):
    return words(models, loaded[0])


def cells(sheet, label):
    return next(line.cells[1:] for group in sheet.groups for line in group.lines if line.cells[0] == label)


def test_one_target_has_nothing_beside_it(tmp_path):
    frames = load(write_run(tmp_path, full_window()))
    assert side_by_side(build(frames), frames) is None


def test_targets_stand_beside_each_other_at_each_number_of_users(models):
    assert [(stage.title, [column.key.target for column in stage.columns]) for stage in models.stages] == [
        ("1 user", ["own", "bought", "other"]),
        ("2 users", ["own", "bought", "other"]),
    ]
    assert [column.verdict for column in models.stages[1].columns] == ["trusted", "invalid", "trusted"]


def test_speed(said):
    first = said.sheets[0]
    assert first.heads == ["own", "bought", "other"]
    # A tenth of 100, 200 and 50 ms; all requests alike, so that the interval is a point.
    assert cells(first, "TTFT p50") == (
        "10.0 ms (10.0 ms to 10.0 ms)",
        "20.0 ms (20.0 ms to 20.0 ms)",
        "5.00 ms (5.00 ms to 5.00 ms)",
    )
    # Of 100 requests that all succeed: 100 / (100 + 1.96²).
    assert cells(first, "Success")[0] == "100 % (96.3 % to 100 %)"
    # As many in each tenth of the window.
    assert cells(first, "Requests/s") == ("10.0 (10.0 to 10.0)", "5.00 (5.00 to 5.00)", "20.0 (20.0 to 20.0)")
    # Of too few requests to know how sure it is.
    assert cells(first, "TTFT p99")[0] == "10.0 ms"


def measures_of(folder, records):
    rows = [point(1, target="a"), point(2, target="b")]
    write_manifest(
        folder,
        manifest(
            rows, targets=[TargetInfo(name=each.target, url="http://h", model="m", dialect="chat") for each in rows]
        ),
    )
    for row in rows:
        write_point(folder, row, records(row.index))
    frames = load(folder)
    models = side_by_side(build(frames), frames)
    return {measure.label: measure.figures[PointKey(1, "a")] for measure in models.measures}


def test_the_slowest_hundredth_has_an_interval_where_there_are_enough(tmp_path):
    # TTFT of 0.01 to 10 ms: 990 ± 1.96 · sqrt(1000 · 0.99 · 0.01), ranks 983 and 997.
    found = measures_of(
        tmp_path, lambda index: [record(n * 9, ((n + 1) / 100,), seq=n, point=index) for n in range(1000)]
    )
    ttft = found["TTFT p99"]
    assert ttft.value == pytest.approx(9.9001e-3)
    assert (ttft.interval.low, ttft.interval.high) == (pytest.approx(9.84e-3), pytest.approx(9.98e-3))


def test_how_steady_a_throughput_was(tmp_path):
    # Of the tenths of a window of 10 s every other has one request, the others have three.
    quick = measures_of(
        tmp_path,
        lambda index: [
            record(n * 1000 + each * 100, (20, 40), seq=n * 3 + each, point=index)
            for n in range(10)
            for each in range(1 if n % 2 else 3)
        ],
    )
    per_s = quick["Requests/s"]
    # Mean 2, standard deviation sqrt(10 / 9); 2.262 · 1.0541 / sqrt(10) = 0.754.
    assert per_s.value == pytest.approx(2.0)
    assert (per_s.interval.low, per_s.interval.high) == (pytest.approx(1.246, abs=1e-3), pytest.approx(2.754, abs=1e-3))
    for label in ("Total chars/s", "Output tokens/s"):
        figure, factor = quick[label], quick[label].value / 2
        assert figure.interval.low == pytest.approx(per_s.interval.low * factor)
        assert figure.interval.high == pytest.approx(per_s.interval.high * factor)


def test_tenths_that_are_full_of_the_same_requests_tell_nothing(tmp_path):
    slow = measures_of(tmp_path, lambda index: [record(n * 2000, (20, 1500), seq=n, point=index) for n in range(5)])
    assert slow["Requests/s"].value is not None
    assert [slow[label].interval for label in ("Requests/s", "Total chars/s", "Output tokens/s")] == [None] * 3


def test_quality(said):
    # Wilson of 80 in 100, 45 in 50 and 100 in 200.
    assert cells(said.sheets[0], "Accuracy") == (
        "80 % (71.1 % to 86.7 %; n 100)",
        "90 % (78.6 % to 95.7 %; n 50)",
        "50 % (43.1 % to 56.9 %; n 200)",
    )
    assert cells(said.sheets[0], "Accuracy, of all requests") == ("80 %", "90 %", "50 %")


def test_cost(said):
    first, second = said.sheets
    # A cent a second, 100 requests in 10 s; 500 · 2 + 100 · 10 millionths; no price.
    assert cells(first, "Cost per request") == ("0.00100 USD", "0.00200 USD", "–")
    # Twice the requests in the same time.
    assert cells(second, "Cost per request") == ("0.000500 USD", "0.00200 USD", "–")
    # 0.1 for 80; 0.1 for 45. Intervals: 0.1 / (100 · 0.8666), 0.1 / (100 · 0.7112); 0.1 / (50 · 0.9565), 0.1 / (50 · 0.7864).
    assert cells(first, "Cost per correct answer") == (
        "0.00125 USD (0.00115 to 0.00141)",
        "0.00222 USD (0.00209 to 0.00254)",
        "–",
    )
    assert cells(first, "Cost per hour") == ("36.0 USD", "36.0 USD", "–")


def test_where_there_are_canaries_it_is_said_which_costs_leave_them_out(loaded):
    def words_of(frames):
        measures = side_by_side(build(frames), frames).measures
        return {measure.label: measure.reading for measure in measures if measure.group == "Cost"}

    _, frames = loaded
    manifest = frames.manifest
    asked = words_of(
        replace(frames, manifest=msgspec.structs.replace(manifest, options=manifest.options | {"canary_every": 5}))
    )
    assert "canaries" in asked["Cost per correct answer"]
    assert "canaries" not in asked["Cost per request"]
    assert "canaries" not in "".join(words_of(frames).values())


def test_what_is_nowhere_observed_has_no_row(said):
    labels = [line.cells[0] for group in said.sheets[0].groups for line in group.lines]
    assert not {"Goodput", "Canaries changed", "Cost per good answer"} & {*labels}
    assert [line.cells[0] for line in said.readings.lines] == labels


def test_who_was_asked_and_what_it_cost(said):
    # Two points of 14 s, a cent a second; 50 and 100 requests of 0.002.
    assert said.who == [
        ("own", "open-9b at http://own.example, by chat; paid for its time, 0.280 USD for the whole run"),
        ("bought", "big|<b> at http://bought.example, by chat; paid for its tokens, 0.300 USD for the whole run"),
        ("other", "small at http://other.example, by chat"),
    ]


def test_what_is_missing_is_said(said, tmp_path):
    assert said.gaps == [
        'prices.toml has no price for the target other (small): add [models."small"] or [targets."other"] to it.',
        "2 users, bought is invalid (client_cpu): its figures are grey, and should not be quoted.",
    ]
    folder = write_beside(tmp_path / "bare", users=(1,))
    (folder / "quality.jsonl").unlink()
    (folder / "prices.toml").unlink()
    frames = load(folder)
    report = build(frames)
    found = words(side_by_side(report, frames), report)
    assert [gap.split(":")[0] for gap in found.gaps] == [
        "No answer was scored, so nothing is said of quality",
        "No prices were given, so nothing is said of cost",
    ]
    assert {line.cells[0] for group in found.sheets[0].groups for line in group.lines} & {"Accuracy"} == set()


def test_a_second_point_of_the_same_users_stands_beside_the_others_second(tmp_path):
    targets = [TargetInfo(name=name, url="u", model="m", dialect="chat") for name in ("a", "b")]
    rows = [
        point(1, 2, target="a", state="interrupted"),
        point(2, 2, target="b"),
        point(3, 2, target="a"),
    ]
    write_manifest(tmp_path, manifest(rows, targets=targets))
    for row in rows:
        write_point(tmp_path, row, full_window(2, target=row.target, point=row.index))
    frames = load(tmp_path)
    report = build(frames)
    models = side_by_side(report, frames)
    assert [(stage.title, [column.key for column in stage.columns]) for stage in models.stages] == [
        ("2 users", [(1, "a"), (2, "b")]),
        ("2 users, once more (2)", [(3, "a")]),
    ]
    assert words(models, report).sheets[0].heads == ["a (interrupted)", "b"]


def test_targets_that_shared_a_point_stand_beside_each_other(tmp_path):
    targets = [TargetInfo(name=name, url="u", model="m", dialect="chat") for name in ("a", "b")]
    row = point(users=4, target="mixed", shares={"a": 3, "b": 1})
    write_manifest(tmp_path, manifest([row], targets=targets, options={"target_mode": "mixed"}))
    write_point(tmp_path, row, full_window(3, target="a"))
    frames = load(tmp_path)
    report = build(frames)
    (stage,) = side_by_side(report, frames).stages
    assert (stage.title, [column.users for column in stage.columns]) == ("4 users", [3, 1])
    assert "All targets were asked at once" in " ".join(words(side_by_side(report, frames), report).paragraphs)


# The front


def spot(x, y, label="", verdict="trusted"):
    return Mark("t", label or f"{x}/{y}", 1, x, y, None, None, verdict)


def labels_of(marks, **way):
    return [mark.label for mark in front(marks, **way)]


MARKS = [spot(3, 0.9), spot(1, 0.5), spot(2, 0.4), spot(2, 0.7), spot(4, 0.9)]


def test_the_front_is_what_nothing_beats():
    assert labels_of(MARKS, higher=True) == ["1/0.5", "2/0.7", "3/0.9"]
    assert labels_of(MARKS, higher=False) == ["1/0.5", "2/0.4"]


def test_equals_stand_on_the_front_together():
    assert labels_of([spot(1, 1, "a"), spot(1, 1, "b"), spot(1, 0, "c"), spot(2, 1, "d")], higher=True) == ["a", "b"]


def test_an_invalid_point_is_on_no_front_and_beats_nobody():
    assert labels_of([spot(1, 1, "a", "invalid"), spot(2, 0.5, "b")], higher=True) == ["b"]
    assert labels_of([], higher=True) == []


def rows_of(panel, layer):
    spec = panel.chart.to_dict()
    drawn = spec["layer"][layer]
    return spec["datasets"][drawn["data"]["name"]] if "name" in drawn["data"] else drawn["data"]["values"]


def test_both_charts_have_all_points_and_their_front(loaded):
    cost, wait = pareto_figure(loaded[0]).panels
    assert (cost.title, wait.title) == ("Accuracy against cost of a request", "Accuracy against time to first token")
    # own at 1 and 2 users: 0.001 and 0.0005; bought 0.002. The second point of bought is invalid, other has no price.
    best, every = rows_of(cost, 0), rows_of(cost, 3)
    assert [(row["label"], row["x"], row["y"]) for row in best] == [
        ("2 users, own", 0.0005, 80.0),
        ("1 user, bought", 0.002, 90.0),
    ]
    assert {row["label"]: row["verdict"] for row in every} == {
        "1 user, own": "trusted",
        "1 user, bought": "trusted",
        "2 users, own": "trusted",
        "2 users, bought": "invalid",
    }
    assert [row["target"] for row in rows_of(wait, 3)] == ["own", "bought", "other"] * 2


def test_a_share_is_drawn_within_its_bounds(loaded):
    spec = pareto_figure(loaded[0]).panels[0].chart.to_dict()
    assert spec["layer"][3]["encoding"]["y"]["title"] == "Accuracy (%)"
    low, high = spec["layer"][3]["encoding"]["y"]["scale"]["domain"]
    assert 0 <= low < 71.1
    assert 95.7 < high <= 100


def test_a_share_is_drawn_no_further_than_the_whole(tmp_path):
    folder = write_beside(tmp_path, users=(1,))
    lines = (folder / "quality.jsonl").read_text().replace('"value":0.0', '"value":1.0')
    (folder / "quality.jsonl").write_text(lines)
    spec = pareto_figure(build(load(folder))).panels[0].chart.to_dict()
    assert spec["layer"][3]["encoding"]["y"]["scale"]["domain"][1] == 100


def test_without_prices_only_the_wait_is_drawn(tmp_path):
    folder = write_beside(tmp_path, users=(1,))
    (folder / "prices.toml").unlink()
    cost, wait = pareto_figure(build(load(folder))).panels
    assert cost.chart is None
    assert cost.absent.endswith("Prices are given with --prices.")
    assert wait.chart is not None


def test_without_scores_there_is_no_front(tmp_path):
    assert pareto_figure(build(load(price(write_run(tmp_path, full_window()))))).panels == ()


# What is written


@pytest.fixture
def no_plots(monkeypatch):
    monkeypatch.setattr("reports.write.save_plots", lambda drawn, directory: None)


@pytest.mark.usefixtures("no_plots")
def test_the_pages_are_written_for_several_targets_alone(folder, tmp_path):
    write(folder)
    page, text = ((folder / name).read_bytes() for name in ("models.html", "models.md"))
    assert b'<a href="models.html">' in (folder / "report.html").read_bytes()
    assert b"[The models side by side](models.md)" in (folder / "report.md").read_bytes()
    write(folder)
    assert ((folder / "models.html").read_bytes(), (folder / "models.md").read_bytes()) == (page, text)
    alone = write_run(tmp_path / "alone", full_window())
    write(alone)
    assert not (alone / "models.html").exists()
    assert b"models.html" not in (alone / "report.html").read_bytes()


def test_the_page_says_it_all_and_what_came_from_outside_stays_text(loaded, models, said):
    page = html.render_models(*loaded, models, figures(*loaded))
    assert "big|&lt;b&gt;" in page
    assert "big|<b>" not in page.replace("big|\\u003cb", "")
    for line in said.readings.lines:
        assert line.cells[1].replace("<", "&lt;") in page.replace("&#39;", "'")
    assert page.count('<td class="invalid">') == sum(len(group.lines) for group in said.sheets[1].groups)
    assert page.count('class="spec"') == 2
    for gap in said.gaps:
        assert gap.replace('"', "&#34;") in page


def test_the_charts_are_vega_lite(loaded):
    assert {"quality", "quality_ttft", "pareto"} <= valid_figures(*loaded)


def test_the_text_says_it_all(loaded, models):
    text = markdown.render_models(loaded[0], models)
    assert "- bought: big\\|\\<b> at http://bought.example, by chat; paid for its tokens" in text
    assert "| Speed | own, trusted | bought, invalid | other, trusted |" in text
    assert "| Cost per request | 0.000500 USD | ~~0.00200 USD~~ | – |" in text
    assert "## What is missing" in text
