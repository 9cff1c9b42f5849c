"""Canaries in a report: what they are held against, how many changed, and what is said of it."""

import csv
import io
import json

import pytest
from support.charts import valid_figures
from support.folders import full_window, manifest, point, record, write_point

from harness.run import TestsetInfo, write_manifest
from reports.build import build
from reports.canaries import first_difference
from reports.charts import figures, page_spec
from reports.comparable import obstacles
from reports.load import load
from reports.render import csv as csv_renderer
from reports.render import html, markdown
from reports.render import json as json_renderer
from reports.report import PointKey

EVERY = {"canary_every": 5}


def canary(at_ms, prompt, text, **fields):
    seq = 900_000 + round(at_ms * 10) + (5_000_000 if at_ms < 0 else 0)
    return record(at_ms, seq=abs(seq), prompt=f"canaries/{prompt}", canary=True, text=text, **fields)


def written(folder, *points, options=EVERY, **fields):
    """A run of points, each its row and its records."""
    folder.mkdir(parents=True, exist_ok=True)
    write_manifest(folder, manifest([row for row, _ in points], options=options, **fields))
    for row, records in points:
        write_point(folder, row, records)
    return folder


def row(index, users, **fields):
    return point(index, users, **fields)


def told(at_ms, *texts, prompt=0):
    """Canaries of one prompt, 10 ms apart."""
    return [canary(at_ms + 10 * number, prompt, text) for number, text in enumerate(texts)]


def reports(folder, *points, **fields):
    return build(load(written(folder, *points, **fields)))


def found(folder, *points, **fields):
    return [each.canaries for each in reports(folder, *points, **fields).points]


def test_a_run_without_canaries_says_nothing_of_them(tmp_path):
    report = reports(tmp_path, (row(1, 1), full_window()), options={})
    assert report.points[0].canaries is None


def test_each_point_is_held_against_the_one_of_fewest_users(tmp_path):
    # The sweep began with 4 users; 1 user is the base all the same. Prompt 0: "ab" twice and "ax" once, prompt 1: "yes".
    base = [*told(0, "ab", "ax", "ab"), *told(100, "yes", "yes", prompt=1)]
    # Of prompt 0 "ab" is usual: 2 of 3 differ, after 1 and after 0 characters. Of prompt 1 one of two, where "yes!" goes on.
    loaded = [*told(0, "ax", "b", "ab"), *told(100, "yes", "yes!", prompt=1)]
    four, one = found(tmp_path, (row(1, 4), loaded), (row(2, 1), base))
    assert (four.sent, four.compared, four.changed, four.changed_ratio) == (5, 5, 3, 3 / 5)
    assert (four.reference_point, four.reference_users) == (2, 1)
    # 1, 0 and 3 characters are the same
    assert (four.first_difference_chars.n, four.first_difference_chars.p50, four.first_difference_chars.max) == (
        3,
        1,
        3,
    )
    # Wilson, 3 of 5: middle (0.6 + 3.8415/10) / (1 + 3.8415/5) = 0.98415 / 1.76829 = 0.55655
    # reach 1.95996/1.76829 · √(0.24/5 + 3.8415/100) = 1.10839 · √0.086415 = 0.32583
    assert (four.interval.low, four.interval.high) == pytest.approx((0.23072, 0.88238), abs=1e-5)
    # At the base each is held against the others there: "ab" against one of each, of which "ab" came first, so that it is as
    # usual; "ax" against "ab" twice. 1 of 5.
    assert (one.compared, one.changed, one.changed_ratio) == (5, 1, 0.2)
    assert (one.reference_changed_ratio, four.reference_changed_ratio) == (0.2, 0.2)
    assert one.difference is None


def test_at_the_base_an_answer_is_held_against_the_others(tmp_path):
    # a, a, a, b: each a against {a, a, b} is as usual, b against {a, a, a} is not.
    (one,) = found(tmp_path, (row(1, 1), told(0, "a", "a", "a", "b")))
    assert (one.compared, one.changed, one.reference_changed_ratio) == (4, 1, 0.25)


