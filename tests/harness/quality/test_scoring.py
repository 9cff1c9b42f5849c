"""A run is scored: everything once, what is missing the next time, and what cannot be in a sentence."""

import re

import pytest
from support.judged import a_judge
from support.oracle import Reply, chat, consulted, in_turn
from support.scored import Judging, Reading, Spoken, asking, gaps, lines, said, scores, values, write_answers

from harness.quality import inquiry, judge, registry
from harness.quality.answer import Found, Unavailable
from harness.quality.judgements import judgements_of
from harness.quality.scoring import score_run
from harness.run import QUALITY, PromptText
from harness.score import Gap, Scorer


def forget():
    """As a new process would."""
    judge._judge.cache_clear()
    judgements_of.cache_clear()


@pytest.fixture
def scorer(monkeypatch):
    """Has a scorer go by its name, or by another one."""

    def known(each, name: str | None = None):
        monkeypatch.setitem(registry.FACTORIES, name or each.meaning.name, lambda _: each)
        return each

    return known


def run(folder, *names: str, again: bool = False, show=lambda _: None, **options):
    return score_run(asking(folder, *names, **options), show, again=again)


def test_every_answer_is_scored(tmp_path, scorer):
    scorer(Spoken(lambda answer: Found(1.0, "yes", detail={"a": 1}) if answer.text else Found(None, why="nothing")))
    write_answers(tmp_path, [[said("x", 1)], [said("", 2, at=2)]])
    scored = run(tmp_path, "spoken")
    assert (scored.gaps, scored.useful, scored.trouble) == ([], ["spoken"], None)
    first, one, other = lines(tmp_path)
    assert isinstance(first, Scorer)
    assert (first.name, first.version, first.settings, first.digest) == ("spoken", 1, {}, one.digest)
    assert (one.request, one.value, one.label, one.why, one.detail) == ("p1-1", 1.0, "yes", None, {"a": 1})
    assert (other.request, other.value, other.why, other.passing) == ("p2-2", None, "nothing", False)


def test_the_second_time_only_what_is_missing_and_what_was_passing_is_scored(tmp_path, scorer):
    busy = scorer(Spoken(lambda answer: Found(None, why="busy", passing=True) if answer.id == "p1-2" else Found(None)))
    write_answers(tmp_path, [[said("x", seq) for seq in (1, 2)]])
    run(tmp_path, "spoken")
    write_answers(tmp_path, [[said("x", seq) for seq in (1, 2, 3)]])
    busy.heard.clear()
    run(tmp_path, "spoken")
    assert busy.heard == ["p1-2", "p1-3"]


def test_another_version_scores_all_and_the_earlier_ones_scores_are_still_there(tmp_path, scorer):
    write_answers(tmp_path, [[said("x", 1)]])
    earlier, later = Spoken(version=1), Spoken(version=2)
    for each in (earlier, later, earlier):
        scorer(each)
        run(tmp_path, "spoken")
    assert (earlier.heard, later.heard) == (["p1-1"], ["p1-1"])
    assert [line.version for line in lines(tmp_path) if isinstance(line, Scorer)] == [1, 2, 1]


def test_other_settings_are_another_scorer(tmp_path, scorer):
    write_answers(tmp_path, [[said("x", 1)]])
    for tolerance in (0.1, 0.2):
        scorer(Spoken(tolerance=tolerance))
        run(tmp_path, "spoken")
    assert len({score.digest for score in scores(tmp_path)}) == 2


def test_a_scorer_of_ours_that_breaks_costs_no_other_score(tmp_path, scorer, monkeypatch):
    monkeypatch.setenv("JUDGE_KEY", "canary-4711")

    def broken(answer):
        raise KeyError("no canary-4711 here")

    scorer(Spoken(broken), "empty")
    scorer(Spoken(), "refusal")
    write_answers(tmp_path, [[said("x", 1)]])
    scored = run(tmp_path, "empty", "refusal")
    assert (scored.useful, scored.trouble) == (["refusal"], None)
    (gap,) = gaps(tmp_path)
    assert gap.scorer == "empty"
    assert re.fullmatch(
        r"This scorer is broken, which is a mistake in llocust: test_scoring.py raised KeyError on line \d+: 'no \*\*\* here'.",
        gap.text,
    )
    assert [score.value for score in scores(tmp_path)] == [1.0]


def test_again_is_all_of_it(tmp_path, scorer):
    spoken = scorer(Spoken())
    write_answers(tmp_path, [[said("x", 1)]])
    run(tmp_path, "spoken")
    run(tmp_path, "spoken", again=True)
    assert spoken.heard == ["p1-1", "p1-1"]


