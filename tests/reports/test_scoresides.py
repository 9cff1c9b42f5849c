"""Scores of two runs side by side."""

import csv
import io
import math

import pytest
from msgspec.structs import replace
from rich.console import Console
from support.folders import health, manifest, point, record, write_point
from support.golden import check
from support.scorelines import score, scorer, write_scores

from harness.run import write_manifest
from reports.build import build
from reports.compare import compare
from reports.load import load
from reports.render import csv as csv_renderer
from reports.render import html, markdown, screen, sides


def run(folder, right, name="accuracy", first=1, cpu_ratio=0.2, **fields):
    """Points of 1 and 2 users, each of 40 answers to 10 prompts, of which so many in turn are right. 250 ms an answer."""
    folder.mkdir()
    rows = [point(at, users) for at, users in enumerate(right, first)]
    write_manifest(folder, manifest(rows, name=folder.name))
    scores = scorer(name, **fields)
    write_scores(folder, scores)
    for row in rows:
        answers = [
            record(
                at // row.users * 250 * row.users,
                [100, 110, 240 * row.users],
                id=f"{row.index}-{at}",
                seq=at,
                user=at % row.users,
                e2e_ms=250 * row.users - 0.2,
                prompt=f"set/{at % 10}",
                point=row.index,
            )
            for at in range(40)
        ]
        write_point(folder, row, answers, health(cpu_ratio=cpu_ratio))
        given = [score(each.id, float(at < right[row.users]), of=name) for at, each in enumerate(answers)]
        write_scores(folder, *(replace(each, digest=scores.digest) for each in given))
    return load(folder)


def compared(base, candidate):
    return compare(build(base), build(candidate), base, candidate)


def test_each_point_is_compared_with_its_like(tmp_path):
    base = run(tmp_path / "base", {1: 40, 2: 40})
    # The same users, but its points are numbered otherwise.
    candidate = run(tmp_path / "candidate", {2: 10, 1: 39}, first=5)
    comparison = compared(base, candidate)
    first, second = (each.scores[0] for each in comparison.points)
    assert (first.scorer, first.label, first.base, first.candidate) == ("accuracy", "Accuracy", 1.0, 39 / 40)
    assert (first.base_n, first.candidate_n, first.prompts) == (40, 40, 10)
    assert (first.difference, first.p, first.found) == (pytest.approx(-1 / 40), 1.0, "none")
    assert (second.difference, second.found) == (pytest.approx(-0.75), "lower")
    # Of each prompt 1 of 4 against 4 of 4 are right: 2.5 expected, of variance 4 · 4 / 8 · (5 · 3 / 8) / 7 = 0.535714. Two pairs are
    # tested, so the smaller p counts twice.
    assert second.p == pytest.approx(2 * math.erfc(15 / math.sqrt(2 * 5.35714)), rel=1e-4)


@pytest.mark.parametrize(
    ("fields", "change"),
    [
        ({"version": 2}, ("scorer accuracy", "version=1", "version=2")),
        (
            {"settings": {"tolerance": 0.1}, "digest": "other"},
            ("scorer accuracy", "version=1", "version=1, tolerance=0.1"),
        ),
    ],
)
def test_scores_of_another_version_or_other_settings_are_not_compared(tmp_path, fields, change):
    comparison = compared(run(tmp_path / "base", {1: 40}), run(tmp_path / "candidate", {1: 10}, **fields))
    assert comparison.points[0].scores == []
    assert change in [(each.name, each.base, each.candidate) for each in comparison.differs]


def test_only_what_scored_both_runs_is_compared(tmp_path):
    base, candidate = run(tmp_path / "base", {1: 40}), run(tmp_path / "candidate", {1: 10}, "refusal")
    comparison = compared(base, candidate)
    assert comparison.points[0].scores == []
    assert not [each for each in comparison.differs if each.name.startswith("scorer")]