def test_at_the_base_one_that_was_asked_once_has_nothing_to_be_held_against(tmp_path):
    one, four = found(tmp_path, (row(1, 1), told(0, "a")), (row(2, 4), told(0, "a", "b")))
    assert (one.sent, one.compared, one.changed_ratio, one.interval) == (1, 0, None, None)
    assert (four.compared, four.changed, four.reference_changed_ratio) == (2, 1, None)
    assert (four.difference.found, four.difference.p, four.difference.prompts) == ("untested", None, 0)


def test_a_prompt_that_was_not_asked_at_the_base_is_not_compared(tmp_path):
    _, four = found(
        tmp_path, (row(1, 1), told(0, "a", "a")), (row(2, 4), [*told(0, "a"), *told(50, "x", "y", prompt=1)])
    )
    assert (four.sent, four.compared, four.changed) == (3, 1, 0)


def test_the_base_speaks_with_its_warm_up_and_cooldown_the_window_alone_is_judged(tmp_path):
    # Two before the window and one after it; inside one other answer.
    base = [*told(-500, "old", "old"), *told(0, "new"), *told(10_200, "old")]
    one, four = found(tmp_path, (row(1, 1), base), (row(2, 4), [*told(-500, "old"), *told(0, "old")]))
    assert (one.sent, one.compared, one.changed) == (1, 1, 1)
    assert (four.sent, four.compared, four.changed) == (1, 1, 0)


def test_one_that_failed_is_sent_and_not_compared(tmp_path):
    base = told(0, "a", "a")
    loaded = [*told(0, "a"), canary(50, 0, "a", outcome="cut"), canary(60, 0, "", outcome="server_5xx")]
    _, four = found(tmp_path, (row(1, 1), base), (row(2, 4), loaded))
    assert (four.sent, four.compared, four.changed) == (3, 1, 0)


def test_ordinary_requests_are_none(tmp_path):
    ordinary = [record(5, seq=1, text="a", prompt="canaries/0")]
    (one,) = found(tmp_path, (row(1, 1), [*told(0, "b", "b"), *ordinary]))
    assert (one.sent, one.compared, one.changed) == (2, 2, 0)


def test_where_no_canary_was_answered_anywhere_there_is_no_reference(tmp_path):
    (one,) = found(tmp_path, (row(1, 1), full_window()))
    assert (one.sent, one.compared, one.changed_ratio) == (0, 0, None)
    assert (one.reference_point, one.reference_users, one.reference_changed_ratio, one.difference) == (None,) * 4


def test_a_point_of_fewest_users_without_canaries_gives_way_to_the_next(tmp_path):
    _, two, four = found(
        tmp_path, (row(1, 1), full_window()), (row(2, 2), told(0, "a", "a")), (row(3, 4), told(0, "b", "b"))
    )
    assert two.reference_users == four.reference_users == 2
    assert four.changed == 2


def test_targets_are_held_against_themselves(tmp_path):
    mine = [canary(0, 0, "x", target="a"), canary(10, 0, "x", target="a")]
    theirs = [canary(20, 0, "y", target="b"), canary(30, 0, "y", target="b")]
    report = reports(
        tmp_path,
        (row(1, 2, target="mixed", shares={"a": 1, "b": 1}), [*mine, *theirs]),
        (row(2, 4, target="mixed", shares={"a": 2, "b": 2}), [*mine, canary(40, 0, "x", target="b")]),
    )
    changed = {each.key: each.canaries.changed for each in report.points}
    assert changed == {PointKey(1, "a"): 0, PointKey(1, "b"): 0, PointKey(2, "a"): 0, PointKey(2, "b"): 1}