def test_a_scorer_that_finds_nothing_is_of_no_use(tmp_path, scorer):
    scorer(Spoken(lambda _: Found(None, why="no")))
    write_answers(tmp_path, [[said("x", 1)]])
    scorer(Spoken(name="refusal"))
    scored = run(tmp_path, "spoken", "refusal")
    assert scored.gaps == gaps(tmp_path) == [Gap(scorer="spoken", text="None of 1 could be scored: no")]
    assert (scored.useful, scored.useless, scored.is_useless) == (["refusal"], ["spoken"], True)


def test_why_nothing_was_found_is_what_is_said_most_and_said_no_more_when_something_is(tmp_path, scorer):
    whys = {"x": "busy", "y": "gone", "z": "busy"}
    scorer(Spoken(lambda answer: Found(None, why=whys[answer.text], passing=True)))
    write_answers(tmp_path, [[said(text, seq, target="a") for seq, text in enumerate(whys)]], targets=["a", "b"])
    text = "None of 3 could be scored; of 2 of them it is said: busy"
    # The other target has no answers, and its own sentence.
    assert text in [gap.text for gap in run(tmp_path, "spoken").gaps if gap.target == "a"]
    scorer(Spoken(lambda answer: Found(1.0) if answer.text == "x" else Found(None, why="busy")))
    scored = run(tmp_path, "spoken")
    assert (scored.useful, scored.is_useless) == (["spoken"], False)
    assert not any("could be scored" in gap.text for gap in scored.gaps)


def test_what_does_not_apply_is_counted_nowhere(tmp_path, scorer):
    scorer(Spoken(applies=lambda answer: answer.text == "x"))
    write_answers(tmp_path, [[said("x", 1), said("y", 2)]])
    assert run(tmp_path, "spoken").gaps == []
    assert values(tmp_path) == {"p1-1": 1.0}


def test_a_value_that_is_no_number_is_missing(tmp_path, scorer):
    scorer(Spoken(lambda _: float("nan")))
    write_answers(tmp_path, [[said("x", 1)]])
    run(tmp_path, "spoken")
    (only,) = scores(tmp_path)
    assert (only.value, only.why) == (None, "The value is nan, which is no number to count with.")


# What cannot be scored


def test_where_no_answer_has_what_is_needed_there_is_a_gap_and_the_others_go_on(tmp_path, scorer):
    scorer(Spoken(applies=lambda _: False, lacking="None has it."))
    scorer(Spoken(), "other")
    write_answers(tmp_path, [[said("x", 1), said("y", 2)]])
    shown = []
    scored = run(tmp_path, "spoken", "other", show=shown.append)
    gap = Gap(scorer="spoken", text="None has it.")
    assert (scored.gaps, gaps(tmp_path), scored.useful) == ([gap], [gap], ["other"])
    assert {"event": "gap", "scorer": "spoken", "target": None, "text": "None has it."} in shown


def test_a_gap_of_one_target_names_it(tmp_path, scorer):
    scorer(Spoken(applies=lambda answer: answer.target != "b", lacking="Not those of b."))
    rows = [[said("x", 1, target="a"), said("y", 2, target="b")]]
    write_answers(tmp_path, rows, targets=["a", "b"])
    scored = run(tmp_path, "spoken")
    assert scored.gaps == [Gap(scorer="spoken", target="b", text="Not those of b.")]
    assert scored.useful == ["spoken"]


def test_a_target_of_which_one_batch_can_be_scored_has_no_gap(tmp_path, scorer):
    # A batch never spans two points.
    scorer(Spoken(applies=lambda answer: answer.point != 1, lacking="Not these."))
    write_answers(tmp_path, [[said("x", 1)], [said("y", 2, at=2)]])
    assert run(tmp_path, "spoken").gaps == []
    assert values(tmp_path) == {"p2-2": 1.0}


def test_where_nothing_applies_that_is_said(tmp_path, scorer):
    scorer(Spoken(applies=lambda _: False))
    write_answers(tmp_path, [[said("x", 1)]])
    assert [gap.text for gap in run(tmp_path, "spoken").gaps] == ["None of the answers has what this scorer needs."]


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (said(None, 1), "The text of the answers was not stored (--no-keep-text), so there is nothing to score."),
        (
            said("x", 1, outcome="cut"),
            "There is no whole answer to a request of the measured window, so there is nothing to score.",
        ),
    ],
)
@pytest.mark.parametrize("kind", [Spoken, Judging])
def test_a_run_without_answers(tmp_path, scorer, record, why, kind):
    scorer(kind())
    write_answers(tmp_path, [[record]])
    scored = run(tmp_path, "spoken")
    assert (scored.gaps, scored.useful) == ([Gap(scorer="spoken", text=why)], [])


