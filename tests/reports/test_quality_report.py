"""Scores of answers become figures of points: who counts, what is compared, and when it is called a drop."""

import math

import pytest
from msgspec.structs import replace
from support.folders import manifest, phases, point, record, refused, write_point, write_run
from support.scorelines import score, scorer, write_scores

from harness.run import TargetInfo, write_manifest
from harness.score import Gap
from reports.build import build
from reports.load import load
from reports.render.chapters import chapters
from reports.report import Bounds


def asked(users, n=40, prompts=10, **fields):
    """`n` answers to `prompts` prompts in turn, in the window of a point."""
    named = {f: fields[f] for f in ("target",) if f in fields}
    return [
        record(
            each * 200,
            seq=each,
            id=f"{users}-{named.get('target', '')}-{each}",
            prompt=f"set/{each % prompts}",
            **fields,
        )
        for each in range(n)
    ]


@pytest.fixture
def sweep(tmp_path):
    """Points of these users, each of 40 answers to 10 prompts, of which so many in turn are right."""

    def run(right, name="accuracy", **fields):
        rows = [point(at, users) for at, users in enumerate(right, 1)]
        tmp_path.mkdir(exist_ok=True)
        write_manifest(tmp_path, manifest(rows))
        write_scores(tmp_path, scorer(name, **fields))
        for row in rows:
            answers = asked(row.users, point=row.index)
            write_point(tmp_path, row, answers)
            write_scores(
                tmp_path,
                *(score(each.id, float(at < right[row.users]), of=name) for at, each in enumerate(answers)),
            )
        return build(load(tmp_path))

    return run


def one(report, at=0):
    (found,) = report.points[at].quality
    return found


def test_nobody_scored(tmp_path):
    report = build(load(write_run(tmp_path, [record()])))
    assert (report.quality, report.points[0].quality) == (None, [])


def test_a_ratio_has_its_count_and_interval(sweep):
    found = one(sweep({1: 30}))
    assert (found.scorer, found.n, found.unscored, found.value) == ("accuracy", 40, 0, 0.75)
    # (0.75 + 0.048018 ± 1.96 √(0.75 · 0.25 / 40 + 0.000600)) / 1.096036
    assert found.interval.low == pytest.approx(0.59806, abs=1e-4)
    assert found.interval.high == pytest.approx(0.85813, abs=1e-4)
    assert found.of_requests == 0.75
    assert found.difference is None


def test_only_ok_answers_of_the_window_count_and_no_canary(tmp_path):
    # In the window: a (right), b (wrong), c (a canary), d (failed, and scored all the same), e (after it), f (unscored).
    records = [
        record(0, seq=1, id="a"),
        record(100, seq=2, id="b"),
        record(200, seq=3, id="c", canary=True),
        refused(300, seq=4, id="d"),
        record(10_500, seq=5, id="e", phase="cooldown"),
    ]
    folder = write_run(tmp_path, records)
    write_scores(folder, scorer(), *(score(name, float(name != "b")) for name in "abcde"), score("elsewhere", 1.0))
    found = one(build(load(folder)))
    assert (found.n, found.value) == (2, 0.5)
    # Of a, b and d one is right.
    assert found.of_requests == pytest.approx(1 / 3)


def test_what_is_not_scored_is_told_and_never_zero(tmp_path):
    folder = write_run(tmp_path, asked(1, 6))
    whys = [score(f"1--{at}", why="No number in it.") for at in (2, 3)]
    write_scores(folder, scorer("numeric"), *(score(f"1--{at}", 1.0, of="numeric", label="7") for at in (0, 1)))
    write_scores(folder, *(replace(each, scorer="numeric", digest="numeric-1") for each in whys))
    found = one(build(load(folder)))
    assert (found.n, found.unscored, found.value, found.labels) == (2, 2, 1.0, {"7": 2})
    assert found.whys == {"No number in it.": 2}
    # Two more were never looked at: right answers of all requests cannot be told.
    assert found.of_requests is None


def test_a_point_without_a_value_has_none(tmp_path):
    folder = write_run(tmp_path, asked(1, 2))
    write_scores(folder, scorer(), score("1--0", why="The set has no answer."))
    found = one(build(load(folder)))
    assert (found.n, found.unscored, found.value, found.interval, found.of_requests) == (0, 1, None, None, None)


def test_a_mean_has_a_bootstrap_and_no_share_of_requests(tmp_path):
    folder = write_run(tmp_path, asked(1, 10))
    write_scores(folder, scorer("coherence"), *(score(f"1--{at}", 3.0 + at % 3, of="coherence") for at in range(10)))
    found = one(build(load(folder)))
    # 3 4 5 3 4 5 3 4 5 3
    assert found.value == pytest.approx(3.9)
    assert 3 <= found.interval.low < 3.9 < found.interval.high <= 5
    assert found.of_requests is None