def test_a_difference_beyond_chance_is_found(tmp_path):
    # 40 of 40 as usual against 20 of 40 that are not: prompt 0 alone. T = 20 − 40 · 20/80 = 10,
    # Var = 40 · 40/80 · (20 · 60/80)/79 = 20 · 15/79 = 3.7975, z = 5.13.
    base, loaded = told(0, *["a"] * 40), told(0, *["a"] * 20, *["b"] * 20)
    _, four = found(tmp_path, (row(1, 1), base), (row(2, 4), loaded))
    assert (four.difference.difference, four.difference.found, four.difference.users) == (0.5, "higher", 1)
    assert four.difference.p == pytest.approx(2.9e-7, rel=0.02)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("", "", 0),
        ("a", "b", 0),
        ("ab", "ac", 1),
        ("ab", "abc", 2),
        ("abc", "ab", 2),
        ("月亮绕", "月亮在", 2),
        ("👍🏽x", "👍🏽y", 2),  # two code points make this thumb
    ],
)
def test_where_two_texts_part(one, other, same):
    assert first_difference(one, other) == same


# What is said of it


def noted(report, index=-1):
    return [reason for reason in report.points[index].reasons if reason.code == "canaries_changed"]


def test_a_change_is_noted(tmp_path):
    base = [*full_window(), *told(0, "a b", "a b")]
    loaded = [*full_window(4), *told(0, "a b", "a c", "a d")]
    report = reports(tmp_path, (row(1, 1), base), (row(2, 4), loaded))
    assert noted(report, 0) == []
    (reason,) = noted(report)
    assert (reason.level, reason.figure, reason.threshold) == ("note", 2 / 3, 0)
    assert reason.text == (
        "2 of 3 canaries (66.7 %) got another answer than at 1 user; the median one parts from it after 2 characters."
    )
    assert report.verdict == "trusted"


def test_one_change_is_told_as_one(tmp_path):
    report = reports(
        tmp_path,
        (row(1, 2), [*full_window(2), *told(0, "ab")]),
        (row(2, 4), [*full_window(4), *told(0, "ac")]),
    )
    (reason,) = noted(report)
    assert reason.text == (
        "1 of 1 canaries (100 %) got another answer than at 2 users; the two part after 1 character. "
        "No prompt was asked twice at 2 users, so that these may differ among themselves as well."
    )


def test_no_change_is_not_noted(tmp_path):
    report = reports(tmp_path, (row(1, 1), told(0, "a", "a")), (row(2, 4), [*full_window(4), *told(0, "a")]))
    assert noted(report) == []


def test_a_server_that_disagrees_with_itself_no_less_is_not_noted(tmp_path):
    # A third of the canaries of the base differ from the others, and so does one of three under load.
    base = told(0, "a", "b", "a", "a", "b", "a")
    report = reports(tmp_path, (row(1, 1), base), (row(2, 4), [*full_window(4), *told(0, "a", "b", "a")]))
    assert report.points[1].canaries.reference_changed_ratio == 1 / 3
    assert (report.points[1].canaries.changed, noted(report)) == (1, [])


def test_one_that_disagrees_with_itself_more_under_load_is_noted(tmp_path):
    base = told(0, *["a"] * 39, "b")
    loaded = [*full_window(4), *told(0, *["a"] * 20, *["b"] * 20)]
    (reason,) = noted(reports(tmp_path, (row(1, 1), base), (row(2, 4), loaded)))
    assert reason.text.endswith(" At 1 user 2.5 % differ from each other.")


# Other figures


def test_canaries_are_no_reuse_of_prompts(tmp_path):
    ordinary = full_window()
    repeated = told(3, *["a"] * 300)
    report = reports(tmp_path, (row(1, 1), [*ordinary, *repeated]))
    prompts = report.points[0].prompts
    assert (prompts.sent, prompts.distinct) == (len(ordinary), len({each.prompt for each in ordinary}))
    assert "prompt_reuse" not in {reason.code for reason in report.points[0].reasons}