def test_a_target_without_text_beside_one_with(tmp_path, scorer):
    scorer(Spoken())
    write_answers(tmp_path, [[said("x", 1, target="a"), said(None, 2, target="b")]], targets=["a", "b"])
    scored = run(tmp_path, "spoken")
    assert [(gap.target, gap.text[:28]) for gap in scored.gaps] == [("b", "The text of the answers was ")]


def test_a_scorer_that_cannot_be_had(tmp_path, scorer, monkeypatch):
    def missing(_):
        raise Unavailable("The library x is missing.")

    monkeypatch.setitem(registry.FACTORIES, "math", missing)
    scorer(Spoken())
    write_answers(tmp_path, [[said("x", 1)]])
    for _ in range(2):
        scored = run(tmp_path, "math", "spoken")
        assert scored.gaps == [Gap(scorer="math", text="The library x is missing.")]
    assert gaps(tmp_path) == scored.gaps
    assert values(tmp_path) == {"p1-1": 1.0}


def test_a_gap_is_void_once_the_scorer_can(tmp_path, scorer):
    scorer(Spoken(applies=lambda _: False, lacking="Not now."))
    write_answers(tmp_path, [[said("x", 1)]])
    run(tmp_path, "spoken")
    scorer(Spoken())
    run(tmp_path, "spoken")
    # Readers forget a scorer's gaps at its next line.
    assert [type(line).__name__ for line in lines(tmp_path)] == ["Scorer", "Gap", "Scorer", "Score"]


# Interrupted


def test_what_was_scored_is_kept_when_it_is_interrupted(tmp_path, scorer):
    def say(answer):
        if answer.id == "p2-2":
            raise KeyboardInterrupt
        return 1.0

    scorer(Spoken(say))
    write_answers(tmp_path, [[said("x", 1)], [said("x", 2, at=2)]])
    scored = run(tmp_path, "spoken")
    assert scored.trouble == f"Scoring was interrupted; `llocust quality {tmp_path}` goes on with it."
    assert values(tmp_path) == {"p1-1": 1.0}
    later = scorer(Spoken())
    run(tmp_path, "spoken")
    assert later.heard == ["p2-2"]


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path, scorer):
    scorer(Spoken())
    write_answers(tmp_path, [[said("x", 1)]])
    (tmp_path / QUALITY).mkdir()
    scored = run(tmp_path, "spoken")
    assert scored.trouble == (
        f"{tmp_path / QUALITY} cannot be written: Is a directory. What was scored so far is kept."
    )


def test_progress_is_told(tmp_path, scorer):
    scorer(Spoken())
    scorer(Judging(name="judging"))
    write_answers(tmp_path, [[said("x", seq) for seq in range(3)]])
    shown = []
    run(tmp_path, "spoken", "judging", show=shown.append)
    first = {"event": "score", "scorer": "spoken", "number": 1, "scorers": 2}
    assert shown[:2] == [first | {"done": 0, "of": 3}, first | {"done": 3, "of": 3}]
    # All three are asked about twice.
    assert shown[-1] == {"event": "score", "scorer": "judging", "number": 2, "scorers": 2, "done": 6, "of": 6}


def test_whoever_asks_nobody_comes_first(tmp_path, scorer):
    for name in ("coherence", "empty", "toxicity-judge", "chrf"):
        scorer(Spoken(name=name))
    write_answers(tmp_path, [[said("x", 1)]])
    run(tmp_path, "coherence", "empty", "toxicity-judge", "chrf", "empty")
    assert [score.scorer for score in scores(tmp_path)] == ["empty", "chrf", "coherence", "toxicity-judge"]


# Those that ask


def test_a_sample_of_each_point_and_target(tmp_path, scorer):
    judging = scorer(Judging(name="judging"))
    rows = [[said("x", seq, at=at, target=target) for seq, target in enumerate("a" * 6 + "b" * 3)] for at in (1, 2)]
    write_answers(tmp_path, rows, targets=["a", "b"])
    run(tmp_path, "judging", judge_sample=4)
    chosen = set(judging.heard)
    # Four of the six of a and all three of b, at each point.
    assert len(judging.heard) == len(chosen) == 14
    assert [sum(each.startswith(f"p{at}-") for each in chosen) for at in (1, 2)] == [7, 7]
    judging.heard.clear()
    run(tmp_path, "judging", judge_sample=4)
    assert judging.heard == []
    run(tmp_path, "judging", judge_sample=5)
    # The sample of five holds the sample of four.
    assert len(judging.heard) == 2


