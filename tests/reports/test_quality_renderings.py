"""How scores are shown: chapters, tables of requests and points, the screen, charts and the page."""

import csv
import io
import json
import math

import pytest
from rich.console import Console
from support.folders import health, manifest, point, record, write_point
from support.golden import check
from support.scorelines import score, scorer, write_scores

from harness.run import TargetInfo, write_manifest
from harness.score import Gap
from reports.build import build
from reports.charts import figures, file_spec, look
from reports.charts.quality import quality_figure, quality_ttft_figure
from reports.load import load
from reports.render import csv as csv_renderer
from reports.render import html, markdown, requests, screen
from reports.render.chapters import chapters
from reports.render.numbers import in_units_of, probability
from reports.report import Difference

RIGHT = {1: 38, 4: 37, 8: 12}
"""Of 40 answers to 10 prompts."""


def answer(row, at):
    """Users ask one after the other through the whole window: the more they are, the longer an answer takes."""
    step_ms = 250 * row.users
    return record(
        at // row.users * step_ms,
        [row.users * ms for ms in (100, 110, 240)],
        id=f"{row.index}-{at}",
        seq=at,
        user=at % row.users,
        e2e_ms=step_ms - 0.2,
        prompt=f"set/{at % 10}",
        point=row.index,
        target=row.target,
    )


def text_score(target, at, nats):
    """Of a text of ten tokens and forty bytes, of each token this surprise."""
    detail = {"sum": -10 * nats, "tokens": 10, "bytes": 40}
    return score(None, math.exp(nats), of="perplexity", target=target, text=f"t/{at}", detail=detail)


def fill(folder, targets=("default",), sick=8):
    """Points of 1, 4 and 8 users, of which the one of `sick` users is invalid."""
    rows = [
        point(at, users, target=target)
        for at, (users, target) in enumerate(((users, target) for users in RIGHT for target in targets), 1)
    ]
    several = [TargetInfo(name=name, url="http://t", model=f"model-{name}", dialect="chat") for name in targets]
    write_manifest(folder, manifest(rows, targets=several if len(targets) > 1 else []))
    write_scores(
        folder,
        scorer("accuracy", settings={"tolerance": 1e-06}),
        scorer("toxicity-classifier"),
        scorer("coherence", settings={"model": "judge-1", "prompt": "coherence-1"}),
        scorer("perplexity"),
    )
    for row in rows:
        answers = [answer(row, at) for at in range(40)]
        write_point(folder, row, answers, health(cpu_ratio=0.97 if row.users == sick else 0.2))
        for at, each in enumerate(answers):
            write_scores(folder, score(each.id, float(at < RIGHT[row.users]), label="AB"[at % 2]))
            write_scores(folder, score(each.id, float(at == 0), of="toxicity-classifier"))
        judged = [score(each.id, 3.0 + at % 3, of="coherence") for at, each in enumerate(answers[:10])]
        write_scores(
            folder, *judged, score(answers[10].id, of="coherence", why="The judge's answer has no score in it.")
        )
        write_scores(folder, score(answers[0].id, 3.0, of="coherence", repeat=True))
    for target in targets:
        texts = [text_score(target, at, math.log(4 + at)) for at in range(5)]
        write_scores(folder, *texts)
    write_scores(folder, Gap(scorer="factuality", text="No judge | was <given>."))
    return load(folder)


@pytest.fixture
def frames(tmp_path):
    return fill(tmp_path)


@pytest.fixture
def two(tmp_path):
    return fill(tmp_path, ("open", "closed"))


def test_the_chapters_are_their_golden(frames):
    text = markdown.render(build(frames), frames)
    check("quality.md", text[text.index("## Quality") : text.index("## Load generator")])


def test_a_run_without_scores_has_no_such_chapter(tmp_path):
    row = point()
    write_manifest(tmp_path, manifest([row]))
    write_point(tmp_path, row, [record()])
    assert chapters(build(load(tmp_path))) == []


def test_a_drop_is_toned_where_its_point_is_sound(tmp_path):
    (scores,) = (each for each in chapters(build(fill(tmp_path, sick=None))) if each.title == "Quality")
    tones = {line.cells[:2]: line.verdict for line in scores.table.lines}
    assert tones["Accuracy", "8 users"] == "worse"
    assert tones["Accuracy", "4 users"] == ""
    assert tones["Coherence", "8 users"] == ""


def test_an_invalid_point_is_grey_all_the_same(frames):
    (scores,) = (each for each in chapters(build(frames)) if each.title == "Quality")
    tones = {line.cells[:2]: line.verdict for line in scores.table.lines}
    assert tones["Accuracy", "8 users"] == "invalid"