def test_halves_in_a_ratio_of_ones_own_get_a_bootstrap(tmp_path):
    folder = write_run(tmp_path, asked(1, 6))
    own = scorer("half", label="Half", checks=False)
    write_scores(folder, own, *(score(f"1--{at}", 0.5, of="half") for at in range(6)))
    assert one(build(load(folder))).interval == Bounds(0.5, 0.5)


def test_the_most_frequent_labels_are_kept(tmp_path):
    folder = write_run(tmp_path, asked(1, 12))
    labels = ["b", "a", "a", *"cdefghijk"]
    write_scores(folder, scorer(), *(score(f"1--{at}", 1.0, label=label) for at, label in enumerate(labels)))
    assert one(build(load(folder))).labels == {"a": 2} | dict.fromkeys("bcdefgh", 1)


def test_a_drop_is_found_and_noted(sweep):
    report = sweep({1: 40, 2: 39, 8: 16})
    base, same, drop = (one(report, at) for at in range(3))
    assert base.difference is None
    assert (same.difference.users, same.difference.point, same.difference.prompts) == (1, 1, 10)
    assert (same.difference.difference, same.difference.found) == (pytest.approx(-1 / 40), "none")
    assert (drop.difference.difference, drop.difference.found) == (pytest.approx(-0.6), "lower")
    assert drop.difference.p < 0.001
    codes = [[reason.code for reason in each.reasons] for each in report.points]
    assert ["quality_drop" in found for found in codes] == [False, False, True]
    (reason,) = (each for each in report.reasons if each.code == "quality_drop")
    assert (reason.level, reason.figure, reason.threshold) == ("note", drop.difference.p, 0.05)
    assert reason.text == (
        "At 8 users: Accuracy is 40 %, −60.0 pp against 1 user by 10 prompts asked at both (p < 0.0001)."
    )
    assert "--canary-every" in reason.remedy


@pytest.mark.parametrize(
    ("name", "better", "right", "noted"),
    [
        ("accuracy", "higher", {1: 10, 8: 40}, False),
        ("refusal", "lower", {1: 2, 8: 30}, True),
        ("refusal", "lower", {1: 30, 8: 2}, False),
        ("language", "neither", {1: 40, 8: 10}, False),
    ],
)
def test_only_what_is_worse_is_a_drop(sweep, name, better, right, noted):
    report = sweep(right, name, better=better)
    assert one(report, 1).difference.found in ("lower", "higher")
    assert ("quality_drop" in [each.code for each in report.reasons]) is noted


def test_all_points_of_a_score_are_tested_together(sweep):
    # Six prompts have one wrong answer of eight, all at two users: by chance they are all on one side in 2 of 64 deals.
    alone = one(sweep({1: 40, 2: 34}), 1).difference
    assert (alone.found, alone.p) == ("lower", pytest.approx(2 / 64, abs=0.006))


def test_the_more_points_the_less_is_found(sweep):
    report = sweep({1: 40, 2: 34, 3: 40, 4: 40, 5: 40, 6: 40, 7: 40, 8: 40})
    # As above, times seven.
    second = one(report, 1).difference
    assert (second.found, second.p) == ("none", pytest.approx(14 / 64, abs=0.04))
    assert one(report, 2).difference.p == 1.0


def test_the_base_is_the_point_of_fewest_users_with_values(tmp_path):
    rows = [point(1, 2), point(2, 4), point(3, 1), point(4, 2)]
    write_manifest(tmp_path, manifest(rows))
    write_scores(tmp_path, scorer())
    for row in rows:
        answers = asked(row.index, point=row.index)
        write_point(tmp_path, row, answers)
        if row.users > 1:
            write_scores(tmp_path, *(score(each.id, 1.0) for each in answers))
    found = build(load(tmp_path)).points
    bases = [each.quality[0].difference and each.quality[0].difference.point for each in found]
    # Nobody was scored at one user; of the two points of two users the last counts.
    assert bases == [4, 4, None, None]
    assert (found[2].quality[0].n, found[2].quality[0].value) == (0, None)


def test_an_interrupted_point_is_no_base_where_it_was_run_again(tmp_path):
    cut = phases()
    rows = [point(2, 1, state="done"), point(3, 1, state="interrupted", phases={"w0": cut}), point(4, 4)]
    write_manifest(tmp_path, manifest(rows))
    write_scores(tmp_path, scorer())
    for row in rows:
        answers = asked(row.index, point=row.index)
        write_point(tmp_path, row, answers)
        write_scores(tmp_path, *(score(each.id, 1.0) for each in answers))
    assert [
        each.quality[0].difference and each.quality[0].difference.point for each in build(load(tmp_path)).points
    ] == [
        None,
        2,
        2,
    ]