def test_what_a_server_caches_of_canaries_is_no_doubt(tmp_path):
    ordinary = full_window()
    cached = [canary(3 + 10 * n, 0, "a", cached=10, prompt_tokens=10) for n in range(50)]
    report = reports(tmp_path, (row(1, 1), [*ordinary, *cached]))
    # 50 · 10 of (100 + 50) · 10 tokens; of the ordinary ones nothing is known
    assert report.points[0].tokens.cached_ratio == 1.0
    assert "prompt_reuse" not in {reason.code for reason in report.points[0].reasons}


# Renderings


@pytest.fixture
def changed(tmp_path):
    base = [*full_window(), *told(0, "a b", "a b")]
    loaded = [*full_window(4), *told(0, "a b", "a c", "a d")]
    return load(written(tmp_path, (row(1, 1), base), (row(2, 4), loaded)))


def test_the_chapter_has_a_row_a_point(changed):
    text = markdown.render(build(changed), changed)
    lines = text.split("## Canaries")[1].split("\n\n")[1].splitlines()
    assert [line.replace("~~", "").split(" | ")[:5] for line in lines[2:]] == [
        ["| 1 user", "2", "2", "0", "0 %"],
        ["| 4 users", "3", "3", "2", "66.7 %"],
    ]


def test_a_run_without_them_has_no_chapter(tmp_path):
    frames = load(written(tmp_path, (row(1, 1), full_window()), options={}))
    report = build(frames)
    assert "Canaries" not in markdown.render(report, frames)
    assert "Canaries answered otherwise" not in html.render(report, frames, figures(report, frames))


def test_the_chart_is_vega_lite(changed):
    assert "canaries" in valid_figures(build(changed), changed)


def test_the_chart_has_a_mark_a_point_with_its_interval(changed):
    report = build(changed)
    drawn = figures(report, changed)
    (figure,) = [each for each in drawn if each.name == "canaries"]
    spec = json.dumps(page_spec(figure.panels[0]))
    assert '"value": 0.666667' in spec
    assert '"low"' in spec
    assert "Canaries answered otherwise" in html.render(report, changed, drawn)


def test_report_json_has_them(changed):
    of_point = json.loads(json_renderer.render(build(changed)))["points"][1]["canaries"]
    assert {key: of_point[key] for key in ("sent", "compared", "changed", "reference_users")} == {
        "sent": 3,
        "compared": 3,
        "changed": 2,
        "reference_users": 1,
    }


def test_points_csv_has_the_same_columns_for_every_point(changed):
    one, four = csv.DictReader(io.StringIO(csv_renderer.render_points(build(changed)).decode()))
    assert [one["canaries.changed"], four["canaries.changed"]] == ["0", "2"]
    assert [one["canaries.difference.users"], four["canaries.difference.users"]] == ["", "1"]
    assert "canaries.difference" not in one


# Comparisons


def test_runs_whose_canaries_differ_are_not_compared(tmp_path):
    digests = {"plain": None, "some": "aa", "others": "bb"}
    runs = {}
    for name, digest in digests.items():
        told = None if digest is None else TestsetInfo("canaries", "birds.jsonl", digest, 6)
        options = {} if digest is None else EVERY
        runs[name] = reports(tmp_path / name, (row(1, 1), full_window()), options=options, canaries=told)
    assert obstacles(runs["some"], runs["some"]) == []
    assert obstacles(runs["some"], runs["others"]) == [
        "The runs differ in their digest of the canaries (aa and bb); ask the same canaries in both."
    ]
    assert [sentence.split(" (")[0] for sentence in obstacles(runs["plain"], runs["some"])] == [
        "The runs differ in their --canary-every",
        "The runs differ in their digest of the canaries",
    ]


def test_nor_are_runs_of_which_one_told_log_probabilities(tmp_path):
    runs = [
        reports(tmp_path / name, (row(1, 1), full_window()), options={"logprobs": asked})
        for name, asked in (("with", True), ("without", False))
    ]
    (sentence,) = obstacles(*runs)
    assert sentence.endswith("ask for them in both or in neither.")