def shown(report):
    console = Console(file=io.StringIO(), width=100, record=True)
    console.print(screen.summary(report))
    return console.export_text()


def test_the_screen_has_a_line_a_score_and_the_gaps(frames):
    text = shown(build(frames))
    assert "\nAccuracy: 95 % at 1 user, 92.5 % at 4 users, 30 % at 8 users (lower)\n" in text
    assert "\nCoherence: 3.90 at 1 user, 3.90 at 4 users, 3.90 at 8 users\n" in text
    assert "\nPerplexity of default: 5.83 over 5 texts\n" in text
    assert "\nNot scored: Factuality: No judge | was <given>.\n" in text


def test_the_screen_tells_targets_apart(two):
    text = shown(build(two))
    assert "\nAccuracy of open: 95 % at 1 user, 92.5 % at 4 users, 30 % at 8 users (lower)\n" in text
    assert "\nAccuracy of closed: 95 % at 1 user, 92.5 % at 4 users, 30 % at 8 users (lower)\n" in text


def test_points_csv_has_a_column_a_figure_of_a_score(frames):
    first, second, third = csv.DictReader(io.StringIO(csv_renderer.render_points(build(frames)).decode()))
    assert (first["quality.accuracy.value"], first["quality.accuracy.n"]) == ("0.95", "40")
    assert float(first["quality.accuracy.interval.low"]) == pytest.approx(0.8350, abs=1e-3)
    assert (first["quality.accuracy.difference.found"], second["quality.accuracy.difference.found"]) == ("", "none")
    assert (third["quality.accuracy.difference.found"], third["quality.accuracy.difference.users"]) == ("lower", "1")
    names = [name.rpartition(".")[2] for name in third if name.startswith("quality.accuracy.difference.")]
    assert names == list(Difference.__struct_fields__)
    assert (third["quality.accuracy.difference.prompts"], third["quality.accuracy.difference.others"]) == ("10", "0")
    assert first["quality.coherence.unscored"] == "1"
    assert "quality" not in first


def test_points_csv_of_a_run_without_scores_has_no_such_column(tmp_path):
    row = point()
    write_manifest(tmp_path, manifest([row]))
    write_point(tmp_path, row, [record()])
    text = csv_renderer.render_points(build(load(tmp_path))).decode()
    assert "quality" not in text.splitlines()[0]


def test_each_request_has_its_scores(frames):
    table = requests.requests_table(frames)
    assert table.column_names[-4:] == ["score_accuracy", "score_coherence", "score_toxicity_classifier", "text"]
    rows = {row["id"]: row for row in table.to_pylist()}
    assert [rows["1-0"][f"score_{name}"] for name in ("accuracy", "toxicity_classifier", "coherence")] == [
        1.0,
        1.0,
        3.0,
    ]
    # Judged without a finding, and never judged.
    assert [rows[name]["score_coherence"] for name in ("1-10", "1-11")] == [None, None]
    assert rows["1-39"]["score_accuracy"] == 0.0


def rows_of(chart, mark):
    """Of each layer with this mark."""
    drawn = chart.to_dict()
    names = [layer.get("data", drawn.get("data"))["name"] for layer in drawn["layer"] if layer["mark"]["type"] == mark]
    return [drawn["datasets"][name] for name in names]


def test_each_score_of_answers_has_a_panel_of_both_kinds(frames):
    report = build(frames)
    for figure in (quality_figure(report), quality_ttft_figure(report)):
        assert [panel.title.partition(" against")[0] for panel in figure.panels] == [
            "Accuracy",
            "Coherence",
            "Toxicity (classifier)",
        ]
        assert all(panel.chart is not None for panel in figure.panels)
        assert file_spec(figure) is not None


def test_saved_pictures_have_three_panels_in_a_row(frames):
    figure = quality_figure(build(frames))
    assert len(figure.panels) == 3
    assert len(file_spec(figure)["hconcat"]) == 3
    many = figure._replace(panels=(*figure.panels, *figure.panels, figure.panels[0]))
    rows = file_spec(many)["vconcat"]
    assert [[panel["title"].partition(" against")[0] for panel in row["hconcat"]] for row in rows] == [
        ["Accuracy", "Coherence", "Toxicity (classifier)"],
        ["Accuracy", "Coherence", "Toxicity (classifier)"],
        ["Accuracy"],
    ]


def test_marks_have_value_interval_and_wait(frames):
    (accuracy, *_) = quality_figure(build(frames)).panels
    ((first, _, third),) = rows_of(accuracy.chart, "point")
    assert (first["users"], first["value"], first["n"], first["ttft_ms"]) == (1, 0.95, 40, 100)
    assert (first["low"], first["high"]) == (pytest.approx(0.8350, abs=1e-3), pytest.approx(0.9862, abs=1e-3))
    assert third["verdict"] == "invalid"
    assert look.GREY in json.dumps(accuracy.chart.to_dict())