def test_without_the_raw_requests_there_are_none(tmp_path):
    base, candidate = run(tmp_path / "base", {1: 40}), run(tmp_path / "candidate", {1: 10})
    assert compare(build(base), build(candidate)).points[0].scores == []


@pytest.mark.parametrize(
    ("name", "better", "right", "said"),
    [
        ("accuracy", "higher", 10, "worse"),
        ("refusal", "lower", 10, "better"),
        ("language", "neither", 10, "lower"),
        ("accuracy", "higher", 40, "no clear difference"),
    ],
)
def test_a_difference_is_read_by_its_better_side(tmp_path, name, better, right, said):
    base = run(tmp_path / "base", {1: 40}, name, better=better)
    candidate = run(tmp_path / "candidate", {1: right}, name, better=better)
    (line,) = sides.scores(compared(base, candidate).points[0]).lines
    assert line.cells[-1] == said
    assert line.verdict == (said if said in ("worse", "better") else "")


def test_nothing_is_read_from_an_invalid_side(tmp_path):
    base, candidate = run(tmp_path / "base", {1: 40}), run(tmp_path / "candidate", {1: 10}, cpu_ratio=0.97)
    (line,) = sides.scores(compared(base, candidate).points[0]).lines
    assert (line.cells[-1], line.verdict) == ("–", "invalid")


def test_prompts_that_only_one_side_asked_are_two_samples(tmp_path):
    base, candidate = run(tmp_path / "base", {1: 40}), run(tmp_path / "candidate", {1: 40})
    requests = candidate.points[0].requests
    requests["prompt"] = requests["prompt"].str.replace("set", "other")
    (line,) = sides.scores(compared(base, candidate).points[0]).lines
    assert line.cells[-4:] == ("0 + 20", "0 pp", "1", "no clear difference")


@pytest.fixture
def comparison(tmp_path):
    return compared(run(tmp_path / "before", {1: 38}), run(tmp_path / "after", {1: 12}))


def test_compare_md_has_a_table_of_scores(comparison):
    text = markdown.render_comparison(comparison)
    check("compare-scores.md", text[text.index("| Score") :])


def test_compare_csv_has_a_row_a_score(comparison):
    rows = list(csv.DictReader(io.StringIO(csv_renderer.render_comparison(comparison).decode())))
    found = next(row for row in rows if row["key"] == "quality.accuracy.value")
    assert (found["users"], found["unit"], found["base"], found["candidate"]) == ("1", "ratio", "0.95", "0.3")
    assert (found["found"], found["prompts"], found["low"]) == ("lower", "10", "")


def test_the_page_and_the_screen_show_scores(comparison):
    page = html.render_comparison(comparison)
    assert '<tr class="worse"><th scope="row">Accuracy</th>' in page
    console = Console(file=io.StringIO(), width=100, record=True)
    console.print(screen.comparison_summary(comparison))
    (line,) = (line for line in console.export_text().splitlines() if line.startswith("Accuracy"))
    assert line.split() == [
        "Accuracy",
        "95",
        "%",
        "30",
        "%",
        "−65.0",
        "pp",
        "<",
        "0.0001",
        "worse",
    ]


def test_eighty_columns_hold_the_scores_whole(comparison):
    console = Console(file=io.StringIO(), width=80, color_system=None)
    console.print(screen.comparison_summary(comparison))
    text = console.file.getvalue()
    assert "…" not in text
    assert " ".join(next(line for line in text.splitlines() if line.startswith("score")).split()) == (
        "score base candidate difference p reading"
    )


def test_a_score_that_neither_side_has_is_in_no_table(comparison):
    (point, *_) = comparison.points
    nothing = replace(point.scores[0], base=None, candidate=None, base_n=0, candidate_n=0)
    assert sides.scores(replace(point, scores=[nothing])).lines == []
    assert len(sides.scores(replace(point, scores=[replace(nothing, base_n=1)])).lines) == 1