def test_another_seed_is_another_sample(tmp_path, scorer):
    heard = []
    for seed in (1, 2):
        judging = scorer(Judging(name="judging"))
        folder = write_answers(tmp_path / str(seed), [[said("x", seq) for seq in range(100)]])
        run(folder, "judging", judge_sample=10, seed=seed)
        heard.append(set(judging.heard))
    assert heard[0] != heard[1]


@pytest.mark.parametrize(("answers", "twice"), [(3, 3), (40, 5), (60, 6), (1000, 50)])
def test_some_are_asked_about_twice(tmp_path, scorer, answers, twice):
    judging = scorer(Judging(name="judging"))
    write_answers(tmp_path, [[said("x", seq) for seq in range(answers)]])
    run(tmp_path, "judging")
    assert len(set(judging.heard_again)) == len(judging.heard_again) == twice
    assert values(tmp_path, repeat=True).keys() == set(judging.heard_again)
    judging.heard_again.clear()
    run(tmp_path, "judging")
    assert judging.heard_again == []


def test_only_what_has_a_value_is_asked_about_twice(tmp_path, scorer):
    judging = scorer(Judging(lambda answer: None if answer.text == "x" else 1.0, name="judging"))
    write_answers(tmp_path, [[said("xy"[seq == 7], seq) for seq in range(9)]])
    run(tmp_path, "judging")
    assert judging.heard_again == ["p1-7"]


def test_who_is_asked_and_cannot_be_asked_anew_is_asked_once(tmp_path, scorer):
    judging = Spoken(name="judging")
    judging.asks = True
    scorer(judging)
    write_answers(tmp_path, [[said("x", 1)]])
    run(tmp_path, "judging")
    assert judging.heard == ["p1-1"]


def test_what_was_answered_without_a_value_is_not_asked_again(tmp_path, scorer):
    judging = scorer(Judging(lambda _: Found(None, why="nonsense"), name="judging"))
    write_answers(tmp_path, [[said("x", 1)]])
    for _ in range(2):
        run(tmp_path, "judging")
    assert judging.heard == ["p1-1"]


def test_again_asks_anew(tmp_path, scorer):
    judging = scorer(Judging(name="judging"))
    write_answers(tmp_path, [[said("x", 1)]])
    for _ in range(2):
        run(tmp_path, "judging", again=True)
    assert (judging.heard, judging.heard_again) == (["p1-1"] * 2, ["p1-1"] * 2)


def claims(verdict: str) -> Reply:
    return chat(f'{{"claims": [{{"claim": "x", "verdict": "{verdict}"}}]}}')


def test_again_asks_one_question_for_both_scores_of_it_and_that_counts_from_then_on(tmp_path):
    write_answers(tmp_path, [[said("x", 1)]], prompts=[PromptText("chat/1", "Why?", expected="y")])
    # The first run's question and its two repeats; the second's; whatever is asked later.
    replies = in_turn(*[claims("supported")] * 3, claims("contradicted"), claims("unknown"))
    names = ("factuality", "contradiction")
    with consulted(replies) as oracle:
        for again in (False, True):
            forget()
            run(tmp_path, *names, again=again, judge=a_judge(oracle.url), judge_concurrency=1)
        found = {each.scorer: each.value for each in scores(tmp_path) if not each.repeat}
    assert found == {"factuality": 0.0, "contradiction": 1.0}
    assert len(oracle.heard) == 6
    forget()
    kept = judgements_of(tmp_path)
    (key,) = {each.detail["judgement"] for each in scores(tmp_path)}
    assert "contradicted" in kept.once(key, lambda said: said)


def test_a_judge_that_does_not_answer_is_given_up(tmp_path, scorer, monkeypatch):
    monkeypatch.setattr(inquiry, "PATIENCE", 3)
    silent = Found(None, why="connection refused", passing=True)
    judging = scorer(Judging(lambda _: silent, name="judging"))
    write_answers(tmp_path, [[said("x", seq) for seq in range(20)]])
    scored = run(tmp_path, "judging", judge_concurrency=1)
    sentence = "Given up after 3 questions in a row without an answer; the last one: connection refused"
    assert scored.gaps == [Gap(scorer="judging", text=sentence)]
    # One more may be under way when the third is heard.
    assert len(judging.heard) <= 5
    assert judging.heard_again == []
    later = scorer(Judging(name="judging"))
    run(tmp_path, "judging")
    assert len(later.heard) == 20


