import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.chrf import CHRF
from support.answers import answer
from support.gaps import gap

from harness.quality import likeness
from harness.quality.answer import Found
from harness.score import BY_NAME


def chrf(text, expected):
    return likeness.chrf().score(answer(text, expected)).value


def test_it_is_of_its_meaning():
    scorer = likeness.chrf()
    assert scorer.meaning is BY_NAME["chrf"]
    assert not scorer.asks
    assert {**scorer.settings, "sacrebleu": "?"} == {"sacrebleu": "?", "characters": 6, "words": 0, "beta": 2}


def test_the_expected_answer_itself():
    assert chrf("Paris", "Paris") == pytest.approx(100)
    assert chrf("首都是巴黎", "首都是巴黎") == pytest.approx(100)


def test_nothing_in_common():
    assert chrf("Rome", "Paris") == 0.0
    assert chrf("", "Paris") == 0.0


def test_the_formula_by_hand():
    # "abd" against "abc": of single characters 2 of 3 are shared, of pairs (ab, bd against ab, bc) 1 of 2, of triples 0 of 1;
    # longer ones neither has. Precision = recall = (2/3 + 1/2 + 0) / 3 = 7/18, and so is their F-score.
    assert chrf("abd", "abc") == pytest.approx(100 * 7 / 18)


def test_recall_counts_twice():
    # "ab" against "abab": precision of single characters 2/2, recall 2/4; of pairs 1/1 and 1/3 (ab, ba, ab); the other
    # orders exist on one side only and do not count. P = 1, R = (1/2 + 1/3) / 2 = 5/12, F2 = 5 P R / (4 P + R) = (25/12) / (53/12).
    assert chrf("ab", "abab") == pytest.approx(100 * 25 / 53)


@given(st.text(alphabet="abc 中", max_size=12), st.text(alphabet="abc 中", max_size=9).filter(str.strip))
def test_short_references_are_no_special_case(text, expected):
    assert chrf(text, expected) == CHRF().sentence_score(text, [expected]).score


def test_prompts_without_an_expected_answer():
    scorer = likeness.chrf()
    assert not scorer.applies(answer("Paris"))
    assert not scorer.applies(answer("Paris", " "))
    assert scorer.applies(answer("Rome", "Paris"))
    assert scorer.score(answer("Paris")) == Found(None, why="Its prompt has no expected answer.")
    assert gap(scorer, [answer("Paris")]) == (
        'No prompt in the run folder has an expected answer to compare with: give the set a field "expected", and run it again.'
    )
    assert gap(scorer, [answer("Paris"), answer("Paris", "Paris")]) is None
