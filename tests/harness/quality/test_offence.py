import sys
import warnings

import pytest
from support.answers import answer
from support.gaps import gap

from harness.quality import offence
from harness.quality.answer import BatchScorer, Found
from harness.score import BY_NAME

POLITE = ["Thank you for the nice question about trains.", "The answer is 42.", "Paris"]
RUDE = ["You stupid idiot, go to hell.", "What a fucking moron you are."]


@pytest.fixture(scope="module")
def scorer():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return offence.classifier()


def test_it_is_of_its_meaning(scorer):
    assert scorer.meaning is BY_NAME["toxicity-classifier"]
    assert not scorer.asks
    assert isinstance(scorer, BatchScorer)
    assert scorer.settings.keys() == {"alt-profanity-check", "scikit-learn", "threshold"}


@pytest.mark.parametrize(("texts", "value"), [(POLITE, 0.0), (RUDE, 1.0)])
def test_rude_words_are_seen(scorer, texts, value):
    for text in texts:
        found = scorer.score(answer(text))
        assert found.value == value
        assert (found.detail["probability"] >= 0.5) == bool(value)


def test_many_at_once_are_scored_as_one_by_one(scorer):
    answers = [answer(text) for text in (*POLITE, *RUDE, "", "首都是巴黎")]
    assert scorer.score_many(answers) == [scorer.score(each) for each in answers]
    assert scorer.score_many([]) == []


def test_a_library_that_warns_is_not_heard(monkeypatch, tmp_path):
    # As it does where scikit-learn is of another version than the one that stored its model.
    warning = "import warnings\nwarnings.warn('stored by 1.0')\n"
    words = "def predict_prob(texts):\n    warnings.warn('slow')\n    return [0.75] * len(texts)\n"
    (tmp_path / "profanity_check.py").write_text(warning + words)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "profanity_check", raising=False)
    assert offence.classifier().score(answer("Paris")) == Found(1.0, detail={"probability": 0.75})
    monkeypatch.delitem(sys.modules, "profanity_check")


def test_the_threshold():
    assert offence._found(0.5) == Found(1.0, detail={"probability": 0.5})
    assert offence._found(0.49996) == Found(0.0, detail={"probability": 0.5})


def test_a_language_that_it_does_not_know(scorer):
    assert not scorer.applies(answer("首都是巴黎。"))
    assert not scorer.applies(answer("42"))
    assert scorer.applies(answer("首都是 Paris。"))
    assert gap(scorer, [answer("首都是巴黎。")]) == (
        "No answer of the run holds words in Latin letters, and the classifier knows English only."
    )
    assert gap(scorer, [answer("首都是巴黎。"), answer("Paris")]) is None