def test_each_target_is_compared_with_itself(tmp_path):
    names = ("open", "closed")
    rows = [
        point(at, users, target=name) for at, (users, name) in enumerate(((1, "open"), (1, "closed"), (4, "open")), 1)
    ]
    targets = [TargetInfo(name=name, url="http://t", model="m", dialect="chat") for name in names]
    write_manifest(tmp_path, manifest(rows, targets=targets))
    write_scores(tmp_path, scorer())
    for row in rows:
        answers = asked(row.users, point=row.index, target=row.target)
        write_point(tmp_path, row, answers)
        write_scores(tmp_path, *(score(each.id, float(row.target == "open")) for each in answers))
    found = build(load(tmp_path)).points
    assert [each.quality[0].value for each in found] == [1.0, 0.0, 1.0]
    assert [each.quality[0].difference is None for each in found] == [True, True, False]
    assert found[2].quality[0].difference.point == 1


def test_targets_that_shared_a_point_have_their_own_scores(tmp_path):
    answers = [*asked(1, 4, target="fast"), *asked(1, 4, target="slow")]
    targets = [TargetInfo(name=name, url="http://t", model="m", dialect="chat") for name in ("fast", "slow")]
    row = point(users=2, target="mixed", shares={"fast": 1, "slow": 1})
    folder = write_run(tmp_path, answers, row, targets=targets)
    write_scores(folder, scorer(), *(score(each.id, float(each.target == "fast")) for each in answers))
    assert [one(build(load(folder)), at).value for at in (0, 1)] == [1.0, 0.0]


def test_turns_of_a_conversation_are_prompts_of_their_own(tmp_path):
    rows = [point(1, 1), point(2, 2)]
    write_manifest(tmp_path, manifest(rows))
    write_scores(tmp_path, scorer("refusal"))
    for row in rows:
        # Of the first conversation the first turn is no refusal; the turn that both have is one in both.
        answers = [
            record(turn * 200, seq=turn, id=f"{row.index}-{turn}", prompt="set/0", turn=turn, point=row.index)
            for turn in ((0, 1) if row.index == 1 else (1, 2))
        ]
        write_point(tmp_path, row, answers)
        write_scores(tmp_path, *(score(each.id, float(each.turn > 0), of="refusal") for each in answers))
    difference = build(load(tmp_path)).points[1].quality[0].difference
    assert (difference.prompts, difference.difference, difference.found) == (1, 0.0, "none")


def test_without_a_common_prompt_the_prompts_are_two_samples(tmp_path):
    rows = [point(1, 1), point(2, 2)]
    write_manifest(tmp_path, manifest(rows))
    write_scores(tmp_path, scorer())
    for row in rows:
        # Eight prompts each, one of them asked twice: all right at 1 user, one of eight at 2.
        answers = [
            record(
                number * 50,
                seq=number,
                id=f"{row.index}-{number}",
                prompt=f"set/{row.index}{number % 8}",
                point=row.index,
            )
            for number in range(9)
        ]
        write_point(tmp_path, row, answers)
        right = [row.index == 1 or number % 8 == 0 for number in range(9)]
        write_scores(tmp_path, *(score(each.id, float(one)) for each, one in zip(answers, right, strict=True)))
    report = build(load(tmp_path))
    difference = report.points[1].quality[0].difference
    assert (difference.prompts, difference.others, difference.found) == (0, 16, "lower")
    assert difference.difference == pytest.approx(1 / 8 - 1)
    (drop,) = (reason for reason in report.reasons if reason.code == "quality_drop")
    assert "by 16 asked at one of the two (p" in drop.text
    (chapter,) = (each for each in chapters(report) if each.title == "Quality")
    assert chapter.table.lines[1].cells[-3] == "0 + 16"


def test_turns_that_only_one_point_asked_are_not_tested(tmp_path):
    rows = [point(1, 1), point(2, 2)]
    write_manifest(tmp_path, manifest(rows))
    write_scores(tmp_path, scorer())
    for row in rows:
        write_point(tmp_path, row, [record(id=f"{row.index}", prompt="set/0", turn=row.index, point=row.index)])
        write_scores(tmp_path, score(f"{row.index}", float(row.index == 1)))
    report = build(load(tmp_path))
    difference = report.points[1].quality[0].difference
    assert (difference.prompts, difference.difference, difference.p, difference.found) == (0, None, None, "untested")
    assert "quality_drop" not in [reason.code for reason in report.reasons]
    (chapter,) = (each for each in chapters(report) if each.title == "Quality")
    assert "Not tested: the two points have no turns in common" in chapter.note
    assert chapter.table.lines[1].cells[-4:] == ("–", "0", "–", "not tested")


