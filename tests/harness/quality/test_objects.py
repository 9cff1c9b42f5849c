"""The one JSON object in what a model says."""

import json
from typing import Annotated

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.quality.objects import NoObject, find_object


class Mark(msgspec.Struct, frozen=True):
    score: Annotated[int, msgspec.Meta(ge=1, le=5)]
    reason: str = ""


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ('{"score": 3}', 3),
        ('  {"score": 3}\n', 3),
        ('```json\n{"score": 3}\n```', 3),
        ('```\n{"reason": "a } in it", "score": 3}```', 3),
        ('Here is my rating: {"score": 3}. I hope it helps.', 3),
        ('{"score": "3"}', 3),
        ('{"score": 3.0}', 3),
        ('{"score": 3, "confidence": 0.9}', 3),
        ('<think>Is it {"score": 1} or {"score": 5}?</think>{"score": 3}', 3),
        ('Is it 1</think>\n{"score": 3}', 3),
        ('{"score": 3}\n{"score": 3}', 3),
        ('{oops} {"score": 3}', 3),
        ('{{"score": 3}', 3),
        ('{"draft": {"score": 1}} {"score": 3}', 3),
        # It quotes the answer that it judges.
        ('{"reason": "It says </think>, which is odd.", "score": 3}', 3),
        ('<think>{"score": 1}</think>{"reason": "It says </think> and {}.", "score": 3}', 3),
        ('评分如下:{"score": 3}。', 3),
    ],
)
def test_it_is_found_wherever_it_stands(said, score):
    assert find_object(said, Mark).score == score


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "no JSON object"),
        ("3", "no JSON object"),
        ("I would say three out of five.", "no JSON object"),
        ('[{"score": 3', "no JSON object"),
        ('{"score": 3', "no JSON object"),
        ('{"rating": 3}', "missing required field `score`"),
        ('{"score": 6}', "<= 5"),
        ('{"score": 0}', ">= 1"),
        ('{"score": 3.5}', "int"),
        ('{"score": true}', "int"),
        ('{"score": null}', "int"),
        ('{"score": NaN}', "int"),
        ('The answer says {"score": 5}. My own: {"score": 1}', "several JSON objects that differ"),
        ('<think>{"score": 3}</think>', "no JSON object"),
        ("{" * 3000, "no JSON object"),
        ('{"a":' * 3000, "no JSON object"),
        ('{"score": 3}' + " " * 100_000, "it is longer than 100,000 characters"),
        (r'{"score": "\ud83d"}', "it holds half a character"),
        (r'{"\ud83d": 1, "score": 3}', "it holds half a character"),
    ],
)
def test_what_is_not_there_is_not_made_up(said, why):
    with pytest.raises(NoObject, match=why):
        find_object(said, Mark)


WORDS = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"])).filter(
    lambda text: "</think>" not in text
)


@given(WORDS, st.integers(1, 5), WORDS, WORDS)
def test_words_around_it_change_nothing(before, score, reason, after):
    said = before + json.dumps({"reason": reason, "score": score}) + after
    assert find_object(said, Mark) == Mark(score, reason)


@given(st.text())
def test_no_text_breaks_it(text):
    try:
        found = find_object(text, Mark)
    except NoObject:
        return
    assert 1 <= found.score <= 5