def test_scoring_again_without_the_judge_takes_no_score_away(tmp_path, scorer, monkeypatch):
    monkeypatch.setattr(inquiry, "PATIENCE", 3)
    write_answers(tmp_path, [[said("x", seq) for seq in range(10)]])
    scorer(Judging(name="judging"))
    run(tmp_path, "judging")
    before = values(tmp_path)
    scorer(Judging(lambda _: Found(None, why="gone", passing=True), name="judging"))
    scored = run(tmp_path, "judging", again=True, judge_concurrency=1)
    assert values(tmp_path) == before
    assert len(before) == 10
    assert [gap.text[:20] for gap in scored.gaps] == ["Given up after 3 que"]


def test_a_judge_that_falls_silent_before_it_is_asked_twice_is_told(tmp_path, scorer, monkeypatch):
    monkeypatch.setattr(inquiry, "PATIENCE", 3)
    write_answers(tmp_path, [[said("x", seq) for seq in range(10)]])
    judging = scorer(Judging(name="judging"))
    monkeypatch.setattr(judging, "score_again", lambda _: Found(None, why="gone", passing=True))
    (gap,) = run(tmp_path, "judging", judge_concurrency=1).gaps
    assert gap.text == (
        "Not all that should be were asked about twice. Given up after 3 questions in a row without an answer; the last one: gone"
    )
    assert len(values(tmp_path)) == 10


def test_silence_now_and_then_is_borne(tmp_path, scorer, monkeypatch):
    monkeypatch.setattr(inquiry, "PATIENCE", 2)
    silent = Found(None, why="busy", passing=True)
    judging = scorer(Judging(lambda answer: silent if int(answer.id[3:]) % 2 else Found(1.0), name="judging"))
    write_answers(tmp_path, [[said("x", seq) for seq in range(10)]])
    assert run(tmp_path, "judging", judge_concurrency=1).gaps == []
    assert len(judging.heard) == 10


# Reference texts


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.jsonl"
    path.write_text('{"prompt": "Once."}\n{"prompt": "Twice so."}\n')
    return str(path)


def test_texts_are_given_to_every_target(tmp_path, scorer, texts):
    reading = scorer(Reading(unable=["b"]))
    folder = write_answers(tmp_path / "run", [[said("x", 1)]], targets=["a", "b"])
    scored = run(folder, "reading", texts=texts, judge_concurrency=1)
    assert reading.heard == [("a", "texts/0"), ("a", "texts/1")]
    assert [(each.target, each.text, each.value, each.request) for each in scores(folder)] == [
        ("a", "texts/0", 5.0, None),
        ("a", "texts/1", 9.0, None),
    ]
    assert (scored.gaps, scored.useful) == ([Gap(scorer="reading", target="b", text="b cannot read.")], ["reading"])
    run(folder, "reading", texts=texts)
    assert len(reading.heard) == 2


def test_texts_are_read_where_no_answer_was_stored(tmp_path, scorer, texts):
    reading = scorer(Reading())
    folder = write_answers(tmp_path / "run", [[said(None, 1)]])
    assert run(folder, "reading", texts=texts).gaps == []
    assert len(reading.heard) == 2


def test_other_texts_of_the_same_name_are_scored_anew(tmp_path, scorer, texts):
    reading = scorer(Reading())
    folder = write_answers(tmp_path / "run", [[said("x", 1)]])
    run(folder, "reading", texts=texts)
    (tmp_path / "texts.jsonl").write_text('{"prompt": "Thrice."}\n')
    run(folder, "reading", texts=texts)
    assert len(reading.heard) == 3
    assert [line.settings["texts"] for line in lines(folder) if isinstance(line, Scorer)] == ["texts", "texts"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (None, "No reference texts were given: name a set with --texts."),
        ("none.jsonl", "Testset 'none.jsonl' is neither a file nor a shipped set; shipped sets: "),
    ],
)
def test_without_texts_there_is_a_gap(tmp_path, scorer, name, why):
    scorer(Reading())
    write_answers(tmp_path, [[said("x", 1)]])
    (gap,) = run(tmp_path, "reading", texts=name).gaps
    assert gap.text.startswith(why)


def test_a_target_that_does_not_answer_is_given_up(tmp_path, scorer, monkeypatch):
    monkeypatch.setattr(inquiry, "PATIENCE", 3)
    path = tmp_path / "many.jsonl"
    path.write_text('{"prompt": "Once."}\n' * 9)
    reading = scorer(Reading(passing=["a"]))
    folder = write_answers(tmp_path / "run", [[said("x", 1)]], targets=["a", "b"])
    scored = run(folder, "reading", texts=str(path), judge_concurrency=1)
    assert [gap.target for gap in scored.gaps] == ["a"]
    assert sum(target == "b" for target, _ in reading.heard) == 9