def test_a_judge_is_told_how_often_it_agrees_with_itself(tmp_path):
    folder = write_run(tmp_path, asked(1, 5))
    first = [score(f"1--{at}", 4.0, of="coherence") for at in range(4)]
    # Alike, alike, another, and one without an answer; the fifth was never scored before.
    again = [(0, 4.0), (1, 4.0), (2, 2.0), (3, None), (4, 4.0)]
    repeats = [score(f"1--{at}", value, of="coherence", repeat=True) for at, value in again]
    settings = {"model": "judge-1", "temperature": 0}
    write_scores(folder, scorer("coherence", settings=settings), *first, *repeats)
    (found,) = build(load(folder)).quality.scorers
    assert (found.name, found.label, found.version, found.settings) == ("coherence", "Coherence", 1, settings)
    assert (found.repeats, found.agreement) == (3, pytest.approx(2 / 3))
    assert found.agreement_interval.low == pytest.approx(0.20766, abs=1e-4)


def test_gaps_are_sentences_with_the_name_of_the_score(tmp_path):
    folder = write_run(tmp_path, [record()])
    write_scores(
        folder,
        scorer("brevity", label="Brevity"),
        Gap(scorer="factuality", text="No judge was given."),
        Gap(scorer="perplexity", target="open", text="The server gave no log-probabilities."),
        Gap(scorer="brevity", text="It failed."),
        Gap(scorer="unheard-of", text="Nobody knows it."),
    )
    with (folder / "quality.jsonl").open("ab") as file:
        file.write(b"{")
    report = build(load(folder))
    assert report.quality.gaps == [
        "Factuality: No judge was given.",
        "Perplexity of open: The server gave no log-probabilities.",
        "Brevity: It failed.",
        "unheard-of: Nobody knows it.",
        "1 line of quality.jsonl could not be read; llocust quality scores again what is missing.",
    ]
    assert report.points[0].quality == []


def test_perplexity_is_over_all_tokens(tmp_path):
    folder = write_run(tmp_path, [record()])
    # 10 tokens at e and 30 tokens at e³: e to (10 + 90) / 40 = e^2.5; 100 nats are 144.27 bits, over 50 bytes.
    write_scores(
        folder,
        scorer("perplexity"),
        score(
            None, math.e, of="perplexity", target="default", text="t/0", detail={"sum": -10, "tokens": 10, "bytes": 20}
        ),
        score(
            None,
            math.e**3,
            of="perplexity",
            target="default",
            text="t/1",
            detail={"sum": -90, "tokens": 30, "bytes": 30},
        ),
        score(None, of="perplexity", target="default", text="t/2", why="Too long."),
        score(None, 5.0, of="perplexity", target="gone", text="t/0", detail={"sum": -1, "tokens": 1, "bytes": 1}),
    )
    report = build(load(folder))
    (found,) = report.quality.texts
    assert (found.scorer, found.target, found.model) == ("perplexity", "default", "tiny")
    assert (found.texts, found.unscored, found.tokens, found.interval) == (2, 1, 40, None)
    assert found.value == pytest.approx(math.exp(2.5))
    assert found.bits_per_byte == pytest.approx(100 / math.log(2) / 50)
    assert found.whys == {"Too long.": 1}
    assert report.points[0].quality == []


def test_bits_per_byte_are_not_told_where_the_bytes_of_a_text_are_not_known(tmp_path):
    folder = write_run(tmp_path, [record()])
    told = [{"sum": -10, "tokens": 10, "bytes": 20}, {"sum": -10, "tokens": 10, "bytes": None}]
    texts = [
        score(None, math.e, of="perplexity", target="default", text=f"t/{at}", detail=detail)
        for at, detail in enumerate(told)
    ]
    write_scores(folder, scorer("perplexity"), *texts)
    (found,) = build(load(folder)).quality.texts
    assert found.value == pytest.approx(math.e)
    assert found.bits_per_byte is None


def test_perplexity_of_many_texts_has_an_interval(tmp_path):
    folder = write_run(tmp_path, [record()])
    texts = [
        score(
            None,
            4.0 + at % 3,
            of="perplexity",
            target="default",
            text=f"t/{at}",
            detail={"sum": -10 * math.log(4 + at % 3), "tokens": 10, "bytes": 40},
        )
        for at in range(12)
    ]
    write_scores(folder, scorer("perplexity"), *texts)
    (found,) = build(load(folder)).quality.texts
    assert 4 < found.interval.low < found.value < found.interval.high < 6


def test_no_text_scored_is_none(tmp_path):
    folder = write_run(tmp_path, [record()])
    write_scores(folder, scorer("perplexity"), score(None, of="perplexity", target="default", text="t/0", why="No."))
    (found,) = build(load(folder)).quality.texts
    assert (found.texts, found.unscored, found.tokens, found.value, found.bits_per_byte) == (0, 1, None, None, None)