def test_targets_stand_beside_each_other(two):
    (accuracy, *_) = quality_figure(build(two)).panels
    (marks,) = rows_of(accuracy.chart, "point")
    places = {(row["target"], row["users"]): row["at"] for row in marks}
    assert places["open", 4] < 4 < places["closed", 4]
    assert places["open", 4] * places["closed", 4] == pytest.approx(16, rel=1e-5)


def test_no_line_joins_an_invalid_point(frames):
    (accuracy, *_) = quality_figure(build(frames)).panels
    thread, line = rows_of(accuracy.chart, "line")
    assert [row["users"] for row in thread] == [1, 4, 8]
    assert [row["users"] for row in line] == [1, 4]


def test_a_score_without_a_value_has_nothing_to_draw(tmp_path):
    row = point()
    write_manifest(tmp_path, manifest([row]))
    write_point(tmp_path, row, [record(id="a")])
    write_scores(tmp_path, scorer(), score("a", why="The set has no answer."))
    report = build(load(tmp_path))
    assert [panel.chart for panel in quality_figure(report).panels] == [None]
    assert [panel.chart for panel in quality_ttft_figure(report).panels] == [None]


@pytest.mark.parametrize(
    ("value", "axis"),
    # One answer: Wilson's interval is 0.21 to 1, or 0 to 0.79. A mean of one answer has none.
    [(1.0, [0.16, 1.05]), (0.0, [-0.05, 0.84])],
)
def test_the_axis_of_a_ratio_has_its_interval_on_it(tmp_path, value, axis):
    row = point()
    write_manifest(tmp_path, manifest([row]))
    write_point(tmp_path, row, [record(id="a")])
    write_scores(tmp_path, scorer(), score("a", value))
    (panel,) = quality_figure(build(load(tmp_path))).panels
    domain = panel.chart.to_dict()["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert domain == pytest.approx(axis, abs=0.02)


def test_findings_that_are_all_different_are_not_listed(tmp_path):
    row = point()
    write_manifest(tmp_path, manifest([row]))
    answers = [answer(row, at) for at in range(40)]
    write_point(tmp_path, row, answers)
    write_scores(tmp_path, scorer(), scorer("refusal"))
    for at, each in enumerate(answers):
        write_scores(tmp_path, score(each.id, 1.0, label=str(at)), score(each.id, float(at < 1), of="refusal"))
    write_scores(tmp_path, score(answers[0].id, 1.0, of="refusal", label="i cannot"))
    (found,) = (each for each in chapters(build(load(tmp_path))) if each.title == "What was found in the answers")
    assert [line.cells for line in found.table.lines] == [("Refusals", "1 user", "i cannot (1)")]


def test_settings_are_told_in_words(tmp_path):
    row = point()
    write_manifest(tmp_path, manifest([row]))
    write_point(tmp_path, row, [record(id="a")])
    write_scores(tmp_path, scorer(settings={"languages": ["en", "zh"], "strict": True, "model": None}), score("a", 1.0))
    (who,) = (each for each in chapters(build(load(tmp_path))) if each.title == "Who scored")
    assert who.table.lines[0].cells[3] == "version 1, languages en zh, strict yes, model –"


def test_the_page_has_charts_tables_and_gaps_as_text(frames):
    report = build(frames)
    page = html.render(report, frames, figures(report, frames))
    assert page.count("<h2>Quality</h2>") == 1
    assert "Accuracy against users" in page
    assert "Accuracy against time to first token" in page
    assert "<li>Factuality: No judge | was &lt;given&gt;.</li>" in page
    assert "Perplexity of reference texts" in page
    assert "judge-1" in page


@pytest.mark.parametrize(
    ("difference", "kind", "text"),
    [
        (-0.348, "ratio", "−34.8 pp"),
        (0.01, "ratio", "+1.00 pp"),
        (0.0, "ratio", "0 pp"),
        (-0.25, "mean", "−0.250"),
        (None, "mean", "–"),
    ],
)
def test_differences_are_in_the_units_of_their_score(difference, kind, text):
    assert in_units_of(difference, kind) == text


@pytest.mark.parametrize(
    ("p", "text"), [(None, "–"), (1.0, "1"), (0.0341, "0.034"), (0.0001, "0.0001"), (1e-9, "< 0.0001")]
)
def test_a_p_is_never_zero(p, text):
    assert probability(p) == text
