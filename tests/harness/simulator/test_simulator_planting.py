"""What is planted: shares by load, rules of a file, and the order in which right and wrong answers are dealt."""

import json
from collections import Counter
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.simulator.curve import ALWAYS, Curve, parse_curve
from harness.simulator.planting import REFUSALS, TOXIC, Planter, Quality
from harness.simulator.rules import Rule, read_rules, wrong_of
from harness.simulator.words import say, split_text

SHARES = st.fractions(0, 1, max_denominator=100)


def rule(*contains: str, right=("42",), wrong="43", prompt=None) -> Rule:
    return Rule(prompt, contains, right, wrong)


def rules_of(tmp_path, *lines):
    path = tmp_path / "answers.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    return read_rules(str(path))


@pytest.mark.parametrize(
    ("in_hand", "share"),
    [
        (0, "0.95"),
        (1, "0.95"),
        (8, "0.9"),
        # Half of the way from 8 to 16: half of the way from 0.9 to 0.6.
        (12, "0.75"),
        # A seventh of the way from 1 to 8: 0.95 - 0.05 / 7 = 6.6 / 7.
        (2, "33/35"),
        (16, "0.6"),
        (99, "0.6"),
    ],
)
def test_a_share_lies_on_a_line_between_its_points(in_hand, share):
    assert parse_curve("1=0.95,8=0.9,16=0.6").at(in_hand) == Fraction(share)


def test_one_share_is_for_any_load():
    assert {parse_curve("0.9").at(load) for load in (1, 5, 500)} == {Fraction("0.9")}


@pytest.mark.parametrize(
    "text", ["", "x", "1.5", "1=0.9,1=0.8", "2=0.9,1=0.8", "0=0.5", "1=0.5,0.9", "1/0", "-0.1", "nan"]
)
def test_what_is_no_share_is_told(text):
    with pytest.raises(ValueError, match=r"no share|no number of requests|must rise"):
        parse_curve(text)


@given(SHARES, st.integers(1, 6), st.integers(0, 300))
def test_of_the_repeats_of_each_rule_an_exact_share_is_right(share, rules, asked):
    planter = Planter([rule(f"<{n}>") for n in range(rules)], Curve(((1, share),)))
    found = Counter((n % rules, planter.plant(f"<{n % rules}>", 1).quality) for n in range(asked))
    for index in range(rules):
        right, wrong = (found[index, quality] for quality in (Quality.RIGHT, Quality.WRONG))
        # An account begins between 0 and 1: by as much the count may be off.
        assert abs(right - share * (right + wrong)) <= 1


def test_each_asked_once_are_right_in_the_share_as_well():
    planter = Planter([rule(f"<{n}>") for n in range(200)], Curve(((1, Fraction(3, 4)),)))
    right = sum(planter.plant(f"<{n}>", 1).quality is Quality.RIGHT for n in range(200))
    # Points of the golden ratio leave gaps of at most two lengths: hardly more than one answer off 150.
    assert abs(right - 150) <= 2


def test_the_same_order_of_requests_gets_the_same_answers():
    def planted():
        planter = Planter([rule("a"), rule("b")], parse_curve("1=0.9,9=0.1"), Fraction(1, 5), Fraction(1, 5))
        return [planter.plant("ab"[n % 2], 1 + n % 9) for n in range(100)]

    assert planted() == planted()
    counts = Counter(each.quality for each in planted())
    assert (counts[Quality.REFUSAL], counts[Quality.TOXIC]) == (20, 20)
    assert counts[Quality.RIGHT] > counts[Quality.WRONG] / 2 > 0


def test_accuracy_falls_with_the_requests_in_hand():
    planter = Planter([rule("a")], parse_curve("1=1,5=0"))
    by_load = [sum(planter.plant("a", load).quality is Quality.RIGHT for _ in range(20)) for load in (1, 2, 3, 4, 5)]
    # 20 × 1, ¾, ½, ¼, 0.
    assert by_load == pytest.approx([20, 15, 10, 5, 0], abs=1)
    assert all(one > two for one, two in pairwise(by_load))


def test_what_no_rule_is_about_is_left_alone():
    assert Planter([rule("a")], ALWAYS).plant("b", 1) is None
    assert Planter([]).plant("b", 1) is None


def test_a_refusal_is_in_the_language_of_its_prompt():
    planter = Planter([], refusals=Fraction(1))
    for prompt, language in (("why?", "en"), ("为什么?", "zh"), ("왜?", "ko"), ("why not?", "en")):
        text, quality = planter.plant(prompt, 1)
        assert (text in REFUSALS[language], quality) == (True, Quality.REFUSAL)
    assert {Planter([], toxic=Fraction(1)).plant("x", 1).text} < set(TOXIC)


def test_several_answers_are_told_in_turn():
    planter = Planter([rule("a", right=("x", "y"))])
    assert [planter.plant("a", 1).text for _ in range(5)] == ["x", "y", "x", "y", "x"]


def test_the_first_rule_that_fits_counts(tmp_path):
    rules, mistakes = rules_of(
        tmp_path,
        {"prompt": "What?", "answer": "that"},
        "",
        {"contains": ["red", "big"], "answer": ["one", "two"], "wrong": "none"},
        {"contains": "", "answer": "anything"},
    )
    assert mistakes == []
    planter = Planter(rules)
    assert [
        planter.plant(prompt, 1).text for prompt in ("What?", "Be brief.\nWhat?", "a big red one", "big", "So What?")
    ] == [
        "that",
        "that",
        "one",
        "anything",
        "anything",
    ]


def test_a_prompt_set_with_answers_is_a_file_of_rules():
    rules, mistakes = read_rules("testsets/arithmetic.jsonl")
    assert mistakes == []
    assert (rules[0].right, rules[0].wrong) == (("1244",), "1245")


def test_mistakes_of_a_file_are_told_with_their_lines(tmp_path):
    _, mistakes = rules_of(tmp_path, {"answer": "x"}, {"prompt": "x"}, "{", {"prompt": 1, "answer": "x"})
    told = [mistake.split(", ", 1)[1] for mistake in mistakes]
    assert told[:2] == [
        'line 1: give "prompt", or "contains" with a part of it.',
        'line 2: give an "answer", as text or as a list of texts.',
    ]
    assert [text.split(":")[0] for text in told[2:]] == ["line 3", "line 4"]
    assert read_rules(str(tmp_path / "none"))[1] == [
        f"--answers cannot read {tmp_path / 'none'}: No such file or directory."
    ]
    assert "is empty" in rules_of(tmp_path)[1][0]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("A", "B"),
        ("d", "A"),
        ("1244", "1245"),
        ("19", "10"),
        ("about 3.5 metres", "about 3.6 metres"),
        ('{"n": 1}', '{"n": 2}'),
        ("red", "Something else entirely."),
        ("红色", "完全是另一回事。"),
    ],
)
def test_a_wrong_answer_is_of_the_form_of_the_right_one(right, wrong):
    assert wrong_of(right) == wrong


@given(st.text(max_size=60))
def test_tokens_of_a_text_join_to_it(text):
    assert "".join(split_text(text)) == text
    assert [piece.text for piece in say(text)] == split_text(text)
